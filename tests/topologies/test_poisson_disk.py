"""Poisson-disk points: apart, without holes, the same at the seam as elsewhere."""

import numpy as np
import pytest
from scipy.spatial import KDTree

from topologies.poisson_disk import poisson_disk

EXTENTS = [(20.0, 20.0), (31.0, 7.5), (4.0, 4.0), (2.0, 9.0)]


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("extent", EXTENTS)
def test_points_keep_their_distance_and_leave_no_hole(extent: tuple[float, float], periodic: bool) -> None:
    points = poisson_disk(extent, 0.9, np.random.default_rng(0), periodic=periodic)
    assert (points >= 0).all()
    assert (points < extent).all()
    tree = KDTree(points, boxsize=extent if periodic else None)
    assert tree.query(points, k=2)[0][:, 1].min() >= 0.9
    places = np.stack(np.meshgrid(*(np.arange(0, size, 0.05) for size in extent)), axis=-1).reshape(-1, 2)
    assert tree.query(places)[0].max() <= 0.9 + 1e-6


def test_density_is_the_jamming_density_of_disks() -> None:
    # Random sequential addition of disks ends at a covered share of 0.547, that is 0.6965 points per radius^2.
    points = poisson_disk((60.0, 60.0), 1.0, np.random.default_rng(1))
    assert len(points) / 3600 == pytest.approx(0.547 * 4 / np.pi, rel=0.02)


def test_the_seam_looks_like_the_middle() -> None:
    points = np.concatenate([poisson_disk((30.0, 30.0), 0.9, np.random.default_rng(s)) for s in range(10)])
    near_seam = (np.minimum(points, 30 - points) < 1).any(axis=1).mean()
    assert near_seam == pytest.approx(1 - (28 / 30) ** 2, rel=0.05)


@pytest.mark.parametrize("periodic", [True, False])
def test_the_same_seed_gives_the_same_points(periodic: bool) -> None:
    one, same, other = (poisson_disk((9.0, 8.0), 0.9, np.random.default_rng(s), periodic=periodic) for s in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert one.shape != other.shape or (one != other).any()
