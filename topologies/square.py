"""The square Moore grid, the substrate on which the published rules were trained."""

import numpy as np
from torch_geometric.data import Data

from topologies.assemble import assemble
from topologies.contract import TopologyError

MOORE = tuple((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0))
EDGE_WEIGHT, CORNER_WEIGHT = 2.0, 1.0  # the 3x3 Laplacian [1 2 1; 2 -12 2; 1 2 1] of the published rules


def square_grid(height: int, width: int, *, periodic: bool = True) -> Data:
    """Square grid of height x width cells with eight neighbours each, weights 2 (edge) and 1 (corner).

    Cell (row r, column c) is node r * width + c at pos (c + 0.5, r + 0.5); extent (width, height). On the torus the two
    sums of the contract are exactly the raw 3x3 Laplacian (centre -12) and the raw Sobel pair, and `smoothing` is 0.

    A bounded domain has no-flux borders: a border cell sees the neighbours it has and their weights are not rescaled,
    so they sum to less than 12 there. The noise-gain law holds there too: a border cell's one-sided gradient is noisier
    than Sobel's, so its `smoothing` is above 0; all other cells keep 0.

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
    )
