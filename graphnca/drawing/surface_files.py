"""Surfaces as files for other programs: the triangles between cells, with a colour at every cell."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import checked
from ..atomic_file import write_atomically
from ..rasterizers.fans import cell_triangles
from .colours import parse_colour, state_colours
from .gltf import glb
from .surface import BODY

FORMATS = (".glb", ".ply")


@checked
def save_surface(
    path: str | os.PathLike[str],
    states: Float[Tensor, "n c"],
    topology: Data,
    *,
    channel: int | None = None,
    offset: float | None = None,
    limit: float | None = None,
    body: Any = BODY,
) -> None:
    """Writes a surface in space as a mesh with the colours of its cells, whole or not at all; the suffix is the format.

    Cells are the vertices, in units of length, each with its normal and its colour. A .glb (glTF 2.0) opens in browsers
    and in Blender, a .ply in all programs for meshes.

    Args:
        path: The file to create or replace, in an existing folder; .glb or .ply.
        states: One row per cell; shown as by `CellCanvas.draw`, as are `channel`, `offset` and `limit`.
        topology: A surface in space.
        channel: Show this channel on a diverging map.
        offset: Show the first three channels plus this number as RGB: 0.5 for texture rules.
        limit: The size of the channel's value that has the full colour.
        body: Colour of transparent cells.

    Raises:
        ValueError: Another suffix, states of another substrate, or a topology that is no surface in space.
        FileNotFoundError: The folder does not exist.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"`path` must end in {' or '.join(FORMATS)}, got {str(path)!r}.")
    if len(states) != len(topology["pos"]):
        raise ValueError(f"`states` must have shape ({len(topology['pos'])}, C), got {tuple(states.shape)}.")
    triangles = cell_triangles(topology)
    colours = state_colours(
        states, channel=channel, offset=offset, limit=limit, background=parse_colour("body", body)[:3]
    )
    places, normals = (topology[name].detach().cpu().float().numpy() for name in ("pos", "normal"))
    if suffix == ".ply":
        write_atomically(path, _ply(places, normals, colours, triangles))
        return
    opaque = np.concatenate([colours / 255.0, np.ones((len(colours), 1))], axis=1)
    write_atomically(path, glb({"POSITION": places, "NORMAL": normals, "COLOR_0": opaque}, triangles))


def _ply(
    places: Float[np.ndarray, "n 3"],
    normals: Float[np.ndarray, "n 3"],
    colours: Float[np.ndarray, "n 3"],
    triangles: Int[np.ndarray, "t 3"],
) -> bytes:
    names = [*(f"float {name}" for name in ("x", "y", "z", "nx", "ny", "nz")), "uchar red", "uchar green", "uchar blue"]
    header = ["ply", "format binary_little_endian 1.0", "comment cells of graphnca", f"element vertex {len(places)}"]
    header += [f"property {name}" for name in names]
    header += [f"element face {len(triangles)}", "property list uchar int vertex_indices", "end_header", ""]
    vertices = np.empty(len(places), dtype=[("place", "<f4", 6), ("colour", "u1", 3)])
    vertices["place"], vertices["colour"] = np.concatenate([places, normals], axis=1), np.rint(colours)
    faces = np.empty(len(triangles), dtype=[("count", "u1"), ("corners", "<i4", 3)])
    faces["count"], faces["corners"] = 3, triangles
    return "\n".join(header).encode() + vertices.tobytes() + faces.tobytes()
