"""Meshes with places in a picture: their own, or charts."""

import re
import sys

import numpy as np
import pytest

from graphnca.rasterizers import TextureAtlas
from graphnca.rasterizers.fans import cell_triangles
from topologies import sphere, square_grid
from topologies.surfaces.icosahedron import icosphere_mesh

trimesh = pytest.importorskip("trimesh")

SQUARE = """
v 0 0 0\nv 2 0 0\nv 2 1 0\nv 0 1 0
vt 0.1 0.2\nvt 0.9 0.2\nvt 0.9 0.6\nvt 0.1 0.6
f 1/1 2/2 3/3 4/4
"""


def doubled_areas(places: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (places[corner] for corner in faces.T)
    return np.cross(np.c_[b - a, 0 * a[:, :1]], np.c_[c - a, 0 * a[:, :1]])[:, 2]


def test_a_mesh_keeps_its_own_texture_coordinates(tmp_path) -> None:
    (tmp_path / "square.obj").write_text(SQUARE)
    atlas = TextureAtlas.of_mesh(tmp_path / "square.obj")
    order = np.lexsort(atlas.vertices.T[:2])
    np.testing.assert_allclose(atlas.vertices[order], [[0, 0, 0], [2, 0, 0], [0, 1, 0], [2, 1, 0]])
    np.testing.assert_allclose(atlas.places[order], [[0.1, 0.8], [0.9, 0.8], [0.1, 0.4], [0.9, 0.4]], atol=1e-6)
    np.testing.assert_allclose(atlas.normals, np.tile([0, 0, 1.0], (4, 1)))
    assert len(atlas.faces) == 2


def test_a_seam_of_the_texture_is_none_of_the_surface() -> None:
    vertices, faces = icosphere_mesh(2)
    apart = trimesh.Trimesh(vertices[faces].reshape(-1, 3), np.arange(faces.size).reshape(-1, 3), process=False)
    apart.visual = trimesh.visual.TextureVisuals(uv=np.random.default_rng(0).random((faces.size, 2)))
    atlas = TextureAtlas.of_mesh(apart)
    assert (atlas.normals * atlas.vertices).sum(1).min() > 0.99


@pytest.mark.parametrize("of_cells", [True, False])
def test_charts_hold_every_face_once(of_cells: bool) -> None:
    pytest.importorskip("xatlas")
    ball = sphere(300)
    if of_cells:
        atlas, source, faces = TextureAtlas.of_cells(ball), ball["pos"].double().numpy(), cell_triangles(ball)
    else:
        source, faces = icosphere_mesh(2)
        atlas = TextureAtlas.of_mesh(trimesh.Trimesh(source, faces, process=False))
    np.testing.assert_allclose(atlas.vertices[atlas.faces], source[faces], atol=1e-6)
    assert atlas.places.min() >= 0 and atlas.places.max() <= 1
    area = np.abs(doubled_areas(atlas.places, atlas.faces)).sum() / 2
    assert 0.3 < area < 1  # and they do not cover each other:
    from graphnca.rasterizers.covering import covering

    points = np.random.default_rng(0).random((20000, 2))
    found = covering(atlas.places[atlas.faces], points)
    assert len(np.unique(found.point)) > 0.99 * len(found.point)
    np.testing.assert_allclose(len(found.point) / 20000, area, atol=0.02)


def test_what_has_no_texture_is_refused(tmp_path, monkeypatch) -> None:
    with pytest.raises(FileNotFoundError, match="`mesh` must be a file"):
        TextureAtlas.of_mesh(tmp_path / "nowhere.obj")
    with pytest.raises(ValueError, match=re.escape("with faces, got int")):
        TextureAtlas.of_mesh(7)
    (tmp_path / "tiles.obj").write_text(SQUARE.replace("vt 0.9 0.6", "vt 3 0.6"))
    with pytest.raises(ValueError, match="texture coordinates from 0 to 1"):
        TextureAtlas.of_mesh(tmp_path / "tiles.obj")
    with pytest.raises(ValueError, match="surface in space"):
        TextureAtlas.of_cells(square_grid(4, 4))
    monkeypatch.setitem(sys.modules, "xatlas", None)
    with pytest.raises(ImportError, match=re.escape("xatlas: pip install 'graphnca[bake]'")):
        TextureAtlas.of_cells(sphere(100))
