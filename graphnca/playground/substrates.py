"""A substrate as a page carries it: positions, neighbours, and what of the operators it cannot make itself."""

from typing import Any, Literal

import numpy as np
import torch
from torch_geometric.data import Data

from ..arguments import checked

NEEDED = ("pos", "edge_index", "edge_attr", "edge_weight", "extent", "periodic")
Fitted = Literal["fitted", "averaged"]
"""The fits that a page makes itself (`program/fit.js`)."""
NARROW = 1 << 16  # cells that an index of 16 bits can name


@checked
def pack_topology(topology: Data, *, directions: bool = True, fitted: Fitted | None = None) -> dict[str, Any]:
    """The arrays of one substrate, for `pack_container`.

    Degrees and neighbours are the edges sorted by perceiving cell, as the contract has them. Cells are drawn as the
    Voronoi polygons of their positions (squares, hexagons, the cells of a mesh), which the page computes.

    Args:
        topology: One substrate of the contract, in the plane.
        directions: Whether a gradient is perceived.
        fitted: How the stencil was fitted, if it is a fit over the two rings round each cell of a torus with the
            library's own width and ridge, as `topologies.operators_of` tells: then the page fits it anew instead of
            carrying it.

    Raises:
        ValueError: For a topology that lacks a field of the contract, is a batch, is not in the plane, or whose edges
            are not sorted.
    """
    if missing := [field for field in NEEDED if field not in topology]:
        raise ValueError(f"`topology` must keep the data contract, the fields {missing} are missing.")
    if topology["extent"].shape[0] != 1 or topology["periodic"].numel() != 1:
        raise ValueError(f"`topology` must be one substrate, got a batch of {topology['extent'].shape[0]}.")
    if topology["pos"].shape[1] != 2:
        raise ValueError(f"`topology` must lie in the plane to be drawn, got positions {tuple(topology['pos'].shape)}.")
    neighbours, receivers = topology["edge_index"].cpu()
    if bool((receivers[1:] < receivers[:-1]).any()):
        raise ValueError("`topology` must have its edges sorted by perceiving cell (row 1 of `edge_index`).")
    cells = len(topology["pos"])
    degrees = torch.bincount(receivers, minlength=cells)
    fields: dict[str, Any] = {
        "cells": cells,
        "extent": [float(side) for side in topology["extent"].view(2)],
        "periodic": bool(topology["periodic"]),
        "pos": _floats(topology["pos"]),
        "degree": degrees.numpy().astype(np.uint16 if int(degrees.max()) < NARROW else np.uint32),
        "neighbour": neighbours.numpy().astype(np.uint16 if cells <= NARROW else np.uint32),
    }
    if "stencil_index" not in topology:
        fields |= {"sees": "edges", "weight": _floats(topology["edge_weight"])}
        return fields | ({"direction": _floats(topology["edge_attr"])} if directions else {})
    if fitted is not None:
        return fields | {"sees": fitted}
    read, reader = topology["stencil_index"].cpu()
    fields |= {
        "sees": "written",
        "read": read.numpy().astype(np.uint16 if cells <= NARROW else np.uint32),
        "reads": torch.bincount(reader, minlength=cells).numpy().astype(np.uint16),
        "laplacian": _floats(topology["stencil_weight"]),
    }
    return fields | ({"gradient": _floats(topology["stencil_gradient"])} if directions else {})


def _floats(values: torch.Tensor) -> np.ndarray:
    return values.detach().cpu().numpy().astype(np.float32).ravel()
