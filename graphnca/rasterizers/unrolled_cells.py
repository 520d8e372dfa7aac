"""A surface laid flat around one of its cells."""

import numpy as np
from jaxtyping import Float, Int
from torch_geometric.data import Data

from ..geodesics import unrolled
from .covering import Covering, covering
from .fans import cell_triangles

MARGIN = 2.0  # units beyond those asked for within which cells are laid down: corners of triangles that reach inwards
TORN = 2.0  # a triangle with a side that was stretched or shrunk by more than this is torn: no part of the flat surface
ASIDE = np.array([1e-5, 0.7e-5])  # units: where coverings are counted, no point lies on a corner


class UnrolledCells:
    """The triangles between cells, each cell at its distance along the surface and in its direction from the middle.

    Far round a curved surface triangles are torn apart (where shortest ways meet from two sides) or turned over; these
    are left out.

    Attributes:
        places: Of all cells, in the frame of the middle one; infinite beyond the reach.
        triangles: Those within, whole.

    Args:
        topology: A surface in space.
        cell: In the middle.
        reach: Units of length that are laid flat.
    """

    def __init__(self, topology: Data, cell: int, reach: float) -> None:
        triangles = cell_triangles(topology)
        self.places = unrolled(topology, cell, reach + MARGIN).detach().cpu().double().numpy()
        triangles = triangles[np.isfinite(self.places[triangles]).all((1, 2))]
        pos = topology["pos"].detach().cpu().double().numpy()
        before, after = (_sides(places[triangles]) for places in (pos, self.places))
        stretch = np.maximum(after / before, before / np.maximum(after, np.finfo(float).tiny)).max(1)
        to_b, to_c = (self.places[triangles[:, corner]] - self.places[triangles[:, 0]] for corner in (1, 2))
        whole = (stretch <= TORN) & (to_b[:, 0] * to_c[:, 1] < to_b[:, 1] * to_c[:, 0])  # y points down
        self.triangles, self._stretch = triangles[whole], stretch[whole]

    def around(self, points: Float[np.ndarray, "p 2"]) -> tuple[Int[np.ndarray, " k"], np.ndarray, np.ndarray]:
        """Of the points that are covered: their numbers, the three cells around them and the shares of these.

        Where parts of the surface lie over one another, those of the triangle that is stretched least.
        """
        found = self._covering(points)
        one = found.first(self._stretch[found.triangle], len(points))
        return found.point[one], self.triangles[found.triangle[one]], found.share[one]

    def times_covered(self, points: Float[np.ndarray, "p 2"]) -> Int[np.ndarray, " p"]:
        """How many triangles lie over each point."""
        return np.bincount(self._covering(points + ASIDE).point, minlength=len(points))

    def _covering(self, points: Float[np.ndarray, "p 2"]) -> Covering:
        return covering(self.places[self.triangles], points)


def _sides(corners: Float[np.ndarray, "t 3 d"]) -> Float[np.ndarray, "t 3"]:
    return np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
