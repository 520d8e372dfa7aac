"""The points that may border on a cell: the nearest ones that lie on its side of the surface."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

ASKEW = 0.7  # |(n_i + n_j) . c| of two normals and the direction between: 0 along an arc, 2 between two layers
FACING = 0.0  # cosine between normals above which two cells face the same way
NONE = -1  # fills the place of a neighbour that is not there


class Cloud(NamedTuple):
    """Points of a surface with unit normals; the first are cells, the others mirror images of cells across a border.

    Attributes:
        pos: Places.
        normal: Outer unit normals.
        origin: The cell that each point is, or mirrors.
        connected: Sorted i * n + j of the pairs of cells that the surface connects nearby; None: judged by normals.
    """

    pos: Float[np.ndarray, "m 3"]
    normal: Float[np.ndarray, "m 3"]
    origin: Int[np.ndarray, " m"]
    connected: Int[np.ndarray, " p"] | None = None

    @property
    def num_cells(self) -> int:
        """How many of the points are cells."""
        return int(self.origin.max()) + 1


def one_layer(
    chord: Float[np.ndarray, "*s 3"], normal: Float[np.ndarray, "*s 3"], other: Float[np.ndarray, "*s 3"]
) -> Bool[np.ndarray, "*s"]:
    """Whether two places, by their normals and the chord between them, lie along an arc and not one above the other."""
    return np.abs(((normal + other) * chord).sum(-1)) < ASKEW * np.linalg.norm(chord, axis=-1)


def nearest_alike(
    cloud: Cloud, tree: KDTree, cells: Int[np.ndarray, " c"], count: int
) -> tuple[Int[np.ndarray, "c k"], Float[np.ndarray, " c"]]:
    """The nearest points to some cells, `NONE` for those of another layer, and the distance up to which all are seen.

    Args:
        cloud: The points.
        tree: Of all of them.
        cells: The cells that ask.
        count: How many neighbours are looked at.
    """
    k = min(count + 1, len(cloud.pos))
    distance, found = tree.query(cloud.pos[cells], k)
    seen = np.full(len(cells), np.inf) if k == len(cloud.pos) else distance[:, -1]
    here = np.broadcast_to(cells[:, None], found.shape)
    kept = (found != here) & ((cloud.normal[here] * cloud.normal[found]).sum(-1) > FACING)
    if cloud.connected is None:
        kept &= one_layer(cloud.pos[found] - cloud.pos[here], cloud.normal[here], cloud.normal[found])
    else:
        key = here * cloud.num_cells + cloud.origin[found]
        at = np.minimum(np.searchsorted(cloud.connected, key), len(cloud.connected) - 1)
        kept &= cloud.connected[at] == key
    return np.where(kept, found, NONE), seen
