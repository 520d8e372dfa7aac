"""A substrate as a page carries it: positions, neighbours, and what of the operators it cannot make itself."""

from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data

from ..arguments import checked

NEEDED = ("pos", "edge_index", "edge_attr", "edge_weight")
IN_PLANE, IN_SPACE = ("extent", "periodic"), ("normal", "frame")
NARROW = 1 << 16  # cells that an index of 16 bits can name


@checked
def pack_topology(
    topology: Data, *, directions: bool = True, refit: tuple[str, np.ndarray] | None = None
) -> dict[str, Any]:
    """The arrays of one substrate, for `pack_container`.

    Degrees and neighbours are the edges sorted by perceiving cell, as the contract has them. Cells are drawn as the
    Voronoi polygons of their positions (squares, hexagons, the cells of a mesh), on a surface as the cells between the
    triangles of neighbours; the page computes both.

    Args:
        topology: One substrate of the contract, in the plane or a surface in space.
        directions: Whether a gradient is perceived.
        refit: What `topologies.refit` says: the operators by which the page fits the stencil anew, and the cells of
            which the stencil is another one and is carried. None: all of it is.

    Raises:
        ValueError: For a topology that lacks a field of the contract or is a batch, that lies neither in the plane nor
            on a surface with frames, or whose edges are not sorted.
    """
    _check(topology)
    in_space = topology["pos"].shape[1] == 3
    neighbours, receivers = topology["edge_index"].cpu()
    cells = len(topology["pos"])
    fields: dict[str, Any] = {
        "cells": cells,
        "pos": _floats(topology["pos"]),
        "degree": _counts(receivers, cells),
        "neighbour": neighbours.numpy().astype(index_type(cells)),
    }
    if in_space:
        fields |= {name: _floats(topology[name]) for name in IN_SPACE}
    else:
        fields["extent"] = [float(side) for side in topology["extent"].view(2)]
        fields["periodic"] = bool(topology["periodic"])
    if "stencil_index" not in topology:
        fields |= {"sees": "edges", "weight": _floats(topology["edge_weight"])}
        return fields | ({"direction": _floats(topology["edge_attr"])} if directions else {})
    fitted, carried = refit or (None, np.arange(cells))
    read, reader = topology["stencil_index"].cpu()
    rows = torch.isin(reader, torch.from_numpy(carried))
    return fields | {
        "fitted": fitted,
        "sees": "stencil",
        "carried": carried.astype(index_type(cells)),
        "reads": _counts(reader[rows], cells)[carried],
        "read": read[rows].numpy().astype(index_type(cells)),
        "laplacian": _floats(topology["stencil_weight"][rows]),
        **({"gradient": _floats(topology["stencil_gradient"][rows])} if directions else {}),
    }


def index_type(cells: int) -> type[np.unsignedinteger]:
    """The type of the numbers of so many cells."""
    return np.uint16 if cells <= NARROW else np.uint32


def _check(topology: Data) -> None:
    if missing := [field for field in NEEDED if field not in topology]:
        raise ValueError(f"`topology` must keep the data contract, the fields {missing} are missing.")
    shape = tuple(topology["pos"].shape)
    fields = {2: IN_PLANE, 3: IN_SPACE}.get(shape[1], ())
    if missing := [field for field in fields if field not in topology]:
        raise ValueError(f"`topology` must keep the data contract, with positions {shape} it lacks {missing}.")
    if not fields:
        raise ValueError(f"`topology` must lie in the plane or be a surface in space, got positions {shape}.")
    receivers = topology["edge_index"][1]
    if bool((receivers[1:] < receivers[:-1]).any()):
        raise ValueError("`topology` must have its edges sorted by perceiving cell (row 1 of `edge_index`).")


def _counts(owners: torch.Tensor, cells: int) -> np.ndarray:
    """How many entries each cell has."""
    counts = torch.bincount(owners, minlength=cells)
    return counts.numpy().astype(np.uint16 if int(counts.max()) < NARROW else np.uint32)


def _floats(values: torch.Tensor) -> np.ndarray:
    return values.detach().cpu().numpy().astype(np.float32).ravel()
