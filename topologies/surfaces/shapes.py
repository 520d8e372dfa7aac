"""Surfaces by formula: a sphere of random points, an icosphere, a torus."""

from functools import partial

import numpy as np
from jaxtyping import Float
from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.contract import TopologyError
from topologies.surfaces.build import built
from topologies.surfaces.icosahedron import icosphere_mesh
from topologies.surfaces.neighbourhoods import Cloud
from topologies.surfaces.sampling import Sampler, poisson_disk_on_surface

FEWEST_CELLS = 12


@partial(checked, error=TopologyError)
def sphere(cells: int, *, seed: int = 0, operators: str = "fitted") -> Data:
    """A sphere of about `cells` random points (within 2 %).

    Args:
        cells: How many cells, about.
        seed: Of the points; the same seed gives the same cells.
        operators: How cells see: `"fitted"` or `"averaged"`.

    Raises:
        TopologyError: If a number is out of range.
    """
    rng = _checked(cells, seed)

    def sampler(count: int) -> tuple[Float[np.ndarray, "m 3"], Float[np.ndarray, "m 3"]]:
        normal = rng.normal(size=(count, 3))
        normal /= np.linalg.norm(normal, axis=1, keepdims=True)
        return normal, normal

    return _random(sampler, 4 * np.pi, cells, operators)


@partial(checked, error=TopologyError)
def icosphere(subdivisions: int, *, operators: str = "fitted") -> Data:
    """The vertices of an icosahedron whose faces were quartered and put on the sphere `subdivisions` times.

    10 * 4^subdivisions + 2 cells, each with six neighbours but for twelve with five.

    Args:
        subdivisions: 1 or more.
        operators: How cells see: `"fitted"` or `"averaged"`.

    Raises:
        TopologyError: If the number is out of range.
    """
    if subdivisions < 0:
        raise TopologyError(f"`subdivisions` must be 0 or more, got {subdivisions}.")
    vertices, _ = icosphere_mesh(subdivisions)
    return built(Cloud(vertices, vertices, np.arange(len(vertices))), area=None, operators=operators)


@partial(checked, error=TopologyError)
def torus(cells: int, *, tube: float = 0.4, seed: int = 0, operators: str = "fitted") -> Data:
    """A torus in space of about `cells` random points (within 2 %).

    Args:
        cells: How many cells, about.
        tube: Radius of the tube, as a share of that of the ring through its middle; between 0 and 1.
        seed: Of the points; the same seed gives the same cells.
        operators: How cells see: `"fitted"` or `"averaged"`.

    Raises:
        TopologyError: If a number is out of range.
    """
    rng = _checked(cells, seed)
    if not 0 < tube < 1:
        raise TopologyError(f"`tube` must be between 0 and 1, got {tube}.")

    def sampler(count: int) -> tuple[Float[np.ndarray, "m 3"], Float[np.ndarray, "m 3"]]:
        around, across = np.zeros(0), np.zeros(0)
        while len(across) < count:  # the outer side is larger than the inner one
            u, v, toss = rng.random((3, 2 * count))
            kept = toss * (1 + tube) < 1 + tube * np.cos(2 * np.pi * v)
            around, across = np.r_[around, 2 * np.pi * u[kept]], np.r_[across, 2 * np.pi * v[kept]]
        around, across = around[:count], across[:count]
        ring = np.stack([np.cos(around), np.sin(around), np.zeros(count)], axis=1)
        normal = np.cos(across)[:, None] * ring + np.sin(across)[:, None] * np.array([0.0, 0.0, 1.0])
        return ring + tube * normal, normal

    return _random(sampler, 4 * np.pi**2 * tube, cells, operators)


def _checked(cells: int, seed: int) -> np.random.Generator:
    if cells < FEWEST_CELLS:
        raise TopologyError(f"`cells` must be at least {FEWEST_CELLS}, got {cells}.")
    if seed < 0:
        raise TopologyError(f"`seed` must be 0 or more, got {seed}.")
    return np.random.default_rng(seed)


def _random(sampler: Sampler, area: float, cells: int, operators: str) -> Data:
    pos, normal, _ = poisson_disk_on_surface(sampler, area, cells)
    return built(Cloud(pos, normal, np.arange(len(pos))), area=area, operators=operators)
