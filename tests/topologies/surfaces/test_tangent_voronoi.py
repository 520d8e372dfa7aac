"""Voronoi cells round an origin, against scipy's."""

import numpy as np
import pytest
from scipy.spatial import Voronoi

from topologies.surfaces.tangent_voronoi import tangent_voronoi

SQUARE = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, -1]])


def test_cells_are_those_of_a_voronoi_diagram() -> None:
    rng = np.random.default_rng(0)
    places = rng.normal(size=(40, 20, 2))
    found = tangent_voronoi(places)
    for cell, q in enumerate(places):
        diagram = Voronoi(np.r_[[[0, 0]], q])
        region = diagram.regions[diagram.point_region[0]]
        assert -1 not in region  # of twenty places all round, none is open
        corners = diagram.vertices[region]
        length = np.zeros(20)
        for pair, ridge in zip(diagram.ridge_points, diagram.ridge_vertices, strict=True):
            if 0 in pair:
                length[pair.max() - 1] = np.linalg.norm(np.diff(diagram.vertices[ridge], axis=0))
        np.testing.assert_allclose(found.length[cell], length, atol=1e-9)
        np.testing.assert_allclose(found.reach[cell], np.linalg.norm(corners, axis=1).max())
        order = corners[np.argsort(np.arctan2(*corners.T))]
        x, y = order.T
        np.testing.assert_allclose(found.area[cell], abs((x * np.roll(y, 1) - y * np.roll(x, 1)).sum()) / 2)


def test_corners_share_no_side_and_what_is_hidden_none() -> None:
    places = np.concatenate([SQUARE, [[2.0, 0.0], [3.0, 0.3]]])[None]
    found = tangent_voronoi(places)
    np.testing.assert_allclose(found.length[0], [1, 1, 1, 1, 0, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found.area, 1.0)


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_an_open_cell_has_no_end(kept: int) -> None:
    found = tangent_voronoi(SQUARE[None, :kept])
    assert np.isinf(found.reach[0]) and np.isinf(found.area[0]) and np.isinf(found.length).any()


def test_missing_places_change_nothing() -> None:
    padded = np.concatenate([SQUARE, [[np.inf, np.inf], [0.0, 0.0]]])
    found, plain = tangent_voronoi(padded[None]), tangent_voronoi(SQUARE[None])
    np.testing.assert_array_equal(found.length[0], np.r_[plain.length[0], 0, 0])
    assert found.area == plain.area and found.reach == plain.reach
