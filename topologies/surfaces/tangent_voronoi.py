"""Voronoi cells round the origin of many tangent planes at once."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

BLOCK = 1 << 21  # triples of a cell and two of its neighbours handled at a time
PARALLEL = 1e-12  # sine of the angle between two neighbours below which their bisectors do not meet


class TangentCells(NamedTuple):
    """The Voronoi cell of every plane's origin.

    Attributes:
        length: Of the side shared with each neighbour; 0 where none is shared, inf where it has no end.
        area: Of the cell; inf where it is open.
        reach: Distance of its farthest corner; inf where it is open.
    """

    length: Float[np.ndarray, "n k"]
    area: Float[np.ndarray, " n"]
    reach: Float[np.ndarray, " n"]


def tangent_voronoi(places: Float[np.ndarray, "n k 2"]) -> TangentCells:
    """The Voronoi cells of the origin among k places in each of n planes.

    The side towards a place q is the part of its bisector, q / 2 + t Jq, that is nearer to the origin than to every
    other place p: t (p . Jq) <= (p . p - p . q) / 2, one interval for each. No hull and no triangulation is needed.

    Args:
        places: Neighbours; (inf, inf) or the origin itself fills the place of one that is not there.
    """
    n, k, _ = places.shape
    length, area, reach = np.zeros((n, k)), np.zeros(n), np.zeros(n)
    step = max(1, BLOCK // max(1, k * k))
    for start in range(0, n, step):
        rows = slice(start, start + step)
        length[rows], area[rows], reach[rows] = _cells(places[rows])
    return TangentCells(length, area, reach)


def _cells(places: Float[np.ndarray, "n k 2"]) -> TangentCells:
    there = np.isfinite(places[..., 0]) & places.any(-1)
    q = np.where(there[..., None], places, 0.0)
    x, y = q[..., 0], q[..., 1]
    square = x * x + y * y
    dot = x[:, :, None] * x[:, None] + y[:, :, None] * y[:, None]
    cross = x[:, :, None] * y[:, None] - y[:, :, None] * x[:, None]  # p . Jq of side q (row) and place p (column)
    room = (square[:, None] - dot) / 2
    size = np.sqrt(square)
    meet = np.abs(cross) > PARALLEL * size[:, :, None] * size[:, None]
    bound = room / np.where(meet, cross, 1.0)
    high = np.where(meet & (cross > 0), bound, np.inf).min(2)
    low = np.where(meet & (cross < 0), bound, -np.inf).max(2)
    aligned = ~meet & (dot > 0) & there[:, :, None] & there[:, None]
    hidden = (aligned & (room < 0)).any(2) | ~there  # behind a nearer place in the same direction
    extent = np.where(hidden, 0.0, np.maximum(high - low, 0.0))
    length = extent * size
    sides = extent > 0
    end = np.maximum(np.abs(high), np.abs(low))
    corner = np.where(sides, size * np.sqrt(0.25 + np.where(sides, end, 0.0) ** 2), 0.0).max(1)
    closed = sides.any(1)
    area = np.where(sides, length * size / 4, 0.0).sum(1)
    return TangentCells(length, np.where(closed, area, np.inf), np.where(closed, corner, np.inf))
