import numpy as np
import pytest
from scipy.spatial import Delaunay

from graphnca.rasterizers.covering import covering


@pytest.mark.parametrize("stretch", [1.0, 40.0])
def test_it_finds_the_simplex_of_a_triangulation(stretch: float) -> None:
    rng = np.random.default_rng(0)
    places, points = rng.random((60, 2)) * [stretch, 1], rng.uniform(-0.2, 1.2, (700, 2)) * [stretch, 1]
    mesh = Delaunay(places)
    corners = places[mesh.simplices]
    corners[::2] = corners[::2, ::-1]  # triangles may turn either way
    found = covering(corners, points)
    simplex = mesh.find_simplex(points)
    assert np.array_equal(np.sort(found.point), np.flatnonzero(simplex >= 0))
    assert np.array_equal(simplex[found.point], found.triangle)
    np.testing.assert_allclose((found.share[:, :, None] * corners[found.triangle]).sum(1), points[found.point])


def test_overlapping_triangles_are_all_found_and_the_lowest_is_first() -> None:
    triangle = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    corners = np.stack([triangle, triangle + 0.1, triangle + 5])
    points = np.array([[0.5, 0.5], [0.05, 0.5], [9.0, 9.0]])
    found = covering(corners, points)
    assert sorted(zip(found.point.tolist(), found.triangle.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 0)]
    lowest = found.first(np.where(found.triangle == 1, 0.0, 1.0), 3)
    assert found.triangle[lowest].tolist() == [1, 0]


def test_borders_and_corners_belong_to_their_triangles_and_flat_ones_contain_nothing() -> None:
    corners = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]])
    found = covering(corners, np.array([[0.0, 0.0], [0.5, 0.5], [0.0, 0.25], [1.0, 1.0]]))
    assert sorted(found.point.tolist()) == [0, 1, 2]
    assert found.share[found.point.tolist().index(0)].tolist() == [1, 0, 0]


def test_no_triangle_no_pair() -> None:
    assert not len(covering(np.empty((0, 3, 2)), np.zeros((3, 2))).point)
    assert not len(covering(np.ones((1, 3, 2)) * [[[0], [1], [5]]] + 9, np.zeros((3, 2))).point)
