"""A substrate as a page carries it: positions, neighbour lists, weights; the page builds the operators from them."""

from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data

from ..arguments import checked

NEEDED = ("pos", "edge_index", "edge_attr", "edge_weight", "smoothing", "extent", "periodic")
NARROW = 1 << 16  # cells that an index of 16 bits can name


@checked
def pack_topology(topology: Data, *, directions: bool = True) -> dict[str, Any]:
    """The arrays of one substrate, for `pack_container`.

    Degrees and neighbours are the edges sorted by perceiving cell, as the contract has them. Cells are drawn as the
    Voronoi polygons of their positions (squares, hexagons, the cells of a mesh), which the page computes.

    Args:
        topology: One substrate of the contract, in the plane.
        directions: Whether direction vectors and `smoothing` are needed, as they are for rules with a gradient.

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
        "weight": _floats(topology["edge_weight"]),
    }
    if directions:
        fields["direction"] = _floats(topology["edge_attr"])
        fields["smoothing"] = _floats(topology["smoothing"])
    return fields


def _floats(values: torch.Tensor) -> np.ndarray:
    return values.detach().cpu().numpy().astype(np.float32).ravel()
