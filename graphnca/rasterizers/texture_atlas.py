"""Triangles with places in a square picture: what a texture is painted for."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch_geometric.data import Data

from ..optional_module import optional_module
from .fans import cell_triangles

BEYOND = 1e-4  # sides of the picture by which a place may lie beside it
PADDING = 3  # pixels between charts, of about 1,024 along a side: colours of neighbours do not shine through
TOGETHER = 1e-8  # vertices nearer than this share of the mesh's size have one normal


class TextureAtlas(NamedTuple):
    """A mesh whose faces lie in a square picture; along seams vertices are there more than once.

    Attributes:
        vertices: Places in space, in any unit.
        normals: Unit normals.
        faces: Three vertices each, counterclockwise seen from outside.
        places: In the picture, in sides of it: x right and y down from its upper left corner (as glTF has them).
    """

    vertices: Float[np.ndarray, "v 3"]
    normals: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    places: Float[np.ndarray, "v 2"]

    @classmethod
    def of_cells(cls, topology: Data) -> "TextureAtlas":
        """The triangles between the cells of a surface, laid out in charts.

        Raises:
            ValueError: If the topology is no surface in space.
            ImportError: If xatlas is not installed.
        """
        triangles = cell_triangles(topology)
        pos, normal = (topology[name].detach().cpu().double().numpy() for name in ("pos", "normal"))
        return cls._charted(pos, normal, triangles)

    @classmethod
    def of_mesh(cls, mesh: Any) -> "TextureAtlas":
        """A mesh as it is, with its own texture coordinates, or else laid out in charts.

        Args:
            mesh: A path that trimesh reads (OBJ, PLY, GLB have texture coordinates), or a `trimesh.Trimesh`.

        Raises:
            ValueError: If it has no faces, or texture coordinates beside the picture (tiles).
            FileNotFoundError: If there is no such file.
            ImportError: If trimesh, or, for charts, xatlas is not installed.
        """
        if isinstance(mesh, str | os.PathLike):
            if not Path(mesh).is_file():
                raise FileNotFoundError(f"`mesh` must be a file, but there is none at {os.fspath(mesh)!r}.")
            trimesh = optional_module("trimesh", extra="bake", doing="Reading meshes")
            mesh = trimesh.load_scene(os.fspath(mesh), process=False).to_mesh()
        faces = np.asarray(getattr(mesh, "faces", ()), dtype=np.int64)
        if faces.ndim != 2 or not len(faces):
            raise ValueError(f"`mesh` must be a path or a trimesh.Trimesh with faces, got {type(mesh).__name__}.")
        vertices = np.asarray(mesh.vertices, dtype=np.float64)
        normals = _normals(vertices, faces)
        places = getattr(getattr(mesh, "visual", None), "uv", None)
        if places is None or not len(places):
            return cls._charted(vertices, normals, faces)
        places = np.asarray(places, dtype=np.float64) * (1, -1) + (0, 1)  # trimesh's y runs up
        if not ((places > -BEYOND) & (places < 1 + BEYOND)).all():
            low, high = places.min(0).tolist(), places.max(0).tolist()
            raise ValueError(f"`mesh` must have texture coordinates from 0 to 1, got {low} to {high}: tiles repeat.")
        return cls(vertices, normals, faces, places.clip(0, 1))

    @classmethod
    def _charted(
        cls, vertices: Float[np.ndarray, "v 3"], normals: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]
    ) -> "TextureAtlas":
        xatlas = optional_module(
            "xatlas", extra="bake", doing="Laying a mesh without texture coordinates out in charts"
        )
        atlas, options = xatlas.Atlas(), xatlas.PackOptions()
        options.padding = PADDING
        atlas.add_mesh(vertices.astype(np.float32), faces.astype(np.uint32))
        atlas.generate(pack_options=options)
        source, corners, places = atlas.get_mesh(0)
        return cls(vertices[source], normals[source], corners.astype(np.int64), places.astype(np.float64))


def _normals(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "v 3"]:
    """Of the faces round each place, weighted by their areas: a seam of the texture is none of the surface."""
    size = float(np.ptp(vertices, axis=0).max()) or 1.0
    _, place = np.unique(np.round(vertices / (size * TOGETHER)).astype(np.int64), axis=0, return_inverse=True)
    place = place.ravel()
    a, b, c = (vertices[corner] for corner in faces.T)
    vectors = np.repeat(np.cross(b - a, c - a), 3, axis=0)
    total = np.stack([np.bincount(place[faces.ravel()], part, place.max() + 1) for part in vectors.T], axis=1)[place]
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 0, total / np.where(length > 0, length, 1.0), (0.0, 0.0, 1.0))
