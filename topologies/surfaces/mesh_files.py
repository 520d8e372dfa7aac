"""Meshes as they come: a file, vertices and faces, a `trimesh.Trimesh`, or PyG's `Data` with `face`."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch_geometric.data import Data

from topologies.contract import TopologyError

FORMATS = (".obj", ".ply", ".stl", ".off", ".glb")

Mesh = Any
"""A path, (vertices, faces), a `trimesh.Trimesh`, or a `Data` with `pos` and `face`."""


def is_mesh(name: str) -> bool:
    """Whether a name is that of a file with a mesh."""
    return Path(name).suffix.lower() in FORMATS


def read_mesh(mesh: Mesh) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f k"]]:
    """Places of the vertices, and the vertices of every face (three or four), of a mesh in any of its forms.

    Raises:
        TopologyError: If it is none, or the file cannot be read as one.
        FileNotFoundError: If there is no such file.
        ImportError: If a file is to be read and trimesh is not installed.
    """
    if isinstance(mesh, str | os.PathLike):
        mesh = _from_file(Path(mesh))
    if isinstance(mesh, Data):
        if "pos" not in mesh or "face" not in mesh:
            raise TopologyError(f"`mesh` must have `pos` and `face` if it is a Data, got {list(mesh.keys())}.")
        mesh = (mesh["pos"], mesh["face"].T)
    elif hasattr(mesh, "vertices") and hasattr(mesh, "faces"):
        mesh = (mesh.vertices, mesh.faces)
    if not (isinstance(mesh, tuple | list) and len(mesh) == 2):
        raise TopologyError(
            "`mesh` must be a path, (vertices, faces), a trimesh.Trimesh or a Data with `pos` and `face`, "
            f"got {type(mesh).__name__}."
        )
    vertices, faces = (_array(part) for part in mesh)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or not np.issubdtype(vertices.dtype, np.number):
        raise TopologyError(f"`mesh` must have vertices of shape (V, 3), got {vertices.shape}.")
    if faces.ndim != 2 or faces.shape[1] not in (3, 4) or not np.issubdtype(faces.dtype, np.integer):
        raise TopologyError(
            f"`mesh` must have faces of shape (F, 3) or (F, 4), whole numbers, got {faces.shape} of {faces.dtype}."
            " (Points without faces are for `surface_from_points`.)"
        )
    return vertices.astype(np.float64), faces.astype(np.int64)


def _array(part: Any) -> np.ndarray:
    return part.detach().cpu().numpy() if isinstance(part, torch.Tensor) else np.asarray(part)


def _from_file(path: Path) -> Any:
    if path.suffix.lower() not in FORMATS:
        raise TopologyError(f"`mesh` must be a file of one of the formats {', '.join(FORMATS)}, got {str(path)!r}.")
    if not path.is_file():
        raise FileNotFoundError(f"`mesh` must be a file, but there is none at {str(path)!r}.")
    try:
        trimesh = import_module("trimesh")
    except ImportError as error:
        raise ImportError("Reading meshes needs trimesh: pip install 'graphnca[surface]'.") from error
    try:
        scene = trimesh.load_scene(str(path), process=False)
        found = scene.to_mesh()
    except Exception as error:  # of many kinds, by format
        raise TopologyError(f"`mesh` must be a readable {path.suffix} file, {path} is not: {error}.") from error
    if not len(getattr(found, "faces", ())):
        raise TopologyError(f"`mesh` must have faces, {path} has none. (Points are for `surface_from_points`.)")
    return found
