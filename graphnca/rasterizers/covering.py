"""Which triangles of the plane contain which points."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

ROUNDING = 1e-9  # share of a corner below 0 that is rounding error: no crack opens between two triangles


class Covering(NamedTuple):
    """Pairs of a point and a triangle that contains it, in no order.

    Attributes:
        point: Number of the point.
        triangle: Number of the triangle.
        share: How far the point belongs to each corner (barycentric coordinates); they sum to 1.
    """

    point: Int[np.ndarray, " k"]
    triangle: Int[np.ndarray, " k"]
    share: Float[np.ndarray, "k 3"]

    def first(self, rank: Float[np.ndarray, " k"], num_points: int) -> Int[np.ndarray, " p"]:
        """Of each point that is covered, the pair of lowest rank."""
        best = np.full(num_points, -1)
        order = np.argsort(-rank, kind="stable")
        best[self.point[order]] = order  # of several values numpy keeps the last
        return best[best >= 0]


def covering(corners: Float[np.ndarray, "t 3 2"], points: Float[np.ndarray, "p 2"]) -> Covering:
    """All pairs of a point and a triangle that contains it, borders included; triangles may turn either way.

    Points stand in square bins, row by row; a triangle looks at those that its bounding box touches.
    """
    to_b, to_c = (corners[:, corner] - corners[:, 0] for corner in (1, 2))
    doubled = to_b[:, 0] * to_c[:, 1] - to_b[:, 1] * to_c[:, 0]
    low, high = corners.min(1), corners.max(1)
    begin, end = points.min(0), points.max(0)
    near = np.flatnonzero((doubled != 0) & (high >= begin).all(1) & (low <= end).all(1))
    if not near.size:
        return Covering(np.empty(0, int), np.empty(0, int), np.empty((0, 3)))
    area = max(float(np.prod(end - begin)), np.finfo(float).tiny)
    side = max(np.sqrt(area / len(points)), float((high - low)[near].mean()) / 4, float((end - begin).max()) / 4096)
    columns, rows = (int(count) for count in (end - begin) // side + 1)
    column, row = ((points - begin) // side).astype(int).T
    order = np.argsort(row * columns + column, kind="stable")
    start = np.append(0, np.bincount(row * columns + column, minlength=rows * columns).cumsum())

    left, top = np.maximum((low[near] - begin) // side, 0).astype(int).T
    right, bottom = np.minimum((high[near] - begin) // side, [columns - 1, rows - 1]).astype(int).T
    strip, line = _ranges(top, bottom + 1)  # one strip of bins a row
    place, at = _ranges(start[line * columns + left[strip]], start[line * columns + right[strip] + 1])
    triangle, point = near[strip[place]], order[at]

    # Shares are linear in the place; pairs that one share leaves outside are not asked for the next.
    slopes = np.stack([to_c[:, 1], -to_c[:, 0], -to_b[:, 1], to_b[:, 0]])
    slopes = np.divide(slopes, doubled, out=np.zeros_like(slopes), where=doubled != 0)
    shares = np.empty((0, len(point)))
    for x_slope, y_slope in (slopes[:2], slopes[2:]):
        offset = x_slope * corners[:, 0, 0] + y_slope * corners[:, 0, 1]
        share = x_slope[triangle] * points[point, 0] + y_slope[triangle] * points[point, 1] - offset[triangle]
        inside = (share >= -ROUNDING) & (shares.sum(0) + share <= 1 + ROUNDING)
        point, triangle = point[inside], triangle[inside]
        shares = np.concatenate([shares[:, inside], share[None, inside]])
    share = np.clip(np.stack([1 - shares.sum(0), *shares], axis=1), 0.0, 1.0)
    return Covering(point, triangle, share / share.sum(1, keepdims=True))


def _ranges(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of all ranges [first, last), one range after the other: whose each is, and itself."""
    count = last - first
    owner = np.repeat(np.arange(len(first)), count)
    return owner, np.arange(len(owner)) - np.repeat(count.cumsum() - count, count) + first[owner]
