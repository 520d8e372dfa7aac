"""A flat patch in space, beside the same cells in the plane."""

from typing import NamedTuple

import numpy as np
from scipy.stats import special_ortho_group
from torch_geometric.data import Data

from topologies import voronoi_from_points, voronoi_mesh


class FlatPatch(NamedTuple):
    """Cells of the plane, and the same places turned, moved and scaled in space.

    `axes` are the directions in space of x, of y (down) and of the side from which x is right and y is down.
    """

    planar: Data
    pos: np.ndarray
    axes: np.ndarray
    corners: np.ndarray

    @property
    def outline(self) -> tuple[np.ndarray, np.ndarray]:
        """The rectangle as a mesh, counterclockwise seen from the outer side."""
        return self.corners, np.array([[0, 2, 1], [0, 3, 2], [1, 4, 0], [4, 3, 0]])[:2]


def flat_patch(size: float = 24.0, seed: int = 2, turn: int = 0) -> FlatPatch:
    mesh = voronoi_mesh(size, size, seed=seed, periodic=False)
    flat = mesh.pos.double().numpy()
    width, height = mesh.extent[0].double().tolist()
    planar = voronoi_from_points(flat, (width, height), periodic=False)
    x, y, _ = special_ortho_group.rvs(3, random_state=turn).T
    outer = np.cross(y, x)  # frame x normal is y
    place = np.stack([x, y])

    def in_space(points: np.ndarray) -> np.ndarray:
        return 3.7 * points @ place + [1.0, -2.0, 5.0]

    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    return FlatPatch(planar, in_space(flat), np.stack([x, y, outer]), in_space(corners))
