"""Normals of point clouds."""

import numpy as np
import pytest

from topologies.contract import TopologyError
from topologies.surfaces.orientation import check_consistent, estimated_normals, signed_volume


def ball(count: int = 600) -> np.ndarray:
    height = 1 - (2 * np.arange(count) + 1) / count
    around = np.pi * (1 + 5**0.5) * np.arange(count)
    return np.stack([np.sqrt(1 - height**2) * np.cos(around), np.sqrt(1 - height**2) * np.sin(around), height], 1)


def test_estimated_normals_lie_on_one_side() -> None:
    points = ball()
    along = (estimated_normals(points) * points).sum(1)
    assert np.abs(along).min() > 0.998 and abs(np.sign(along).sum()) == len(points)


def test_two_walls_near_each_other_have_sides_of_their_own() -> None:
    x, y = (part.ravel() for part in np.meshgrid(np.arange(15.0), np.arange(15.0)))
    flat = np.stack([x, y, 0 * x], axis=1)
    normal = estimated_normals(np.concatenate([flat, flat + np.array([0.3, 0.3, 4.0])]))
    for wall in (normal[:225], normal[225:]):
        assert abs(wall[:, 2].sum()) > 224.9


def test_normals_at_random_are_refused() -> None:
    points = ball()
    check_consistent(points, points)
    flipped = points * np.where(np.random.default_rng(0).random(len(points)) < 0.1, -1, 1)[:, None]
    with pytest.raises(TopologyError, match="one side of the surface"):
        check_consistent(points, flipped)


def test_volume_has_the_sign_of_the_side() -> None:
    points, area = ball(), np.full(600, 4 * np.pi / 600)
    np.testing.assert_allclose(signed_volume(points + 3, points, area), 4 * np.pi / 3, rtol=1e-3)
    assert signed_volume(points, -points, area) < 0
