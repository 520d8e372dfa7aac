"""Meshes with a texture, read back by another program's reader."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch_geometric.data import Data

from graphnca.drawing import bake_surface
from graphnca.drawing.baking import slope_in_space
from graphnca.rasterizers import SurfaceTexture, TextureAtlas
from topologies import sphere, square_grid, surface_mesh

from .test_surface_files import colours, parts_of_glb

SIDE = 20.0


def plate(turn: float = 0.0, mirrored: bool = False) -> TextureAtlas:
    """A square of four triangles in space, in the middle of its picture; that lies turned on it, or mirrored."""
    corners = np.array([[0.0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE], [SIDE / 2, SIDE / 2]])
    vertices = np.c_[corners, np.zeros(5)] + [3.0, 1, 2]
    cos, sin = np.cos(turn), np.sin(turn)
    places = (corners / SIDE - 0.5) * (1, -1) @ np.array([[cos, sin], [-sin, cos]]) * 0.7 + 0.5
    places = places * (-1, 1) + (1, 0) if mirrored else places
    faces = np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])
    return TextureAtlas(vertices, np.tile([0, 0, 1.0], (5, 1)), faces, places)


def cells_on(atlas: TextureAtlas, cells: int = 300) -> Data:
    return surface_mesh((atlas.vertices, atlas.faces), cells)


def read_png(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture).astype(int)


def test_another_reader_finds_mesh_texture_and_colours(tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    pytest.importorskip("xatlas")
    ball = sphere(300)
    states = colours(ball)
    files = bake_surface(tmp_path / "ball.glb", states, ball, 256, interpolation="nearest")
    assert [file.name for file in files] == ["ball.glb", "ball.png"]
    found = trimesh.load_scene(files[0], process=False).to_mesh()
    texture = SurfaceTexture(ball, TextureAtlas.of_cells(ball), 256, interpolation="nearest")
    np.testing.assert_allclose(found.vertices, texture.atlas.vertices, rtol=1e-6)
    np.testing.assert_array_equal(found.faces, texture.atlas.faces)
    np.testing.assert_allclose(found.visual.uv * (1, -1) + (0, 1), texture.atlas.places, atol=1e-6)
    assert found.visual.material.metallicFactor == 0 and found.visual.material.roughnessFactor == 1
    inside = np.asarray(found.visual.material.baseColorTexture.convert("RGB")).astype(int)
    np.testing.assert_array_equal(inside, read_png(files[1]))
    # each pixel of a face has the colour of the cell that covers it
    cell = texture(torch.arange(len(ball["pos"]), dtype=torch.float64)[:, None])[0].numpy().astype(int)
    wanted = np.rint(255 * states[:, :3].numpy()).astype(int)[cell]
    np.testing.assert_array_equal(inside[texture.covered], wanted[texture.covered])
    # and the reader, who looks a vertex up, finds the colour of its cell there, or of one beside it
    distance = np.linalg.norm(found.vertices[:, None] - ball["pos"].numpy(), axis=2)
    own = np.rint(255 * states[:, :3].numpy()).astype(int)[distance.argmin(1)]
    seen = found.visual.material.to_color(found.visual.uv)[:, :3].astype(int)
    assert (np.abs(seen - own).max(1) <= 1).mean() > 0.5


def test_beside_the_faces_colours_go_on(tmp_path: Path) -> None:
    atlas = plate(turn=0.4)
    flat = cells_on(atlas)
    _, picture = bake_surface(tmp_path / "a.glb", torch.full((len(flat["pos"]), 3), 0.3), flat, 64, mesh=atlas)
    assert len(np.unique(read_png(picture))) == 1


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turn", [0.0, 0.9])
def test_the_normals_of_a_ramp_are_those_of_the_ramp(turn: float, mirrored: bool, tmp_path: Path) -> None:
    """A plate raised by a linear height: a viewer's tangent frame makes one normal of all pixels, (-a, -b, 1)."""
    atlas = plate(turn, mirrored)
    flat = cells_on(atlas, 700)
    texture = SurfaceTexture(flat, atlas, 64)
    slope = torch.tensor([0.5, -0.2])
    files = bake_surface(tmp_path / "ramp.glb", colours(flat), flat, 64, mesh=atlas, height=flat["pos"][:, :2] @ slope)
    assert [file.name for file in files] == ["ramp.glb", "ramp.png", "ramp-normal.png"]
    scene, (places, normals, _, tangents, _) = parts_of_glb(files[0])
    assert list(scene["meshes"][0]["primitives"][0]["attributes"]) == ["POSITION", "NORMAL", "TEXCOORD_0", "TANGENT"]
    np.testing.assert_allclose(places, atlas.vertices, rtol=1e-6)  # in the mesh's own unit, whatever that of the cells
    assert abs(texture.unit - 1) > 0.1
    right, up = tangents[0, :3], np.cross(normals[0], tangents[0, :3]) * tangents[0, 3]
    across = np.linalg.lstsq(np.c_[atlas.vertices[:, :2], np.ones(5)], atlas.places, rcond=None)[0][:2]
    np.testing.assert_allclose(np.sign(right[:2] @ across[:, 0]), 1)  # x of the picture grows along the tangent,
    np.testing.assert_allclose(right[:2] @ across[:, 1], 0, atol=1e-6)
    assert up[:2] @ across[:, 1] < 0  # and its y, which points down, against the third
    seen = read_png(files[2])[texture.covered] / 255 * 2 - 1
    found = seen[:, :1] * right + seen[:, 1:2] * up + seen[:, 2:] * normals[0]
    wanted = np.array([-0.5, 0.2, 1]) / np.linalg.norm([-0.5, 0.2, 1])
    inner = np.abs(texture.interpolated(atlas.vertices)[:, :2] - [3 + SIDE / 2, 1 + SIDE / 2]).max(1) < 0.36 * SIDE
    assert np.abs(found - wanted)[inner].max() < 0.01  # 1/127, of 8 bits; at the border nothing flows out


