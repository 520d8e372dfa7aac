"""The surfaces of the gallery: three of the library, and two meshes made here, a knotted tube and a rounded cube."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from torch_geometric.data import Data

from topologies import bunny_mesh, sphere, surface_mesh, torus

Mesh = tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f 3"]]
TUBE = 0.9  # radius of the knot's tube; the knot reaches three units from its axis
ROUND = 6  # exponent of the cube's norm: 2 is a sphere, infinity a cube


def knot_mesh(along: int = 240, around: int = 32) -> Mesh:
    """A tube around a trefoil knot: closed, of genus 1."""
    t = 2 * np.pi * np.arange(along) / along
    middle = np.stack([np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t), -np.sin(3 * t)], axis=1) * 1.6
    ahead = np.roll(middle, -1, axis=0) - np.roll(middle, 1, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    aside = np.cross(ahead, [0.0, 0.0, 1.0])
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    angle = 2 * np.pi * np.arange(around) / around
    ring = np.cos(angle)[:, None] * aside[:, None] + np.sin(angle)[:, None] * np.cross(ahead, aside)[:, None]
    return (middle[:, None] + TUBE * ring).reshape(-1, 3), _grid(along, around)


def rounded_cube_mesh(across: int = 48) -> Mesh:
    """The points of a norm between those of a sphere and of a cube, on the grid of a cube's six faces."""
    u, v = (part.ravel() for part in np.meshgrid(*2 * (np.linspace(-1, 1, across + 1),), indexing="ij"))
    corner = (np.arange(across)[:, None] * (across + 1) + np.arange(across)).ravel()
    quads = np.stack([corner, corner + across + 1, corner + across + 2, corner + 1], axis=1)
    vertices, faces = [], []
    for axis in range(3):
        for side in (-1.0, 1.0):
            face = np.roll(np.stack([np.full_like(u, side), u, v], axis=1), axis, axis=1)
            vertices.append(face)
            faces.append((quads if side > 0 else quads[:, ::-1]) + len(faces) * len(u))
    pos = np.concatenate(vertices)
    pos /= (np.abs(pos) ** ROUND).sum(1, keepdims=True) ** (1 / ROUND)
    turned = np.concatenate(faces)
    return pos, np.concatenate([turned[:, [0, 1, 2]], turned[:, [0, 2, 3]]])


def _grid(along: int, around: int) -> Int[np.ndarray, "f 3"]:
    """The triangles of a tube that closes both ways, outside out."""
    i, j = (part.ravel() for part in np.meshgrid(np.arange(along), np.arange(around), indexing="ij"))
    a, b = i * around + j, (i + 1) % along * around + j
    c, d = (i + 1) % along * around + (j + 1) % around, i * around + (j + 1) % around
    return np.concatenate([np.stack([a, c, b], axis=1), np.stack([a, d, c], axis=1)])


SHAPES: dict[str, Callable[[int, int], Data]] = {
    "sphere": lambda cells, seed: sphere(cells, seed=seed),
    "torus": lambda cells, seed: torus(cells, seed=seed),
    "bunny": lambda cells, seed: surface_mesh(bunny_mesh(), cells, seed=seed),
    "knot": lambda cells, seed: surface_mesh(knot_mesh(), cells, seed=seed),
    "rounded cube": lambda cells, seed: surface_mesh(rounded_cube_mesh(), cells, seed=seed),
}
"""By name, what makes the surface with about so many cells."""
EULER = {"sphere": 2, "torus": 0, "bunny": 2, "knot": 0, "rounded cube": 2}
"""The Euler characteristic of each: what the indices of any field of directions sum to."""
