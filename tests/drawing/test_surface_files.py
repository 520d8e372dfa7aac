"""Surfaces as files, read back by another program's reader."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca.drawing import save_surface
from graphnca.rasterizers.fans import cell_triangles
from topologies import sphere, square_grid, surface_from_mesh


@pytest.fixture(scope="module")
def ball() -> Data:
    return sphere(300)


def colours(ball: Data) -> torch.Tensor:
    """RGBA of 256 levels, opaque."""
    generator = torch.Generator().manual_seed(0)
    levels = torch.randint(0, 256, (len(ball["pos"]), 3), generator=generator)
    return torch.cat([levels / 255, torch.ones(len(levels), 1)], dim=1)


def parts_of_glb(path: Path) -> tuple[dict[str, Any], list[np.ndarray]]:
    data = path.read_bytes()
    magic, version, length, size, kind = struct.unpack("<4sIII4s", data[:20])
    assert (magic, version, length, kind, size % 4) == (b"glTF", 2, len(data), b"JSON", 0)
    scene = json.loads(data[20 : 20 + size])
    binary_size, kind = struct.unpack("<I4s", data[20 + size : 28 + size])
    binary = data[28 + size :]
    assert kind == b"BIN\0" and binary_size == len(binary) == scene["buffers"][0]["byteLength"]
    numbers = {5126: "<f4", 5123: "<u2", 5125: "<u4"}
    arrays = []
    for accessor in scene["accessors"]:
        view = scene["bufferViews"][accessor["bufferView"]]
        assert view["byteOffset"] % 4 == 0
        part = binary[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
        array = np.frombuffer(part, numbers[accessor["componentType"]])
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        arrays.append(array.reshape(-1, width))
        assert len(arrays[-1]) == accessor["count"]
    return scene, arrays


@pytest.mark.parametrize("suffix", [".ply", ".glb"])
def test_another_reader_finds_the_closed_surface(suffix: str, ball: Data, tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    save_surface(tmp_path / f"ball{suffix}", colours(ball), ball)
    found = trimesh.load_scene(tmp_path / f"ball{suffix}", process=False).to_mesh()
    np.testing.assert_allclose(found.vertices, ball["pos"].numpy(), rtol=1e-6)
    np.testing.assert_array_equal(found.faces, cell_triangles(ball))
    assert found.is_watertight and found.is_winding_consistent
    radius = float(ball["pos"].norm(dim=1).mean())
    assert 0.95 < found.volume / (4 / 3 * np.pi * radius**3) < 1  # outside out
    np.testing.assert_allclose(found.vertex_normals, ball["normal"].numpy(), atol=0.2)


def test_a_ply_keeps_the_colours_of_the_cells(ball: Data, tmp_path: Path) -> None:
    trimesh = pytest.importorskip("trimesh")
    states = colours(ball)
    save_surface(tmp_path / "ball.ply", states, ball)
    found = trimesh.load(tmp_path / "ball.ply", process=False)
    np.testing.assert_array_equal(found.visual.vertex_colors[:, :3], np.rint(255 * states[:, :3].numpy()))


def test_a_glb_holds_amounts_of_light(ball: Data, tmp_path: Path) -> None:
    """Vertex colours of glTF are linear: a reader turns them to sRGB and finds the colours of the cells."""
    states = colours(ball)
    save_surface(tmp_path / "ball.glb", states, ball)
    scene, (places, normals, light, _) = parts_of_glb(tmp_path / "ball.glb")
    assert scene["accessors"][0]["min"] == places.min(0).tolist()
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, rtol=1e-5)
    amount = light[:, :3] / 65535
    screen = np.where(amount <= 0.0031308, 12.92 * amount, 1.055 * amount ** (1 / 2.4) - 0.055)
    assert np.abs(screen - states[:, :3].numpy()).max() < 0.5 / 255
    assert (light[:, 3] == 65535).all()


def test_an_exported_surface_is_a_mesh_for_cells(ball: Data, tmp_path: Path) -> None:
    pytest.importorskip("trimesh")
    save_surface(tmp_path / "ball.ply", colours(ball), ball)
    again = surface_from_mesh(tmp_path / "ball.ply")
    assert len(again["pos"]) == len(ball["pos"])


def test_textures_and_channels_are_shown_as_in_pictures(ball: Data, tmp_path: Path) -> None:
    states = colours(ball)
    save_surface(tmp_path / "a.ply", states, ball)
    save_surface(tmp_path / "b.ply", states[:, :3] - 0.5, ball, offset=0.5)
    assert (tmp_path / "a.ply").read_bytes() == (tmp_path / "b.ply").read_bytes()
    save_surface(tmp_path / "c.ply", states, ball, channel=0, limit=1.0)
    assert (tmp_path / "a.ply").read_bytes() != (tmp_path / "c.ply").read_bytes()


def test_bad_arguments(ball: Data, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`path` must end in \.glb or \.ply"):
        save_surface(tmp_path / "ball.obj", colours(ball), ball)
    with pytest.raises(ValueError, match="`states` must have shape"):
        save_surface(tmp_path / "ball.ply", torch.zeros(3, 4), ball)
    with pytest.raises(ValueError, match="`topology` must be a surface in space"):
        save_surface(tmp_path / "ball.ply", torch.zeros(16, 4), square_grid(4, 4))
    with pytest.raises(FileNotFoundError):
        save_surface(tmp_path / "nowhere" / "ball.ply", colours(ball), ball)
