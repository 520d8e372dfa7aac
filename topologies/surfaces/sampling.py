"""Poisson-disk points on a surface, by elimination from many uniform samples of it."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

from topologies.contract import TopologyError

DENSITY = 0.697  # points of a maximal Poisson-disk sample in an area of radius^2
TOLERANCE = 0.02  # the number of points may differ from the one asked for by this share
MAX_ATTEMPTS = 8  # samples drawn until it does not differ more; only very small numbers need more than two
CROWD = 12  # points within the radius that are looked at for one on the same side: 6 fit around on each of two sides
ROUNDS = 24  # batches, each of as many candidates as there will be points

Sampler = Callable[[int], tuple[Float[np.ndarray, "m 3"], Float[np.ndarray, "m 3"]]]
"""Gives so many uniform samples of a surface: places and outer unit normals."""


def poisson_disk_on_surface(
    sampler: Sampler, area: float, count: int
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"], Int[np.ndarray, " n"]]:
    """About `count` random points (within 2 %), no two nearer than a radius, and dense.

    Places, normals, and which of all the samples drawn each one was.

    Distances are straight, and points on the two sides of a thin wall (normals more than a right angle apart) do not
    see each other.

    Raises:
        TopologyError: If no radius gives as many points.
    """
    radius, got = float(np.sqrt(DENSITY * area / count)), []
    for attempt in range(MAX_ATTEMPTS):
        pos, normal, number = _maximal(sampler, radius, count)
        if abs(len(pos) - count) <= max(TOLERANCE * count, 1):
            return pos, normal, number + attempt * ROUNDS * count
        got.append(len(pos))
        radius *= float(np.sqrt(len(pos) / count))
    raise TopologyError(f"`cells` must be as many as the surface has room for, got {count}, and found {got}.")


def _maximal(
    sampler: Sampler, radius: float, count: int
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"], Int[np.ndarray, " n"]]:
    pos, normal, number = np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0, np.int64)
    for batch in range(ROUNDS):
        new_pos, new_normal = sampler(count)
        free = np.flatnonzero(~_crowded(pos, normal, new_pos, new_normal, radius))
        won = free[_first_come(new_pos[free], new_normal[free], radius)]
        pos, normal = np.concatenate([pos, new_pos[won]]), np.concatenate([normal, new_normal[won]])
        number = np.concatenate([number, batch * count + won])
    return pos, normal, number


def _crowded(
    pos: Float[np.ndarray, "n 3"],
    normal: Float[np.ndarray, "n 3"],
    new_pos: Float[np.ndarray, "m 3"],
    new_normal: Float[np.ndarray, "m 3"],
    radius: float,
) -> Bool[np.ndarray, " m"]:
    """Which new points are nearer than the radius to an old one on their side."""
    if not len(pos):
        return np.zeros(len(new_pos), bool)
    tree = KDTree(pos)
    distance, nearest = tree.query(new_pos, distance_upper_bound=radius)
    near = np.flatnonzero(np.isfinite(distance))
    crowded = np.zeros(len(new_pos), bool)
    crowded[near] = (normal[np.asarray(nearest)[near]] * new_normal[near]).sum(1) > 0
    across = near[~crowded[near]]  # the nearest one is on the other side of a wall: perhaps another is on this one
    if len(across):
        distance, found = map(np.asarray, tree.query(new_pos[across], CROWD, distance_upper_bound=radius))
        same = (np.r_[normal, [[0, 0, 0]]][found] * new_normal[across, None]).sum(-1) > 0
        crowded[across] = (np.isfinite(distance) & same).any(1)
    return crowded


def _first_come(
    pos: Float[np.ndarray, "m 3"], normal: Float[np.ndarray, "m 3"], radius: float
) -> Bool[np.ndarray, " m"]:
    """Which points stay, if each in its turn is thrown out by an earlier one that stays."""
    pairs = KDTree(pos).query_pairs(radius, output_type="ndarray")
    pairs = pairs[(normal[pairs[:, 0]] * normal[pairs[:, 1]]).sum(1) > 0]
    early, late = pairs.min(1), pairs.max(1)
    stays, decided = np.ones(len(pos), bool), np.zeros(len(pos), bool)
    while len(early):
        waiting = np.zeros(len(pos), bool)
        waiting[late] = True
        decided = ~waiting  # none earlier that could still stay
        out = late[decided[early]]
        stays[out] = False
        kept = stays[early] & stays[late] & ~decided[early]
        early, late = early[kept], late[kept]
    return stays
