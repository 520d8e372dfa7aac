"""Cells are neighbours through the surface only."""

import warnings

import numpy as np

from topologies.surfaces import surface_mesh
from topologies.surfaces.through_surface import connected_pairs
from topologies.surfaces.triangle_mesh import TriangleMesh


def flat_square(height: float = 0.0, up: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """A flat square of 12 x 12 vertices."""
    x, y = np.meshgrid(np.arange(12.0), np.arange(12.0), indexing="ij")
    corner = (np.arange(11)[:, None] * 12 + np.arange(11)).ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 12, corner + 13], 1), np.stack([corner, corner + 13, corner + 1], 1)]
    )
    return np.stack([x, y, 0 * x + height], 2).reshape(-1, 3), faces if up else faces[:, ::-1]


def rolled(layers: float = 2.2, apart: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
    """A carpet rolled up, whose layers have like normals and lie nearer than its cells are wide."""
    turn = np.linspace(0, 2 * np.pi * layers, 160)
    radius = 4 + apart * turn / (2 * np.pi)
    x, y = radius * np.cos(turn), radius * np.sin(turn)
    z = np.arange(20.0)
    vertices = np.stack([np.repeat(x, 20), np.repeat(y, 20), np.tile(z, 160)], axis=1)
    corner = (np.arange(159)[:, None] * 20 + np.arange(19)).ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 20, corner + 21], 1), np.stack([corner, corner + 21, corner + 1], 1)]
    )
    return vertices, faces


def test_pairs_are_those_within_three_territories() -> None:
    vertices, faces = flat_square()
    pairs = connected_pairs(TriangleMesh(vertices, faces), vertices, np.arange(144)[:, None])
    i, j = pairs // 144, pairs % 144
    assert (np.diff(pairs) > 0).all()
    reached = {(int(a), int(b)) for a, b in zip(i, j, strict=True)}
    assert (0, 3 * 12 + 3) in reached and (0, 4 * 12) not in reached and (0, 0) in reached


def test_no_edge_goes_through_a_wall() -> None:
    one, faces = flat_square(0.0, up=False)
    two, others = flat_square(0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two parts
        topology = surface_mesh((np.concatenate([one, two]), np.concatenate([faces, others + 144])), 300)
    j, i = topology.edge_index
    assert (topology.pos[i, 2] - topology.pos[j, 2]).abs().max() < 1e-3
    assert topology.pos[:, 2].unique().numel() <= 4  # both walls have cells


def test_layers_of_a_roll_stay_apart() -> None:
    vertices, faces = rolled()
    topology = surface_mesh((vertices, faces), 700)
    scale = np.sqrt(float(topology.area.sum()) / TriangleMesh(vertices, faces).areas.sum())
    pos = topology.pos.numpy() / scale
    around, radius = np.arctan2(pos[:, 1], pos[:, 0]), np.hypot(pos[:, 0], pos[:, 1])
    layer = (radius - 4) / 0.9  # turns along the carpet
    j, i = topology.edge_index.numpy()
    assert np.abs(layer[i] - layer[j]).max() < 0.5
    assert np.abs(np.exp(1j * around[i]) - np.exp(1j * around[j])).max() < 1
