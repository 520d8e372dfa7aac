"""Which cells a cell may read: its neighbours and theirs, and the mirror images of both across a border."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from topologies.contract import MIRROR_REACH, shortest_image
from topologies.interior import HALF_TURN, widest_gaps

FINE = 0.95  # cells per unit of area, about those of the square grid: two rings are then more than a kernel needs
FINE_REACH = 2.1  # units within which finer cells are read: as far as two rings of coarser ones
NOWHERE = 1e-3  # units within which two places are one, also after rounding to float32


class Reads(NamedTuple):
    """Cells that are read, and where they lie as the reading cell sees them.

    Attributes:
        index: Row 0 the cell j that is read, row 1 the cell i that reads it; ascending in row 1. With mirror images a
            cell may come twice, or read itself.
        vectors: From i to j, or to its mirror image.
    """

    index: Int[np.ndarray, "2 s"]
    vectors: Float[np.ndarray, "s 2"]

    def and_also(self, other: "Reads") -> "Reads":
        """Both, in order."""
        index, vectors = (
            np.concatenate([self.index, other.index], axis=1),
            np.concatenate([self.vectors, other.vectors]),
        )
        order = np.argsort(index[1], kind="stable")
        return Reads(index[:, order], vectors[order])


def two_rings(edge_index: Int[np.ndarray, "2 e"], num_cells: int) -> Int[np.ndarray, "2 s"]:
    """Every cell's neighbours and their neighbours, without the cell itself; sorted as edges are."""
    neighbour, receiver = edge_index
    one = sp.csr_array((np.ones(len(receiver), np.int32), (receiver, neighbour)), shape=(num_cells, num_cells))
    both = sp.csr_array(one + one @ one)
    both.setdiag(0)
    both.eliminate_zeros()
    both.sort_indices()
    return np.stack([both.indices.astype(np.int64), np.repeat(np.arange(num_cells), np.diff(both.indptr))])


def narrow(vectors: Float[np.ndarray, "e 2"], extent: Float[np.ndarray, " 2"]) -> bool:
    """Whether a torus is so small that within two rings a cell may be met twice, or itself, the other way round."""
    return 4 * float(np.hypot(*vectors.T).max()) >= float(extent.min())


def along_paths(edge_index: Int[np.ndarray, "2 e"], vectors: Float[np.ndarray, "e 2"], num_cells: int) -> Reads:
    """Two rings where every path of one edge or two that ends at another place counts, whatever cell lies there."""
    neighbour, receiver = edge_index
    start = np.r_[0, np.cumsum(np.bincount(receiver, minlength=num_cells))]
    first = np.repeat(np.arange(len(receiver)), np.diff(start)[neighbour])
    second = np.concatenate([np.arange(start[j], start[j + 1]) for j in neighbour])
    index = np.concatenate([edge_index, np.stack([neighbour[second], receiver[first]])], axis=1)
    ends = np.concatenate([vectors, vectors[first] + vectors[second]])
    away = np.flatnonzero(np.square(ends).sum(1) > NOWHERE**2)
    key = np.round(np.c_[index[1, away], index[0, away], ends[away] / NOWHERE]).astype(np.int64)
    _, kept = np.unique(key, axis=0, return_index=True)
    return Reads(index[:, away[kept]], ends[away[kept]])


def mirrored_at_walls(reads: Reads, pos: Float[np.ndarray, "n 2"], extent: Float[np.ndarray, " 2"]) -> Reads:
    """The mirror images of cells, themselves included, across the borders and corners of a rectangle."""
    here = np.arange(len(pos))
    index = np.concatenate([reads.index, np.stack([here, here])], axis=1)
    direct = pos[index[0]] - pos[index[1]]
    walls = np.stack([0 * pos, np.broadcast_to(extent, pos.shape)]) - pos  # from every cell to the low and high ones
    found = []
    for through_x in (None, 0, 1):
        for through_y in (None, 0, 1):
            seen = direct.copy()
            for axis, wall in ((0, through_x), (1, through_y)):
                if wall is not None:  # twice the way to the wall, less the way to the cell
                    seen[:, axis] = 2 * walls[wall, index[1], axis] - direct[:, axis]
            if (through_x, through_y) != (None, None):
                near = np.flatnonzero(np.square(seen).sum(1) <= MIRROR_REACH**2)
                found.append(Reads(index[:, near], seen[near]))
    return Reads(np.concatenate([one.index for one in found], 1), np.concatenate([one.vectors for one in found]))


