"""Neighbours by distance: who stands within the reach of the square grid's kernel, on cells of any density."""

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

MEAN_SQUARE = 4 / 3
"""Of the distances to the neighbours, in square units: with weights that sum to 12 it gives the unit law, 16."""
FARTHEST = 2.0  # units; points that fill a disk evenly have that mean square within 1.63 units


def neighbours_within_reach(
    points: Float[np.ndarray, "n 2"], extent: Float[np.ndarray, " 2"], periodic: bool
) -> Int[np.ndarray, "2 e"]:
    """Pairs of points up to the distance, about 1.63 units, at which all have `MEAN_SQUARE`; both directions of each.

    Args:
        points: Positions in [0, width) x [0, height), more than two thirds of a point a unit of area.
        extent: Width and height, 4 units or more.
        periodic: Torus, where neighbours may stand beyond a seam, or bounded domain.
    """
    tree = KDTree(points, boxsize=extent if periodic else None)
    pairs = tree.sparse_distance_matrix(tree, FARTHEST, output_type="ndarray")
    square = np.square(pairs["v"])
    order = np.argsort(square)
    order = order[square[order] > 0]  # without the points themselves
    mean = np.cumsum(square[order]) / np.arange(1, len(order) + 1)
    near = order[: np.searchsorted(mean, MEAN_SQUARE)]
    near = pairs[square <= square[near[-1]]]  # both directions of the last pair
    return np.stack([near["j"], near["i"]])[:, near["i"] != near["j"]].astype(np.int64)