def test_slopes_are_perceived_as_they_are() -> None:
    ball = sphere(1000)
    up = torch.tensor([0.0, 0.0, 1.0])
    found = slope_in_space(ball, ball["normal"][:, 2])
    radius = ball["pos"].norm(dim=1).mean()
    wanted = (up - ball["normal"][:, 2:] * ball["normal"]) / radius
    torch.testing.assert_close(found.float(), wanted, atol=0.02 / float(radius), rtol=0)


def test_roughness_is_the_green_of_a_map_without_metal(tmp_path: Path) -> None:
    atlas = plate()
    flat = cells_on(atlas)
    rough = torch.linspace(-0.2, 1.2, len(flat["pos"]))
    files = bake_surface(
        tmp_path / "a.glb", colours(flat), flat, 64, mesh=atlas, roughness=rough, interpolation="nearest"
    )
    assert [file.name for file in files] == ["a.glb", "a.png", "a-roughness.png"]
    texture = SurfaceTexture(flat, atlas, 64, interpolation="nearest")
    wanted = texture(rough[:, None].clamp(0, 1).double())[0].numpy()[texture.covered]
    red, green, blue = read_png(files[2])[texture.covered].T
    np.testing.assert_array_equal(green, np.rint(255 * wanted).astype(int))
    assert (red == 255).all() and (blue == 0).all()
    scene, _ = parts_of_glb(files[0])
    assert set(scene["materials"][0]["pbrMetallicRoughness"]) >= {"baseColorTexture", "metallicRoughnessTexture"}
    view = scene["bufferViews"][scene["images"][1]["bufferView"]]
    data = files[0].read_bytes()
    begin = len(data) - scene["buffers"][0]["byteLength"] + view["byteOffset"]
    with Image.open(BytesIO(data[begin : begin + view["byteLength"]])) as inside:
        np.testing.assert_array_equal(np.asarray(inside), read_png(files[2]))


def test_bad_arguments(tmp_path: Path, as_released: None) -> None:
    atlas = plate()
    flat = cells_on(atlas)
    states = colours(flat)
    with pytest.raises(ValueError, match=r"`path` must end in \.glb"):
        bake_surface(tmp_path / "a.ply", states, flat, mesh=atlas)
    with pytest.raises(ValueError, match="`states` must have shape"):
        bake_surface(tmp_path / "a.glb", states[1:], flat, mesh=atlas)
    with pytest.raises(ValueError, match="`height` must be"):
        bake_surface(tmp_path / "a.glb", states, flat, mesh=atlas, height=torch.zeros(3))
    with pytest.raises(ValueError, match="surface in space"):
        bake_surface(tmp_path / "a.glb", torch.zeros(16, 4), square_grid(4, 4), mesh=atlas)
    with pytest.raises(FileNotFoundError, match="existing folder"):
        bake_surface(tmp_path / "nowhere" / "a.glb", states, flat, mesh=atlas)
    assert not list(tmp_path.iterdir())
