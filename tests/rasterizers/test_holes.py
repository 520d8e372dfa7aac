"""Triangles round tips that have few cells, and round holes that are the surface's own."""

import numpy as np
import pytest

from graphnca.rasterizers.fans import cell_triangles
from graphnca.rasterizers.holes import without_holes
from topologies import bunny_mesh, surface_mesh
from topologies.surfaces.icosahedron import icosphere_mesh

FACES = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 1], [1, 4, 5], [5, 4, 3], [5, 3, 2], [5, 2, 1]])
CORNERS = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], dtype=float)
NOWHERE = np.zeros(6, dtype=bool)


def sides(triangles: np.ndarray) -> tuple[int, int, int]:
    """How many sides are open, how many have more than two triangles, and the Euler characteristic."""
    ends = np.sort(np.stack([triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()]), axis=0)
    edges, count = np.unique(ends, axis=1, return_counts=True)
    return int((count == 1).sum()), int((count > 2).sum()), len(np.unique(triangles)) - len(edges.T) + len(triangles)


@pytest.mark.parametrize("missing", [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 6]])
def test_a_hole_between_cells_that_face_apart_is_closed(missing: list[int]) -> None:
    found = without_holes(np.delete(FACES, missing, axis=0), CORNERS, CORNERS, NOWHERE)
    assert sides(found) == (0, 0, 2)
    assert len(found) == 2 * len(np.unique(found)) - 4


def test_the_surfaces_own_end_stays_open() -> None:
    for faces, border in ((np.delete(FACES, [0, 1], axis=0), ~NOWHERE), (FACES[4:], ~NOWHERE)):
        assert len(without_holes(faces, CORNERS, CORNERS, border)) == len(faces)
    vertices, faces = icosphere_mesh(4)
    window = surface_mesh((vertices, faces[vertices[faces][:, :, 2].max(1) < 0.95]), 1500)
    assert sides(cell_triangles(window))[0] > 10


def test_of_two_triangles_on_the_same_side_of_an_edge_one_is_left() -> None:
    found = without_holes(np.concatenate([FACES, [[0, 1, 3]]]), CORNERS, CORNERS, NOWHERE)
    np.testing.assert_array_equal(found, FACES)


@pytest.mark.parametrize(("cells", "seed"), [(4000, 0), (1500, 1)])
def test_triangles_of_a_bunny_with_few_cells_are_closed(cells: int, seed: int) -> None:
    """Edges pass one another at the tips of its ears: without more, 13 and 5 sides would be open."""
    assert sides(cell_triangles(surface_mesh(bunny_mesh(), cells, seed=seed))) == (0, 0, 2)
