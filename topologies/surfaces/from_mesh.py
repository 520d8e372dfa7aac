"""Surfaces given by triangle meshes."""

from functools import partial

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.contract import TopologyError
from topologies.surfaces.build import built
from topologies.surfaces.mesh_files import Mesh
from topologies.surfaces.mesh_repair import sound_mesh
from topologies.surfaces.mirror_images import with_mirror_images
from topologies.surfaces.neighbourhoods import Cloud
from topologies.surfaces.ragged import without_scraps
from topologies.surfaces.sampling import poisson_disk_on_surface
from topologies.surfaces.through_surface import connected_pairs
from topologies.surfaces.triangle_mesh import TriangleMesh

FEWEST_CELLS = 12
AROUND = 24  # cells over which the normals of faces are averaged,
WIDTH = 0.8  # by a Gaussian of this width in spacings: a cell's normal is that of the patch it covers


@partial(checked, error=TopologyError)
def surface_mesh(mesh: Mesh, cells: int, *, seed: int = 0, operators: str = "fitted") -> Data:
    """A surface with about `cells` cells (within 2 %): Poisson-disk points on a triangle mesh.

    Cells are neighbours through the surface only, never through a thin wall. Where the mesh is open, cells end at its
    border, and nothing flows across it. The result is in units of length, not in those of the mesh.

    Args:
        mesh: A path (OBJ, PLY, STL, OFF, GLB; needs trimesh), (vertices, faces), a `trimesh.Trimesh` or a `Data` with
            `pos` and `face`.
        cells: How many cells, about.
        seed: Of the points; the same seed gives the same cells.
        operators: How cells see: `"fitted"` or `"averaged"`.

    Raises:
        TopologyError: If the mesh is no surface (see `topologies.surfaces.mesh_repair`), or a number is out of range.
    """
    if cells < FEWEST_CELLS:
        raise TopologyError(f"`cells` must be at least {FEWEST_CELLS}, got {cells}.")
    if seed < 0:
        raise TopologyError(f"`seed` must be 0 or more, got {seed}.")
    surface = sound_mesh(mesh)
    area = float(surface.areas.sum())
    spacing = float(np.sqrt(area / cells))
    fine = surface.refined(spacing)
    sampler = _FaceSampler(fine, np.random.default_rng(seed))
    pos, normal, number = poisson_disk_on_surface(sampler, area, cells)
    face = sampler.faces_of(number)
    connected = connected_pairs(fine, pos, fine.faces[face])
    normal = _over_patches(pos, normal, connected, spacing)
    cloud = without_scraps(Cloud(pos, normal, np.arange(len(pos)), connected))
    return built(with_mirror_images(cloud, fine, spacing), area=area, operators=operators)


@partial(checked, error=TopologyError)
def surface_from_mesh(mesh: Mesh, *, operators: str = "fitted") -> Data:
    """A surface whose cells are the vertices of a triangle mesh, in their order.

    (Vertices in one place are one cell, and unused vertices none: the numbers of the others then move up.) Only places
    and normals of the vertices make the cells, not the shapes of the triangles.

    Args:
        mesh: As of `surface_mesh`.
        operators: How cells see: `"fitted"` or `"averaged"`.

    Raises:
        TopologyError: If the mesh is no surface (see `topologies.surfaces.mesh_repair`).
    """
    surface = sound_mesh(mesh)
    n, area = len(surface.vertices), float(surface.areas.sum())
    spacing = float(np.sqrt(area / n))
    fine = surface.refined(spacing)
    connected = connected_pairs(fine, surface.vertices, np.arange(n)[:, None])
    cloud = without_scraps(Cloud(surface.vertices, surface.vertex_normals(), np.arange(n), connected))
    return built(with_mirror_images(cloud, fine, spacing), area=area, operators=operators)


class _FaceSampler:
    """Uniform samples of a mesh, with the normals of their faces; remembers the faces."""

    def __init__(self, mesh: TriangleMesh, rng: np.random.Generator) -> None:
        self.mesh, self.rng = mesh, rng
        vectors = mesh.face_vectors
        self.area = np.cumsum(np.linalg.norm(vectors, axis=1))
        self.normal = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        self.faces: list[Int[np.ndarray, " m"]] = []

    def __call__(self, count: int) -> tuple[Float[np.ndarray, "m 3"], Float[np.ndarray, "m 3"]]:
        face = np.searchsorted(self.area, self.rng.random(count) * self.area[-1], side="right")
        b, c = self.rng.random((2, count))
        beyond = b + c > 1
        b, c = np.where(beyond, 1 - b, b), np.where(beyond, 1 - c, c)
        corners = self.mesh.vertices[self.mesh.faces[face]]
        pos = (
            corners[:, 0] + b[:, None] * (corners[:, 1] - corners[:, 0]) + c[:, None] * (corners[:, 2] - corners[:, 0])
        )
        self.faces.append(face)
        return pos, self.normal[face]

    def faces_of(self, number: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
        """The faces of samples, by their number among all that were drawn."""
        return np.concatenate(self.faces)[number]


def _over_patches(
    pos: Float[np.ndarray, "n 3"], normal: Float[np.ndarray, "n 3"], connected: Int[np.ndarray, " p"], spacing: float
) -> Float[np.ndarray, "n 3"]:
    """Normals averaged over the neighbourhood of every cell, as far as the surface connects it."""
    n = len(pos)
    distance, near = KDTree(pos).query(pos, min(AROUND, n))
    key = np.arange(n)[:, None] * n + near
    at = np.minimum(np.searchsorted(connected, key), len(connected) - 1)
    weight = np.exp(-np.square(distance / (WIDTH * spacing)) / 2) * (connected[at] == key)
    mean = np.einsum("nk,nka->na", weight, normal[near])
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    return np.where(length > 1e-6, mean / np.maximum(length, 1e-6), normal)
