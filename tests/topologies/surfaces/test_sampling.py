"""Poisson-disk points on a surface."""

import numpy as np
import pytest
from scipy.spatial import KDTree

from topologies.contract import TopologyError
from topologies.surfaces.sampling import DENSITY, poisson_disk_on_surface


def square(two_sided: bool, thickness: float = 0.0, seed: int = 0):
    """Uniform samples of a unit square, or of both sides of a wall of that thickness."""
    rng = np.random.default_rng(seed)

    def sampler(count: int):
        up = rng.random(count) < 0.5 if two_sided else np.ones(count, bool)
        pos = np.c_[rng.random((count, 2)), np.where(up, 0.0, -thickness)]
        return pos, np.outer(np.where(up, 1.0, -1.0), [0, 0, 1])

    return sampler


def test_points_keep_their_distance_and_leave_no_room() -> None:
    count = 400
    pos, _, _ = poisson_disk_on_surface(square(False), 1.0, count)
    assert abs(len(pos) - count) <= 0.02 * count
    distance, _ = KDTree(pos).query(pos, 2)
    radius = distance[:, 1].min()
    assert radius > 0.93 * np.sqrt(DENSITY / count)
    inner = np.random.default_rng(1).uniform(0.1, 0.9, (5000, 2))
    gap, _ = KDTree(pos).query(np.c_[inner, np.zeros(5000)])
    assert (
        gap > radius
    ).mean() < 0.01  # a maximal sample has no room for another; of 24 samples a point, little is left


def test_the_two_sides_of_a_thin_wall_do_not_see_each_other() -> None:
    pos, normal, _ = poisson_disk_on_surface(square(True, 1e-3), 2.0, 400)
    upper = normal[:, 2] > 0
    assert abs(upper.mean() - 0.5) < 0.05
    radius = KDTree(pos[upper]).query(pos[upper], 2)[0][:, 1].min()
    across, _ = KDTree(pos[upper]).query(pos[~upper])
    assert across.min() < 0.5 * radius


def test_samples_are_known_by_their_number() -> None:
    drawn = []
    inner = square(False)

    def sampler(count: int):
        pos, normal = inner(count)
        drawn.append(pos)
        return pos, normal

    pos, _, number = poisson_disk_on_surface(
        sampler, 1.3, 300
    )  # an area that is not that of the samples: several tries
    np.testing.assert_array_equal(np.concatenate(drawn)[number], pos)


def test_a_surface_without_room_says_so() -> None:
    def two_places(count: int):
        return np.eye(3)[np.arange(count) % 2], np.tile([0.0, 0.0, 1.0], (count, 1))

    with pytest.raises(TopologyError, match="`cells` must be as many as the surface has room for, got 50"):
        poisson_disk_on_surface(two_places, 1.0, 50)
