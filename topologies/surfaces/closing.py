"""Holes between cells: where a surface is so thin or so bent that of five cells or more no two agree on a side.

The Voronoi cells of neighbouring tangent planes differ a little. Round a corner of many cells each may see a side that
the other does not grant it, and then none is shared: the corner stays open, as if the surface had a border there.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

CORNER = 4  # cells that may meet in one: of a square lattice they do, and none of their diagonals is shared
LEAST = 0.1  # of the median side: length of one that nobody sees


class Rotation(NamedTuple):
    """The edges round every cell, in turn.

    Attributes:
        after: The number of the edge that follows each one round its cell.
        before: Of the one that precedes it.
        opposite: Of its opposite.
    """

    after: Int[np.ndarray, " e"]
    before: Int[np.ndarray, " e"]
    opposite: Int[np.ndarray, " e"]

    @classmethod
    def of(cls, edge_index: Int[np.ndarray, "2 e"], vectors: Float[np.ndarray, "e 2"], num_cells: int) -> "Rotation":
        """Of edges sorted by cell, then neighbour."""
        neighbour, cell = edge_index
        order = np.lexsort((np.arctan2(vectors[:, 1], vectors[:, 0]), cell))
        first = np.searchsorted(cell, np.arange(num_cells))
        count = np.bincount(cell, minlength=num_cells)
        place = np.empty(len(cell), np.int64)
        place[order] = np.arange(len(cell))
        turn = place - first[cell]
        after, before = (order[first[cell] + (turn + step) % count[cell]] for step in (1, -1))
        key = cell * num_cells + neighbour
        return cls(after, before, np.searchsorted(key, neighbour * num_cells + cell))


def missing_pairs(
    edge_index: Int[np.ndarray, "2 e"],
    length: Float[np.ndarray, " e"],
    vectors: Float[np.ndarray, "e 2"],
    border: Bool[np.ndarray, " n"],
    seen: dict[tuple[int, int], float],
    pos: Float[np.ndarray, "n 3"],
) -> list[tuple[int, int, float]]:
    """Pairs of cells, and lengths of their sides, that close the holes which touch no border.

    A hole is cut across by its shortest diagonals, those before others that one of their cells sees as a side. One that
    comes to a cell twice stays: there the surface has so few cells round a horn that their edges pass one another.

    Args:
        edge_index: Who borders on whom, sorted by cell, then neighbour.
        length: Of the sides.
        vectors: Directions of the edges in the frames of their cells.
        border: Cells at a border of the surface.
        seen: The sides that only one of two cells sees, by both, the lower number first.
        pos: Places of the cells.
    """
    linked = set(zip(*edge_index.tolist(), strict=True))
    least = LEAST * float(np.median(length))
    added = []
    for around in faces_round(edge_index, length, vectors, len(border), CORNER + 1):
        if border[around].any() or len(set(around)) < len(around):
            continue
        while len(around) > CORNER - 1:
            pairs = [(around[k - 2], around[k], k - 1) for k in range(len(around))]
            free = [(a, b, k) for a, b, k in pairs if a != b and (a, b) not in linked]
            if not free:
                break
            a, b, middle = max(
                free, key=lambda p: (seen.get((min(p[:2]), max(p[:2])), 0.0), -np.linalg.norm(pos[p[0]] - pos[p[1]]))
            )
            added.append((min(a, b), max(a, b), max(seen.get((min(a, b), max(a, b)), 0.0) / 2, least)))
            linked |= {(a, b), (b, a)}
            del around[middle]
    return added


def faces_round(
    edge_index: Int[np.ndarray, "2 e"],
    length: Float[np.ndarray, " e"],
    vectors: Float[np.ndarray, "e 2"],
    n: int,
    fewest: int = 3,
) -> list[list[int]]:
    """The cells round every face of the net of edges, one after another; of two edges that cross, one counts.

    Three cells that border on one another make a face, four in a square lattice, and all round a border.

    Args:
        edge_index: As of `missing_pairs`, as are length and vectors.
        length: Of the sides.
        vectors: Directions.
        n: How many cells there are.
        fewest: Cells round a face that is looked at.
    """
    kept = ~_crossed(edge_index, length, Rotation.of(edge_index, vectors, n), n)
    edges = edge_index[:, kept]
    rotation = Rotation.of(edges, vectors[kept], n)
    following = rotation.before[rotation.opposite]
    number = np.arange(len(following))
    net = coo_array((np.ones(len(number)), (number, following)), shape=(len(number),) * 2)
    _, face = connected_components(net, directed=False)
    around = []
    count = np.bincount(face)
    for start in np.unique(face, return_index=True)[1][count >= fewest]:
        corners, at = [], start
        while not corners or at != start:
            corners.append(int(edges[1, at]))
            at = following[at]
        around.append(corners)
    return around


def _crossed(
    edge_index: Int[np.ndarray, "2 e"], length: Float[np.ndarray, " e"], rotation: Rotation, n: int
) -> Bool[np.ndarray, " e"]:
    """The edge with the shorter side of two that cross: both diagonals of four cells round a corner."""
    neighbour, cell = edge_index
    key = cell * n + neighbour
    one, other = neighbour[rotation.before], neighbour[rotation.after]  # a sees one, c, other in turn
    wanted = one * n + other
    across = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    crosses = key[across] == wanted
    beside = [neighbour[turn[across]] for turn in (rotation.before, rotation.after)]  # and one sees a, other, c
    ends = np.sort(np.stack([cell, neighbour]), axis=0)
    crosses &= (np.sort(np.stack(beside), axis=0) == ends).all(0)
    shorter = crosses & (length <= length[across])
    return shorter | shorter[rotation.opposite]
