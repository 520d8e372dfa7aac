"""`graphnca grow` on surfaces in space: shapes, meshes in files, pictures, animations and meshes with colours."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from graphnca import save_rule
from topologies import bunny_mesh, save_topology, sphere


def test_a_pattern_lies_before_the_viewer(graphnca, small_rule: Path) -> None:
    """After no step the seed is the one dark cell, in the middle of a picture from any side."""
    for view in (("0", "0"), ("130", "40")):
        run = ("--substrate", "sphere", "--cells", "500", "--steps", "0", "--view", *view, "--out", "a.png")
        outcome = graphnca("grow", str(small_rule), *run)
        assert outcome.status == 0 and "1 cells alive" in outcome.out, outcome.err
        with Image.open("a.png") as picture:
            grey = torch.from_numpy(np.array(picture.convert("L")))
        row, column = (grey < 60).nonzero().double().mean(0).tolist()
        assert abs(row - grey.shape[0] / 2) < 15 and abs(column - grey.shape[1] / 2) < 15


@pytest.mark.parametrize("ending", [".glb", ".ply"])
def test_cells_on_a_mesh_become_a_mesh(ending: str, graphnca, tmp_path: Path, random_rule) -> None:
    trimesh = pytest.importorskip("trimesh")
    save_rule(random_rule(6, 8, "laplacian", life_mask=None), tmp_path / "t.safetensors", {"size": 8})
    trimesh.Trimesh(*bunny_mesh()).export("bunny.ply")
    out = f"out{ending}"
    outcome = graphnca(
        "grow", "t.safetensors", "--substrate", "bunny.ply", "--cells", "800", "--steps", "2", "--out", out
    )
    assert outcome.status == 0 and outcome.out.endswith(f"wrote {out}\n"), outcome.err
    mesh = trimesh.load_scene(out, process=False).to_mesh()
    assert 780 < len(mesh.vertices) < 820


def test_a_texture_is_laid_on_the_mesh_itself(graphnca, tmp_path: Path, random_rule) -> None:
    trimesh = pytest.importorskip("trimesh")
    vertices, faces = bunny_mesh()
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    mesh.visual = trimesh.visual.TextureVisuals(uv=(vertices[:, :2] - vertices[:, :2].min(0)) / np.ptp(vertices[:, :2]))
    mesh.export("bunny.obj")
    card = {"size": 8, "height": 5, "roughness": 4}
    save_rule(random_rule(6, 8, "laplacian", life_mask=None), tmp_path / "t.safetensors", card)
    run = ("grow", "t.safetensors", "--substrate", "bunny.obj", "--cells", "800", "--steps", "2")
    outcome = graphnca(*run, "--bake", "64", "--out", "out.glb")
    assert outcome.status == 0, outcome.err
    written = ["out.png", "out-roughness.png", "out-normal.png", "out.glb"]
    assert outcome.out.splitlines()[-4:] == [f"wrote {name}" for name in written]
    found = trimesh.load_scene("out.glb", process=False).to_mesh()
    np.testing.assert_allclose(np.sort(found.vertices[:, 0]), np.sort(vertices[:, 0]), atol=1e-5)
    assert found.visual.material.normalTexture.size == (64, 64)
    outcome = graphnca(*run, "--bake", "64", "--out", "out.ply")
    assert outcome.status != 0 and "--bake is for a surface in space with an --out that ends in .glb" in outcome.err


def test_a_surface_turns_and_can_be_cut(graphnca, small_rule: Path) -> None:
    run = ("--substrate", "torus", "--cells", "300", "--steps", "2", "--turn", "90", "--scale", "1")
    cuts = [argument for cut in ("left", "middle", "disk") for argument in ("--damage", f"1:{cut}")]
    outcome = graphnca("grow", str(small_rule), *run, *cuts, "--every", "1", "--out", "a.webp")
    assert outcome.status == 0, outcome.err
    with Image.open("a.webp") as animation:
        assert getattr(animation, "n_frames", 1) == 3


def test_a_surface_of_ones_own(graphnca, small_rule: Path) -> None:
    save_topology(sphere(200), "ball.safetensors")
    outcome = graphnca("grow", str(small_rule), "--substrate", "ball.safetensors", "--steps", "1", "--out", "a.png")
    assert outcome.status == 0 and Path("a.png").is_file(), outcome.err


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["--substrate", "hex", "--cells", "100"], "--cells is for surfaces in space"),
        (["--substrate", "hex", "--out", "a.glb"], "--out a.glb is for a surface in space"),
        (["--substrate", "nowhere.ply"], "there is no file 'nowhere.ply'"),
        (["--substrate", "sphere", "--cells", "3"], "no surface of 3 cells can be made of sphere"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], reported: str, graphnca, small_rule: Path) -> None:
    outcome = graphnca("grow", str(small_rule), *arguments)
    assert outcome.status != 0 and reported in outcome.err and "Traceback" not in outcome.err
