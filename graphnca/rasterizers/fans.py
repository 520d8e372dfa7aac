"""The triangles between cells of a surface in space."""

import math

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import csr_array, eye_array
from torch_geometric.data import Data

from .holes import without_holes

FLAT = 1e-6  # radians by which two neighbours must be nearer than half a turn to span a triangle


def cell_triangles(topology: Data) -> Int[np.ndarray, "t 3"]:
    """Triples of cells that border on one another, counterclockwise seen from outside; they make the surface.

    Two neighbours of a cell that follow one another in its frame span a triangle with it, if they are neighbours too.
    Four cells that meet in one corner are cut along one diagonal, through the first of them; so are four of which both
    diagonals are edges. Where the surface ends, or two neighbours stand half a turn apart, there is none. Round a tip
    with so few cells that their edges pass one another, the hole is cut across (`graphnca.rasterizers.holes`).

    Raises:
        ValueError: If the topology is no surface in space.
    """
    check_surface(topology)
    vectors = topology["edge_attr"].detach().cpu().double().numpy()
    edges = topology["edge_index"].cpu().numpy()
    crossing = _crossing(_fans(edges, vectors, len(topology["pos"])))
    if crossing.size:
        key = np.sort(edges, axis=0)
        kept = ~np.isin(key[0] * len(topology["pos"]) + key[1], crossing[0] * len(topology["pos"]) + crossing[1])
        edges, vectors = edges[:, kept], vectors[kept]
    triangles = _fans(edges, vectors, len(topology["pos"]))
    _, one = np.unique(np.sort(triangles, axis=1), axis=0, return_index=True)
    pos, normal = (topology[name].detach().cpu().double().numpy() for name in ("pos", "normal"))
    return without_holes(triangles[np.sort(one)], pos, normal, _at_border(edges, vectors, len(pos)))


def check_surface(topology: Data) -> None:
    """Raises ValueError unless `topology` is one surface in space, with its frames."""
    pos, lacks = topology.get("pos"), [name for name in ("normal", "frame") if name not in topology]
    if pos is None or pos.dim() != 2 or pos.size(1) != 3 or lacks:
        shape = None if pos is None else tuple(pos.shape)
        without = f" without {' and '.join(lacks)}" if lacks else ""
        raise ValueError(
            "`topology` must be a surface in space, `pos` of shape (N, 3) with `normal` and `frame`, got "
            f"{shape}{without}."
        )


def _fans(edges: Int[np.ndarray, "2 e"], vectors: Float[np.ndarray, "e 2"], n: int) -> Int[np.ndarray, "f 3"]:
    """The triangles that each cell spans with its neighbours, itself first; most of them from three sides."""
    neighbour, cell = edges
    order, after, gap = _in_turn(cell, vectors)
    neighbour, cell = neighbour[order], cell[order]
    spanned = (gap > 0) & (gap < math.pi - FLAT)
    a, b, c = cell[spanned], neighbour[after][spanned], neighbour[spanned]  # angles grow clockwise: y points down
    linked = csr_array((np.ones(len(cell), bool), (cell, neighbour)), shape=(n, n))
    return np.stack([a, b, c], axis=1)[_closed(linked, n, a, b, c)]


def _in_turn(cell: np.ndarray, vectors: Float[np.ndarray, "e 2"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges by cell and direction: their order, in it the place of the next round the cell, and the angle to that."""
    angle = np.arctan2(vectors[:, 1], vectors[:, 0])
    order = np.lexsort((angle, cell))
    cell, angle = cell[order], angle[order]
    after = np.arange(1, len(cell) + 1)
    last = np.append(cell[1:] != cell[:-1], True)
    after[last] = np.searchsorted(cell, cell[last])
    return order, after, (angle[after] - angle) % (2 * math.pi)


def _at_border(edges: Int[np.ndarray, "2 e"], vectors: Float[np.ndarray, "e 2"], n: int) -> Bool[np.ndarray, " n"]:
    """Cells with half a turn or more between two neighbours that follow one another."""
    order, _, gap = _in_turn(edges[1], vectors)
    found = np.zeros(n, bool)
    found[edges[1][order][(gap >= math.pi - FLAT) | (gap == 0)]] = True
    return found


def _closed(linked: csr_array, n: int, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Whether the cells b and c border on one another, or are the chosen diagonal of four cells round a corner."""
    kept = np.asarray(linked[b, c]).ravel().astype(bool)
    apart = np.flatnonzero(~kept)
    known = csr_array(linked + eye_array(n, dtype=bool, format="csr"))
    fourth = csr_array(linked[b[apart]].multiply(linked[c[apart]]) > known[a[apart]])  # both border on it, a doesn't
    begin, cells = np.asarray(fourth.indptr), np.asarray(fourth.indices)
    found = np.flatnonzero(np.diff(begin))
    corner, other = apart[found], cells[begin[found]]
    kept[corner] = np.minimum(b[corner], c[corner]) < np.minimum(a[corner], other)
    return kept


def _crossing(triangles: Int[np.ndarray, "f 3"]) -> Int[np.ndarray, "2 x"]:
    """Edges, the lower cell first, that cross another one.

    A triangle that two of its cells span and the third does not: another edge of the third passes through the side
    opposite to it.
    """
    corners, place, count = np.unique(np.sort(triangles, axis=1), axis=0, return_inverse=True, return_counts=True)
    third = corners.sum(1) - np.bincount(place.ravel(), triangles[:, 0], len(corners)).astype(int)
    corners, third = corners[count == 2], third[count == 2]
    return corners[corners != third[:, None]].reshape(-1, 2).T
