"""Every form in which a mesh comes is the same mesh."""

import re
import sys

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from topologies.contract import TopologyError
from topologies.surfaces.icosahedron import icosphere_mesh
from topologies.surfaces.mesh_files import FORMATS, read_mesh
from topologies.surfaces.mesh_repair import sound_mesh

trimesh = pytest.importorskip("trimesh")
VERTICES, FACES = icosphere_mesh(1)

CUBE_WITH_SEAMS = """
v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 0 0 1\nv 1 0 1\nv 1 1 1\nv 0 1 1
vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nvt 0.5 0.5
f 4/1 3/2 2/3 1/4\nf 5/1 6/2 7/3 8/4\nf 1/5 2/2 6/3 5/4\nf 2/1 3/5 7/3 6/4\nf 3/1 4/2 8/5 7/4\nf 4/1 1/2 5/3 8/5
"""


@pytest.mark.parametrize("ending", FORMATS)
def test_files_of_every_format(ending: str, tmp_path) -> None:
    path = tmp_path / f"ball{ending}"
    trimesh.Trimesh(VERTICES, FACES, process=False).export(path)
    mesh = sound_mesh(path)
    assert mesh.vertices.shape == VERTICES.shape and len(mesh.faces) == len(FACES) and not len(mesh.borders)
    distance = np.linalg.norm(mesh.vertices[:, None] - VERTICES, axis=2).min(1)
    assert distance.max() < 1e-6
    assert sound_mesh(str(path)).faces.shape == FACES.shape


def test_a_cube_of_squares_with_texture_seams_is_closed(tmp_path) -> None:
    path = tmp_path / "cube.obj"
    path.write_text(CUBE_WITH_SEAMS)
    mesh = sound_mesh(path)
    assert mesh.vertices.shape == (8, 3) and mesh.faces.shape == (12, 3) and not len(mesh.borders)
    np.testing.assert_allclose(mesh.areas.sum(), 6.0)


def test_other_forms() -> None:
    data = Data(pos=torch.from_numpy(VERTICES).float(), face=torch.from_numpy(FACES).T)
    for form in ((VERTICES, FACES), [VERTICES.tolist(), FACES.tolist()], data, trimesh.Trimesh(VERTICES, FACES)):
        vertices, faces = read_mesh(form)
        np.testing.assert_allclose(vertices, VERTICES, atol=1e-7)
        np.testing.assert_array_equal(faces, FACES)


@pytest.mark.parametrize(
    ("mesh", "words"),
    [
        (7, "must be a path, (vertices, faces)"),
        ((VERTICES[:, :2], FACES), "vertices of shape (V, 3), got (42, 2)"),
        ((VERTICES, FACES.astype(float)), "whole numbers, got (80, 3) of float64"),
        ((VERTICES, np.zeros((0, 3))), "whole numbers"),
        (Data(pos=torch.zeros(3, 3)), "`pos` and `face`"),
        ("ball.stp", "one of the formats .obj, .ply"),
    ],
)
def test_what_is_no_mesh_is_refused(mesh, words: str) -> None:
    with pytest.raises(TopologyError, match=re.escape(words)):
        read_mesh(mesh)


def test_files_that_cannot_be_read(tmp_path, monkeypatch) -> None:
    with pytest.raises(FileNotFoundError, match="`mesh` must be a file"):
        read_mesh(tmp_path / "none.ply")
    (tmp_path / "broken.ply").write_text("ply\nformat nothing")
    with pytest.raises(TopologyError, match="readable .ply file"):
        read_mesh(tmp_path / "broken.ply")
    points = tmp_path / "points.ply"
    trimesh.PointCloud(VERTICES).export(points)
    with pytest.raises(TopologyError, match="surface_from_points"):
        read_mesh(points)
    monkeypatch.setitem(sys.modules, "trimesh", None)
    with pytest.raises(ImportError, match=re.escape("graphnca[surface]")):
        read_mesh(points)
