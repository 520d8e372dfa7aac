"""A surface unrolled around a cell, against the plane and the sphere."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca.geodesics import unrolled
from topologies.surfaces import icosphere, sphere, surface_from_points, torus, with_frames


def exact_on_sphere(topology: Data, cell: int) -> torch.Tensor:
    """The logarithmic map of a sphere."""
    normal = topology.normal.double()
    radius = float(topology.pos.norm(dim=1).mean())
    cosine = (normal @ normal[cell]).clamp(-1, 1)
    along = normal - cosine[:, None] * normal[cell]
    along = along / along.norm(dim=1, keepdim=True).clamp_min(1e-12)
    frame = topology.frame[cell].double()
    axes = torch.stack([frame, torch.linalg.cross(frame, normal[cell])], 1)
    return radius * cosine.arccos()[:, None] * (along @ axes)


@pytest.mark.parametrize(
    ("build", "allowed"), [(lambda: icosphere(4), 0.4), (lambda: sphere(2500), 0.2)], ids=["even", "random"]
)
def test_on_a_sphere_it_is_the_logarithmic_map(build: Callable[[], Data], allowed: float) -> None:
    topology = build()
    for cell in (0, 700):
        found = unrolled(topology, cell, 20.0)
        near = torch.isfinite(found[:, 0])
        error = (found.double() - exact_on_sphere(topology, cell))[near].norm(dim=1)
        assert error.max() < allowed and error.square().mean().sqrt() < allowed / 4
        assert found[cell].tolist() == [0, 0]
        assert found[near].norm(dim=1).max() <= 20.0 and int(near.sum()) > 800


def test_on_a_flat_patch_it_is_the_difference_of_places() -> None:
    rng = np.random.default_rng(0)
    x, y = (part.ravel() for part in np.meshgrid(np.arange(20.0), np.arange(20.0)))
    flat = np.stack([x, y], 1) + rng.uniform(-0.25, 0.25, (400, 2))
    up = np.tile([0.0, 0.0, 1.0], (400, 1))
    topology = with_frames(surface_from_points(np.c_[flat, np.zeros(400)], up), (1.0, 0.0, 0.0))
    unit = float(np.ptp(topology.pos[:, 0].numpy()) / np.ptp(flat[:, 0]))
    found = unrolled(topology, 210, 7.0)
    near = torch.isfinite(found[:, 0]).numpy()
    difference = (flat - flat[210]) * [unit, -unit]  # seen from above with x to the right, y points to -y
    error = np.linalg.norm(found.numpy() - difference, axis=1)[near]
    assert np.median(error) < 1e-4 and error.max() < 0.1


def test_on_a_torus_there_is_a_shorter_way_round() -> None:
    found = unrolled(torus(1500), 3)
    assert torch.isfinite(found).all()
    assert float(found.norm(dim=1).max()) < math.pi * 40


def test_in_the_plane_it_is_the_shortest_way(topology: Data) -> None:
    found = unrolled(topology, 30, 4.0)
    offset = topology["pos"] - topology["pos"][30]
    if bool(topology["periodic"]):
        extent = topology["extent"][0]
        offset = offset - extent * torch.round(offset / extent)
    near = offset.norm(dim=1) <= 4.0
    torch.testing.assert_close(found[near], offset[near])
    assert torch.isinf(found[~near]).all()
