"""What is mended at the door, with which words, and what is refused."""

import re

import numpy as np
import pytest

from topologies.contract import TopologyError
from topologies.surfaces.icosahedron import icosphere_mesh
from topologies.surfaces.mesh_repair import SurfaceWarning, sound_mesh

VERTICES, FACES = icosphere_mesh(1)


def volume(mesh) -> float:
    return float((mesh.vertices[mesh.faces].mean(1) * mesh.face_vectors).sum() / 6)


def test_seams_are_welded_and_unused_vertices_dropped_in_silence() -> None:
    apart = np.concatenate([[[9.0, 9, 9]], VERTICES[FACES].reshape(-1, 3)])  # as in an STL file, and one more
    mesh = sound_mesh((apart, np.arange(FACES.size).reshape(-1, 3) + 1))
    assert len(mesh.vertices) == len(VERTICES) and len(mesh.borders) == 0


def test_vertices_keep_their_order() -> None:
    mesh = sound_mesh((VERTICES, FACES))
    np.testing.assert_array_equal(mesh.vertices, VERTICES)
    np.testing.assert_array_equal(mesh.faces, FACES)


def test_squares_become_triangles_along_the_shorter_diagonal() -> None:
    x, y = np.meshgrid(np.arange(4), np.arange(4), indexing="ij")
    vertices = np.stack([x + 0.5 * y, y, 0 * x], axis=2).reshape(-1, 3).astype(float)
    corner = (np.arange(3)[:, None] * 4 + np.arange(3)).ravel()
    mesh = sound_mesh((vertices, np.stack([corner, corner + 4, corner + 5, corner + 1], axis=1)))
    assert len(mesh.faces) == 18 and (mesh.face_vectors[:, 2] > 0).all()
    np.testing.assert_allclose(mesh.areas.sum(), 9.0)
    longest = np.linalg.norm(mesh.vertices[mesh.faces] - mesh.vertices[np.roll(mesh.faces, 1, axis=1)], axis=2).max()
    np.testing.assert_allclose(longest, np.hypot(1, 0.5))


def test_wrong_windings_are_turned_with_a_word() -> None:
    mixed = FACES.copy()
    mixed[::3] = mixed[::3, ::-1]
    with pytest.warns(SurfaceWarning, match="27 of 80 faces turned the other way"):
        mesh = sound_mesh((VERTICES, mixed))
    assert volume(mesh) > 0 and (mesh.face_vectors * mesh.vertices[mesh.faces].mean(1)).sum(1).min() > 0


def test_inside_out_is_turned_with_a_word() -> None:
    with pytest.warns(SurfaceWarning, match="inside out"):
        assert volume(sound_mesh((VERTICES, FACES[:, ::-1]))) > 0


def test_parts_stay_apart_with_a_word() -> None:
    with pytest.warns(SurfaceWarning, match="2 parts"):
        sound_mesh((np.concatenate([VERTICES, VERTICES + 5]), np.concatenate([FACES, FACES + len(VERTICES)])))


def test_faces_without_area_go_with_a_word() -> None:
    with pytest.warns(SurfaceWarning, match="1 faces without area"):
        assert len(sound_mesh((VERTICES, np.concatenate([FACES, [[0, 0, 1]]]))).faces) == len(FACES)


def moebius() -> tuple[np.ndarray, np.ndarray]:
    turn = 2 * np.pi * np.arange(24) / 24
    middle = np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=1)
    across = 0.3 * (np.cos(turn / 2)[:, None] * middle + np.sin(turn / 2)[:, None] * np.array([0, 0, 1]))
    vertices = np.stack([middle - across, middle + across], axis=1).reshape(-1, 3)
    here, there = np.arange(24) * 2, np.roll(np.arange(24) * 2, -1)
    low, high = there.copy(), there + 1
    low[-1], high[-1] = high[-1], low[-1]
    return vertices, np.stack([here, low, high, here + 1], axis=1)


@pytest.mark.parametrize(
    ("mesh", "words"),
    [
        (
            (np.where(np.arange(42)[:, None] == 5, np.nan, VERTICES), FACES),
            "finite vertices, got [nan, nan, nan] at vertex 5",
        ),
        ((VERTICES, FACES + 1), "faces of vertices 0 to 41, got 1 to 42"),
        ((VERTICES, FACES[:3]), "at least 4 faces, got 3"),
        (moebius(), "must have two sides"),
        (
            (np.concatenate([VERTICES, [[3.0, 0, 0]]]), np.concatenate([FACES, [[FACES[0, 0], FACES[0, 1], 42]]])),
            "at most two faces at every edge, got 3",
        ),
    ],
)
def test_what_is_no_surface_is_refused(mesh: tuple, words: str) -> None:
    with pytest.raises(TopologyError, match=re.escape(words)):
        sound_mesh(mesh)