def mirrored_at_gaps(
    reads: Reads, edge_index: Int[np.ndarray, "2 e"], vectors: Float[np.ndarray, "e 2"], cells: Bool[np.ndarray, " n"]
) -> Reads:
    """The mirror images across a border that is known by nothing but the gap it leaves in the neighbours round a cell.

    It is taken to run across the middle of a gap of half a turn or more, at half the mean distance of the neighbours;
    only some `cells` are looked at.
    """
    num_cells, receiver = len(cells), edge_index[1]
    gap, middle = widest_gaps(receiver, vectors, num_cells)
    at_border = (gap >= HALF_TURN) & cells
    outward = np.stack([np.cos(middle), np.sin(middle)], axis=1)
    length = np.hypot(*vectors.T)
    spacing = np.bincount(receiver, length, num_cells) / np.maximum(np.bincount(receiver, minlength=num_cells), 1)
    here = np.flatnonzero(at_border)
    kept = at_border[reads.index[1]]
    index = np.concatenate([reads.index[:, kept], np.stack([here, here])], axis=1)
    seen = np.concatenate([reads.vectors[kept], np.zeros((len(here), 2))])
    normal = outward[index[1]]
    seen = seen + (spacing[index[1]] - 2 * (seen * normal).sum(1))[:, None] * normal
    near = np.square(seen).sum(1) <= (MIRROR_REACH * spacing[index[1]]) ** 2
    return Reads(index[:, near], seen[near])


def are_fine(num_cells: int, extent: Float[np.ndarray, " 2"]) -> bool:
    """Whether cells are as dense as on the square grid, or denser."""
    return num_cells >= FINE * float(extent.prod())


def direct_reads(
    pos: Float[np.ndarray, "n 2"],
    edge_index: Int[np.ndarray, "2 e"],
    extent: Float[np.ndarray, " 2"],
    *,
    periodic: bool,
) -> Reads:
    """Two rings as they lie in the plane, on a torus the shortest way round, without mirror images.

    Where cells are as dense as on the square grid or denser, what lies beyond `FINE_REACH` is left out.
    """
    index = two_rings(edge_index, len(pos))
    reads = Reads(index, shortest_image(pos[index[0]] - pos[index[1]], extent, periodic))
    if not are_fine(len(pos), extent):
        return reads
    near = np.square(reads.vectors).sum(1) <= FINE_REACH**2
    return Reads(reads.index[:, near], reads.vectors[near])


def reads_in_plane(
    pos: Float[np.ndarray, "n 2"],
    edge_index: Int[np.ndarray, "2 e"],
    vectors: Float[np.ndarray, "e 2"],
    extent: Float[np.ndarray, " 2"],
    *,
    periodic: bool,
) -> Reads:
    """Two rings as they lie in the plane; at borders mirror images besides, so that nothing flows through them.

    The borders are those of the extent, and where cells do not reach it (a graph of another outline), their own.
    """
    if periodic and narrow(vectors, extent):
        return along_paths(edge_index, vectors, len(pos))
    reads = direct_reads(pos, edge_index, extent, periodic=periodic)
    if periodic:
        return reads
    at_walls = mirrored_at_walls(reads, pos, extent)
    elsewhere = np.bincount(at_walls.index[1], minlength=len(pos)) == 0
    return reads.and_also(at_walls).and_also(mirrored_at_gaps(reads, edge_index, vectors, elsewhere))
