"""How directions of one cell are read by its neighbours, and the fields of directions that follow from it.

Directions are complex numbers in a cell's frame, x + i y. Along the edge between two cells a direction keeps its angle
with the edge: that turns frame j into frame i (parallel transport). The Laplacian of fields of directions is

    (L z)_i = sum_j c_ij (z_i - r_ij z_j)        c_ij: shared side / distance        r_ij: turns frame j into frame i

(Crane, de Goes, Desbrun, Schroeder 2013; Knoeppel, Crane, Pinkall, Schroeder 2013; Sharp, Soliman, Crane 2019.)
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from jaxtyping import Complex, Float, Int
from scipy.sparse.csgraph import dijkstra
from scipy.sparse.linalg import eigsh, splu

from topologies.contract import LAPLACIAN_GAIN

HEAT_TIME = 1.0  # mean squared lengths of an edge for which a direction diffuses: short, so that it goes straight
LONG_TIME = 100.0  # the same, where it need not go straight: so long that ways of many directions are mixed
PARTED = np.deg2rad(20)  # neighbours whose carried directions differ by more were reached from different sides
MARGIN = 3.0  # mean lengths of an edge that a direction is carried straight less far than to the first of these
SHIFT = 1.0  # eigenvalues are sought above minus this over the area: the smallest of a sphere is 4 pi over its area
ALIKE = 1e-6  # lengths nearer than this share are equal: among them the neighbour of the smallest number is taken


class Connection(NamedTuple):
    """The geometry of a surface that its cells know.

    Attributes:
        edge_index: Row 0 the neighbour j, row 1 the cell i; both directions of each pair, sorted by i, then j.
        directions: Of the edges, x + i y in the frame of cell i, as long as they are.
        stiffness: c_ij.
        area: Of the cells.
    """

    edge_index: Int[np.ndarray, "2 e"]
    directions: Complex[np.ndarray, " e"]
    stiffness: Float[np.ndarray, " e"]
    area: Float[np.ndarray, " n"]

    @classmethod
    def of(
        cls,
        edge_index: Int[np.ndarray, "2 e"],
        vectors: Float[np.ndarray, "e 2"],
        weights: Float[np.ndarray, " e"],
        area: Float[np.ndarray, " n"],
    ) -> "Connection":
        """From the fields of the contract.

        A cell's weights sum to 12 over its sides, and its area is a quarter of the sum of sides times distances.
        """
        receiver, length = edge_index[1], np.hypot(*vectors.T)
        circumference = 4 * area / np.bincount(receiver, weights / LAPLACIAN_GAIN * length, len(area))
        stiffness = weights / LAPLACIAN_GAIN * circumference[receiver] / length
        both = (stiffness + stiffness[_partner(edge_index)]) / 2
        return cls(edge_index, vectors[:, 0] + 1j * vectors[:, 1], both, area)

    @property
    def turns(self) -> Complex[np.ndarray, " e"]:
        """r_ij of every edge: the direction to j in frame i, over the direction away from i in frame j."""
        unit = self.directions / np.abs(self.directions)
        return -unit * unit[_partner(self.edge_index)].conj()

    def laplacian(self) -> sp.csc_array:
        """L, Hermitian and positive."""
        j, i = self.edge_index
        n = len(self.area)
        diagonal = np.bincount(i, self.stiffness, n)
        rows, columns = np.r_[i, np.arange(n)], np.r_[j, np.arange(n)]
        return sp.csc_array((np.r_[-self.stiffness * self.turns, diagonal], (rows, columns)), shape=(n, n))

    def smoothest(self, anchor: int = 0) -> Complex[np.ndarray, " n"]:
        """The field of directions that changes least: the lowest eigenvector of L against the areas.

        It vanishes where it must (singularities). It points from the cell `anchor` to its nearest neighbour.
        """
        root = sp.diags_array(1 / np.sqrt(self.area))
        start = np.zeros(len(self.area), dtype=complex)
        start[anchor] = 1.0
        shift = -SHIFT / self.area.sum()
        operator = sp.csc_array(root @ self.laplacian() @ root)
        if len(self.area) < 3:  # too few for the iteration
            _, vectors = np.linalg.eigh(operator.toarray())
        else:
            _, vectors = eigsh(operator, k=1, sigma=shift, v0=start)
        field = vectors[:, 0] / np.sqrt(self.area)
        return field * (self.nearest_direction(anchor) / _unit(field[anchor]))

    def transported(self, cell: int, direction: complex = 1.0) -> Complex[np.ndarray, " n"]:
        """A direction of one cell carried to all others, along the shortest ways as far as these do not part.

        Near the cell as heat that diffuses for a short time (the vector heat method). Where shortest ways meet from two
        sides that leaves a seam, across which directions differ by up to half a turn. So in the largest disk without
        one its directions are kept, and diffuse from there for a long time: beyond, the field turns gradually.
        """
        squared = np.square(np.abs(self.directions)).mean()
        system = sp.csc_array(sp.diags_array(self.area.astype(complex)) + HEAT_TIME * squared * self.laplacian())
        source = np.zeros(len(self.area), dtype=complex)
        source[cell] = direction
        field = splu(system).solve(source)
        field /= np.maximum(np.abs(field), np.finfo(float).tiny)
        distance = self._distances(cell)
        beyond = np.flatnonzero(distance > self._seamless(field, distance))
        if not len(beyond):
            return field
        kept = np.setdiff1d(np.arange(len(self.area)), beyond)
        rows = sp.csr_array(sp.diags_array(self.area.astype(complex)) + LONG_TIME * squared * self.laplacian())[beyond]
        field[beyond] = splu(sp.csc_array(rows[:, beyond])).solve(-(rows[:, kept] @ field[kept]))
        return field

    def agreement(self, time: float) -> Float[np.ndarray, " n"]:
        """How long the mean of the frames around every cell is, carried to it: 1 where they are parallel.

        It falls to 0 where they turn round a point, and a little on a bent surface. The mean is that of heat which
        diffuses for a time in squared units of the edges: a disk of the width sqrt(2 time).
        """
        area = self.area.astype(complex)
        system = sp.csc_array(sp.diags_array(area) + time * self.laplacian())
        return np.abs(splu(system).solve(area))

    def _distances(self, cell: int) -> Float[np.ndarray, " n"]:
        """Of all cells from one, along edges."""
        neighbour, receiver = self.edge_index.astype(np.int32)  # before 1.16 scipy's graphs had no others
        lengths = sp.csr_array((np.abs(self.directions), (receiver, neighbour)), shape=(len(self.area),) * 2)
        return dijkstra(lengths, indices=cell)

    def _seamless(self, field: Complex[np.ndarray, " n"], distance: Float[np.ndarray, " n"]) -> float:
        """Up to which distance neighbours have about the same direction."""
        neighbour, receiver = self.edge_index
        differ = np.abs(np.angle(self.turns * field[neighbour] * field[receiver].conj())) > PARTED
        if not differ.any():
            return np.inf
        return max(0.0, float(distance[receiver[differ]].min() - MARGIN * np.abs(self.directions).mean()))

    def nearest_direction(self, cell: int) -> complex:
        """Unit direction from a cell to its nearest neighbour."""
        mine = self.directions[self.edge_index[1] == cell]
        length = np.abs(mine)
        return _unit(complex(mine[np.flatnonzero(length <= (1 + ALIKE) * length.min())[0]]))


def _unit(number: complex) -> complex:
    return number / abs(number)


def _partner(edge_index: Int[np.ndarray, "2 e"]) -> Int[np.ndarray, " e"]:
    """The number of every edge's opposite."""
    j, i = edge_index
    n = int(edge_index.max()) + 1
    return np.searchsorted(i * n + j, j * n + i)
