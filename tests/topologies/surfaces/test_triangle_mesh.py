"""Triangle meshes: areas, normals, borders, refinement."""

import numpy as np

from topologies.surfaces.icosahedron import icosphere_mesh
from topologies.surfaces.triangle_mesh import TriangleMesh


def strip(slant: float = 0.0) -> TriangleMesh:
    """A 1 x 4 rectangle of two long triangles."""
    return TriangleMesh(
        np.array([[0, 0, 0], [4, 0, 0], [4 + slant, 1, 0], [slant, 1, 0.0]]), np.array([[0, 1, 2], [0, 2, 3]])
    )


def test_borders_have_their_face_on_the_left() -> None:
    mesh = strip()
    borders = mesh.borders
    assert {(int(a), int(b)) for a, b, _ in borders} == {(0, 1), (1, 2), (2, 3), (3, 0)}
    start, stop = mesh.vertices[borders[:, 0]], mesh.vertices[borders[:, 1]]
    inside = mesh.vertices[mesh.faces[borders[:, 2]]].mean(1) - start
    assert (np.cross(stop - start, inside)[:, 2] > 0).all()
    assert len(TriangleMesh(*icosphere_mesh(1)).borders) == 0


def test_a_refined_mesh_is_the_same_surface_without_cracks() -> None:
    mesh = strip(slant=3.0)
    fine = mesh.refined(0.3)
    length = np.linalg.norm(fine.vertices[fine.faces] - fine.vertices[np.roll(fine.faces, 1, axis=1)], axis=2)
    assert length.max() <= 0.3
    np.testing.assert_allclose(fine.areas.sum(), mesh.areas.sum())
    assert (fine.face_vectors[:, 2] > 0).all()
    np.testing.assert_array_equal(fine.vertices[:4], mesh.vertices)
    around = fine.vertices[fine.borders[:, 1]] - fine.vertices[fine.borders[:, 0]]
    np.testing.assert_allclose(np.linalg.norm(around, axis=1).sum(), 8 + 2 * np.sqrt(10))  # no border inside
    closed = TriangleMesh(*icosphere_mesh(1)).refined(0.1)
    assert len(closed.borders) == 0 and len(closed.vertices) - len(closed.faces) / 2 == 2


def test_vertex_normals_of_a_sphere_point_outwards_whatever_the_triangles() -> None:
    vertices, faces = icosphere_mesh(3)
    normal = TriangleMesh(vertices, faces).vertex_normals()
    assert (normal * vertices).sum(1).min() > 0.9999
