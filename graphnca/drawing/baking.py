"""Surfaces for artists: a mesh with its texture, and maps of height and roughness, as one .glb and as pictures."""

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import checked
from ..atomic_file import write_atomically
from ..layers.coefficients import GRADIENT_GAIN
from ..rasterizers.interpolation import Interpolation
from ..rasterizers.surface_texture import SurfaceTexture
from ..rasterizers.texture_atlas import TextureAtlas
from .colours import parse_colour, state_colours
from .gltf import glb
from .surface import BODY

ENDING = ".glb"
BESIDE = {"baseColorTexture": "", "normalTexture": "-normal", "metallicRoughnessTexture": "-roughness"}
"""What is added to the name of the .glb for each of its pictures."""


@checked
def bake_surface(
    path: str | os.PathLike[str],
    states: Float[Tensor, "n c"],
    topology: Data,
    pixels: int = 1024,
    *,
    mesh: Any = None,
    height: Float[Tensor, " n"] | None = None,
    roughness: Float[Tensor, " n"] | None = None,
    channel: int | None = None,
    offset: float | None = None,
    limit: float | None = None,
    body: Any = BODY,
    interpolation: Interpolation = "barycentric",
) -> list[Path]:
    """Writes a surface as a mesh with a texture: a .glb (glTF 2.0) with its pictures in it, and each as a PNG beside.

    A `mesh` keeps its vertices, unit and texture coordinates; without such coordinates it is laid out in charts by
    xatlas (`pip install 'graphnca[bake]'`), and so are the triangles between the cells if there is no mesh.

    Args:
        path: The .glb to create or replace, in an existing folder.
        states: One row per cell; shown as by `CellCanvas.draw`.
        topology: A surface in space.
        pixels: Along each side of the texture.
        mesh: The mesh that the cells lie on: a path that trimesh reads, a `trimesh.Trimesh`, or a `TextureAtlas`.
        height: Of each cell over the surface, in units of length: makes a normal map in tangent space (x right, y up).
        roughness: Of each cell, from 0 (a mirror) to 1 (matt): the green of a metallic-roughness map without metal.
        channel: Show this channel on a diverging map.
        offset: Show the first three channels plus this number as RGB: 0.5 for texture rules.
        limit: The size of the channel's value that has the full colour.
        body: Colour of transparent cells.
        interpolation: Between cells: colours flow into each other, or each cell is one patch (`"nearest"`).

    Returns:
        The files, the .glb first.

    Raises:
        ValueError: Another suffix, states of another substrate, a topology that is no surface in space, or a mesh whose
            texture coordinates lie beside the picture.
        FileNotFoundError: The folder or the mesh does not exist.
        ImportError: trimesh or xatlas is needed and not installed.
    """
    path = Path(path)
    if path.suffix.lower() != ENDING:
        raise ValueError(f"`path` must end in {ENDING}, got {str(path)!r}.")
    for name, values, rest in (("states", states, " C"), ("height", height, ""), ("roughness", roughness, "")):
        if values is not None and len(values) != len(topology["pos"]):
            raise ValueError(f"`{name}` must have shape ({len(topology['pos'])},{rest}), got {tuple(values.shape)}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"`path` must lie in an existing folder, got {str(path)!r}.")
    atlas = mesh if mesh is None or isinstance(mesh, TextureAtlas) else TextureAtlas.of_mesh(mesh)
    texture = SurfaceTexture(topology, atlas, pixels, interpolation=interpolation)
    atlas = texture.atlas
    background = parse_colour("body", body)[:3]
    colours = state_colours(states, channel=channel, offset=offset, limit=limit, background=background)
    attributes = {"POSITION": atlas.vertices, "NORMAL": atlas.normals, "TEXCOORD_0": atlas.places}
    maps = {"baseColorTexture": _painted(texture, colours / 255.0)}
    if roughness is not None:
        green = roughness.detach().cpu().double().clamp(0, 1).numpy()
        maps["metallicRoughnessTexture"] = _painted(
            texture, np.stack([np.ones_like(green), green, np.zeros_like(green)], axis=1)
        )
    if height is not None:
        attributes["TANGENT"] = _tangents(atlas)
        maps["normalTexture"] = _normal_map(texture, attributes["TANGENT"], topology, height)
    pictures = {name: _png(_spread(pixel, texture)) for name, pixel in maps.items()}
    written = {path: glb(attributes, atlas.faces, pictures)}
    written |= {path.with_name(f"{path.stem}{BESIDE[name]}.png"): data for name, data in pictures.items()}
    for file, data in written.items():
        write_atomically(file, data)
    return list(written)


def _painted(texture: SurfaceTexture, values: Float[np.ndarray, "n 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """Values from 0 to 1 of the cells as a picture."""
    return _bytes(texture(torch.from_numpy(values).double()).movedim(0, -1).numpy())


def _bytes(values: Float[np.ndarray, "*s 3"]) -> UInt8[np.ndarray, "*s 3"]:
    return np.rint(255 * values).clip(0, 255).astype(np.uint8)


def _normal_map(
    texture: SurfaceTexture, tangents: Float[np.ndarray, "v 4"], topology: Data, height: Float[Tensor, " n"]
) -> UInt8[np.ndarray, "h w 3"]:
    """The normals of the surface raised by a height, in the frame that a viewer makes of normal and tangent.

    Each cell perceives the slope of the height by its stencil: exact on linear fields.
    """
    normal = _unit(texture.interpolated(texture.atlas.normals))
    along = texture.interpolated(tangents[:, :3])
    along = _unit(along - (along * normal).sum(1, keepdims=True) * normal)
    up = np.cross(normal, along) * tangents[texture.atlas.faces[texture.face, 0], 3:]
    slope = texture(slope_in_space(topology, height)).movedim(0, -1).numpy()[texture.covered]
    raised = _unit(normal - slope + (slope * normal).sum(1, keepdims=True) * normal)
    picture = np.zeros((*texture.covered.shape, 3))
    picture[texture.covered] = np.stack([(raised * axis).sum(1) for axis in (along, up, normal)], axis=1) / 2 + 0.5
    return _bytes(picture)


def slope_in_space(topology: Data, height: Float[Tensor, " n"]) -> Float[Tensor, "n 3"]:
    """The gradient of a field along the surface, as every cell perceives it, as a direction in space."""
    read, reader = topology["stencil_index"].cpu()
    values = height.detach().cpu().double()
    gradient, normal, frame = (topology[name].cpu().double() for name in ("stencil_gradient", "normal", "frame"))
    seen = gradient * (values[read] - values[reader])[:, None] / GRADIENT_GAIN
    x, y = torch.zeros(len(values), 2, dtype=torch.float64).index_add_(0, reader, seen).split(1, dim=1)
    return x * frame + y * torch.linalg.cross(frame, normal)


def _tangents(atlas: TextureAtlas) -> Float[np.ndarray, "v 4"]:
    """Where the picture's x runs, at each vertex upright on its normal; and 1, or -1 where the picture is mirrored."""
    a, b, c = (atlas.vertices[corner] for corner in atlas.faces.T)
    p, q, r = (atlas.places[corner] for corner in atlas.faces.T)
    (ux, uy), (vx, vy) = (q - p).T, (r - p).T
    doubled = ux * vy - uy * vx
    turn = np.where(doubled == 0, 0.0, np.sign(doubled))  # of a face without room in the picture, no direction
    right = (turn * vy)[:, None] * (b - a) - (turn * uy)[:, None] * (c - a)
    down = (turn * ux)[:, None] * (c - a) - (turn * vx)[:, None] * (b - a)
    side = np.sign((np.cross(right, down) * np.cross(b - a, c - a)).sum(1))  # -1: right, down and outwards are as usual
    total = np.zeros((len(atlas.vertices), 4))
    for corner in atlas.faces.T:
        np.add.at(total, corner, np.concatenate([right, -side[:, None]], axis=1))
    along = total[:, :3] - (total[:, :3] * atlas.normals).sum(1, keepdims=True) * atlas.normals
    none = np.linalg.norm(along, axis=1) < np.finfo(float).tiny
    along[none] = np.cross(atlas.normals[none], np.eye(3)[np.abs(atlas.normals[none]).argmin(1)])
    return np.concatenate([_unit(along), np.where(total[:, 3:] < 0, -1.0, 1.0)], axis=1)


def _unit(vectors: Float[np.ndarray, "k 3"]) -> Float[np.ndarray, "k 3"]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)


def _spread(picture: UInt8[np.ndarray, "h w 3"], texture: SurfaceTexture) -> UInt8[np.ndarray, "h w 3"]:
    """The picture with its colours carried on beside the faces: nothing else shines through at their borders."""
    found = distance_transform_edt(~texture.covered, return_distances=False, return_indices=True)
    rows, columns = np.asarray(found)
    return picture[rows, columns]


def _png(picture: UInt8[np.ndarray, "h w 3"]) -> bytes:
    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG", optimize=True)
    return file.getvalue()
