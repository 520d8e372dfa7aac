"""Which cell contains a point of the plane."""

from typing import Any

import numpy as np
from scipy.spatial import KDTree
from torch_geometric.data import Data

# A point on the border of cells goes to the cell on its lower right, everywhere alike, not to whichever the tree
# meets first; 1e-5 units is far below a pixel and above the float32 rounding of `pos` on substrates of usual size.
TIE_BREAK = np.array([1.0e-5, 0.7e-5])


class CellLocator:
    """Finds the cells whose centres are nearest to given points, on a torus through its seam.

    Squares, hexagons and Voronoi cells are all the Voronoi cells of their centres, so the nearest centre is the
    cell that contains the point.
    """

    def __init__(self, topology: Data) -> None:
        self.pos = topology["pos"].detach().cpu().double().numpy()
        self.extent = topology["extent"][0].detach().cpu().double().numpy()
        self.periodic = bool(topology["periodic"].all())
        self._tree = KDTree(self.wrap(self.pos), boxsize=self.extent if self.periodic else None)

    def wrap(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) moved by whole periods into [0, extent) on a torus; unchanged on a bounded domain."""
        if not self.periodic:
            return points
        wrapped = np.mod(points, self.extent)
        return np.where(wrapped >= self.extent, 0.0, wrapped)  # mod of a tiny negative number rounds up to the period

    def nearest(self, points: np.ndarray, count: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Distances and cell numbers of the `count` nearest cells, both (..., count), nearest first.

        Where the substrate has fewer cells than `count`, the rest has distance infinity and cell number N.
        """
        query: Any = self._tree.query  # its stub knows no list of ranks
        return query(self.wrap(points + TIE_BREAK), k=list(range(1, count + 1)))

    def inside(self, points: np.ndarray) -> np.ndarray:
        """Whether points (..., 2) lie on the substrate: always on a torus, within the extent on a bounded domain."""
        if self.periodic:
            return np.ones(points.shape[:-1], dtype=bool)
        return ((points >= 0.0) & (points <= self.extent)).all(-1)
