"""The square Moore grid, the substrate on which the published rules were trained."""

from functools import partial

import numpy as np
from jaxtyping import Int
from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.assemble import assemble
from topologies.contract import TopologyError
from topologies.fit import Coefficients
from topologies.operators import merged

MOORE = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0))
EDGE_WEIGHT, CORNER_WEIGHT = 2.0, 1.0  # the 3x3 Laplacian [1 2 1; 2 -12 2; 1 2 1] of the published rules


@partial(checked, error=TopologyError)
def square_grid(height: int, width: int, *, periodic: bool = True) -> Data:
    """Square grid of height x width cells with eight neighbours each, weights 2 (edge) and 1 (corner).

    Cell (row r, column c) is node r * width + c at pos (c + 0.5, r + 0.5); extent (width, height). On the torus the two
    sums along the edges are exactly the raw 3x3 Laplacian (centre -12) and the raw Sobel pair: the kernels to which the
    stencils of other substrates are fitted, so there is none here.

    A bounded domain has no-flux borders: a border cell sees the neighbours it has and their weights are not rescaled,
    so they sum to less than 12 there. What cells see there are the same kernels over mirror images of the cells at the
    border, as `conv2d` sees with replicate padding: a stencil, which the torus doesn't need.

    Args:
        height: number of rows; on a torus at least 3, or a cell would meet the same neighbour twice.
        width: number of columns; likewise.
        periodic: torus or bounded domain.

    Raises:
        TopologyError: if the grid is too small.
    """
    least = 3 if periodic else 1
    for name, size in (("height", height), ("width", width)):
        if size < least:
            kind = "a torus" if periodic else "a bounded domain"
            raise TopologyError(f"`{name}` must be at least {least} on {kind} of squares, got {size}.")
    if height * width < 2:
        raise TopologyError("`height` and `width` must give at least 2 cells, got 1 x 1.")
    row, column = (index.ravel() for index in np.mgrid[:height, :width])
    node = np.arange(height * width)
    edges, vectors, weights = [], [], []
    for dy, dx in MOORE:
        r, c = row + dy, column + dx
        if periodic:
            kept = np.ones(len(node), dtype=bool)
        else:
            kept = (r >= 0) & (r < height) & (c >= 0) & (c < width)
        edges.append(np.stack([(r % height * width + c % width)[kept], node[kept]]))
        vectors.append(np.broadcast_to(np.array([dx, dy], dtype=np.float64), (kept.sum(), 2)))
        weights.append(np.full(kept.sum(), EDGE_WEIGHT if 0 in (dy, dx) else CORNER_WEIGHT))
    return assemble(
        pos=np.stack([column + 0.5, row + 0.5], axis=1),
        edge_index=np.concatenate(edges, axis=1),
        vectors=np.concatenate(vectors),
        weights=np.concatenate(weights),
        area=np.ones(len(node)),
        extent=(float(width), float(height)),
        periodic=periodic,
        seen=None if periodic else _mirrored_kernels(row, column, height, width),
    )


def _mirrored_kernels(
    row: Int[np.ndarray, " n"], column: Int[np.ndarray, " n"], height: int, width: int
) -> tuple[Int[np.ndarray, "2 s"], Coefficients]:
    """The kernels of every cell, at a border over the cells whose mirror images lie where a neighbour is missing."""
    node = row * width + column
    entries = [
        (np.clip(row + dy, 0, height - 1) * width + np.clip(column + dx, 0, width - 1), dx, dy) for dy, dx in MOORE
    ]
    index = np.concatenate([np.stack([read, node]) for read, _, _ in entries], axis=1)
    offsets = np.array([(dx, dy) for _, dx, dy in entries], dtype=np.float64)
    weights = np.where((offsets == 0).any(axis=1), EDGE_WEIGHT, CORNER_WEIGHT)
    kernels = Coefficients(weights.repeat(len(node)), (weights[:, None] * offsets).repeat(len(node), axis=0))
    return merged(index, kernels, len(node))
