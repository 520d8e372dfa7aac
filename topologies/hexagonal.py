"""The hexagonal grid: six equal neighbours, rows one unit apart."""

from functools import partial

import numpy as np
from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.assemble import assemble
from topologies.contract import LAPLACIAN_GAIN, TopologyError

SPACING = 2 / np.sqrt(3)  # unit law: 12 * spacing^2 = 16; rows are then exactly 1 apart
QUARTER_STEPS = ((-4, 0), (4, 0), (-2, -1), (2, -1), (-2, 1), (2, 1))  # (quarter spacings in x, rows) to a neighbour


@partial(checked, error=TopologyError)
def hex_grid(height: int, width: int, *, periodic: bool = True, operators: str = "fitted") -> Data:
    """Hexagonal grid of height rows of width cells; odd rows are shifted right by half a spacing.

    The spacing is 2 / sqrt(3), so rows are exactly 1 apart and diffusion runs as fast as on the square grid. Cell (row
    r, column c) is node r * width + c at x = (c + 0.25) * spacing in even rows and (c + 0.75) * spacing in odd ones,
    y = r + 0.5; extent (width * spacing, height), on the torus and on a bounded domain. Weights are 12 / degree: 2 on
    the torus and away from borders, more at a border, where a cell sees only the neighbours it has. Each cell has the
    area of its hexagon, also at the borders of a bounded domain.

    Args:
        height: number of rows; on a torus even and at least 4.
        width: number of columns; on a torus at least 3.
        periodic: torus or bounded domain.
        operators: how cells see, one of `topologies.OPERATORS`.

    Raises:
        TopologyError: if the grid is too small, or periodic with an odd height (row 0 would not fit the last row).
    """
    if periodic and height % 2:
        raise TopologyError(f"`height` must be even on a torus of hexagons, as odd rows are shifted, got {height}.")
    kind = "a torus" if periodic else "a bounded domain"
    for name, size, least in (("height", height, 4 if periodic else 1), ("width", width, 3 if periodic else 1)):
        if size < least:
            raise TopologyError(f"`{name}` must be at least {least} on {kind} of hexagons, got {size}.")
    if height * width < 2:
        raise TopologyError("`height` and `width` must give at least 2 cells, got 1 x 1.")
    row, column = (index.ravel() for index in np.mgrid[:height, :width])
    quarter = 4 * column + 1 + 2 * (row % 2)  # x in quarter spacings
    node = np.arange(height * width)
    edges, vectors = [], []
    for dx, dy in QUARTER_STEPS:
        r, c = row + dy, (quarter + dx) // 4
        if periodic:
            kept = np.ones(len(node), dtype=bool)
        else:
            kept = (r >= 0) & (r < height) & (c >= 0) & (c < width)
        edges.append(np.stack([(r % height * width + c % width)[kept], node[kept]]))
        vectors.append(np.broadcast_to(np.array([dx / 4 * SPACING, dy]), (kept.sum(), 2)))
    edge_index = np.concatenate(edges, axis=1)
    degree = np.bincount(edge_index[1], minlength=len(node))
    return assemble(
        pos=np.stack([quarter / 4 * SPACING, row + 0.5], axis=1),
        edge_index=edge_index,
        vectors=np.concatenate(vectors),
        weights=LAPLACIAN_GAIN / degree[edge_index[1]],
        area=np.full(len(node), SPACING),
        extent=(width * SPACING, float(height)),
        periodic=periodic,
        operators=operators,
    )
