"""Surfaces in space by name: those by formula, the bunny, and the mesh in a file."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch_geometric.data import Data

from topologies.surfaces.bunny import bunny_mesh
from topologies.surfaces.from_mesh import surface_mesh
from topologies.surfaces.mesh_files import is_mesh
from topologies.surfaces.shapes import sphere, torus

SHAPES: dict[str, Callable[..., Data]] = {
    "sphere": sphere,
    "torus": torus,
    "bunny": lambda cells, **options: surface_mesh(bunny_mesh(), cells, **options),
}
"""The shapes by name: what lays about so many cells on each."""


def is_surface(name: str) -> bool:
    """Whether a name is that of a shape or of a file with a mesh."""
    return name in SHAPES or is_mesh(name)


def surface(name: str, cells: int, **options: Any) -> Data:
    """About so many cells on a shape or on the mesh in a file.

    Args:
        name: One of `SHAPES`, or a path (OBJ, PLY, STL, OFF, GLB).
        cells: How many, about.
        options: Those of `surface_mesh`: `seed` and `operators`.

    Raises:
        TopologyError: If the file holds no mesh that is a surface, or a number is out of range.
        FileNotFoundError: If there is no such file.
        ImportError: If a file is to be read and trimesh is not installed.
    """
    return (SHAPES.get(name) or partial(surface_mesh, name))(cells, **options)
