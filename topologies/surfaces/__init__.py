"""Surfaces in space: their cells, what each sees in its own tangent plane, and fields of frames."""

from topologies.surfaces.bunny import bunny_mesh as bunny_mesh
from topologies.surfaces.frames import with_frames as with_frames
from topologies.surfaces.from_mesh import surface_from_mesh as surface_from_mesh
from topologies.surfaces.from_mesh import surface_mesh as surface_mesh
from topologies.surfaces.from_points import surface_from_points as surface_from_points
from topologies.surfaces.mesh_repair import SurfaceWarning as SurfaceWarning
from topologies.surfaces.named import SHAPES as SHAPES
from topologies.surfaces.named import is_surface as is_surface
from topologies.surfaces.named import surface as surface
from topologies.surfaces.shapes import icosphere as icosphere
from topologies.surfaces.shapes import sphere as sphere
from topologies.surfaces.shapes import torus as torus

__all__ = [
    "SHAPES",
    "SurfaceWarning",
    "bunny_mesh",
    "icosphere",
    "is_surface",
    "sphere",
    "surface",
    "surface_from_mesh",
    "surface_from_points",
    "surface_mesh",
    "torus",
    "with_frames",
]
