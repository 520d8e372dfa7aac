"""Spheres and tori: areas, degrees, harmonics, refinement."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from topologies import check_topology
from topologies.contract import TopologyError
from topologies.surfaces import icosphere, sphere, torus
from topologies.surfaces.icosahedron import icosphere_mesh


def on_stencil(topology: Data, coefficients: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
    read, reader = topology.stencil_index
    shape = (topology.num_nodes, *coefficients.shape[1:])
    difference = (field[read] - field[reader]).view(-1, *[1] * (coefficients.dim() - 1))
    return torch.zeros(shape, dtype=torch.float64).index_add_(0, reader, coefficients.double() * difference)


def harmonic_errors(topology: Data) -> dict[str, float]:
    """Relative errors of the Laplacian of three spherical harmonics and of the gradient of the first."""
    x, y, z = topology.normal.double().T
    radius = float(topology.pos.norm(dim=1).mean())
    errors = {}
    for degree, field in ((1, z), (2, x * y), (3, x * y * z)):
        wanted = -4 * degree * (degree + 1) / radius**2 * field  # the kernel is 4 times the Laplacian
        found = on_stencil(topology, topology.stencil_weight, field)
        errors[f"laplacian {degree}"] = float((found - wanted).norm() / wanted.norm())
    up = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    frame, normal = topology.frame.double(), topology.normal.double()
    wanted = torch.stack([frame @ up, torch.linalg.cross(frame, normal) @ up], 1) * 8 / radius
    found = on_stencil(topology, topology.stencil_gradient, z)
    errors["gradient"] = float((found - wanted).norm() / wanted.norm())
    return errors


@pytest.mark.parametrize(("build", "sizes"), [(icosphere, (3, 4)), (sphere, (600, 2400))], ids=["icosphere", "random"])
def test_harmonics_are_seen_better_the_finer_the_sphere(build: Callable[[int], Data], sizes: tuple[int, int]) -> None:
    coarse, fine = (harmonic_errors(build(size)) for size in sizes)
    for name in coarse:
        assert fine[name] < 0.6 * coarse[name], name
    assert fine["laplacian 1"] < 0.004 and fine["laplacian 3"] < 0.015 and fine["gradient"] < 0.002


def test_linear_fields_of_the_tangent_chart_are_exact() -> None:
    from topologies.surfaces.log_map import logarithmic_map

    topology = torus(700)
    pos, normal, frame = (topology[name].double().numpy() for name in ("pos", "normal", "frame"))
    chart = torch.from_numpy(logarithmic_map(pos, normal, frame, topology.stencil_index.numpy()))
    reader = topology.stencil_index[1]
    n = topology.num_nodes
    gradient = topology.stencil_gradient.double()
    seen = torch.zeros(n, 2, 2, dtype=torch.float64).index_add_(0, reader, gradient[:, :, None] * chart[:, None])
    torch.testing.assert_close(seen, 8 * torch.eye(2, dtype=torch.float64).expand(n, 2, 2), atol=1e-4, rtol=0)
    weight = topology.stencil_weight.double()
    outer = torch.stack([chart[:, 0] ** 2, chart.prod(1), chart[:, 1] ** 2], 1)
    second = torch.zeros(n, 3, dtype=torch.float64).index_add_(0, reader, weight[:, None] * outer)
    torch.testing.assert_close(second, torch.tensor([8.0, 0, 8]).double().expand(n, 3), atol=1e-3, rtol=0)


def test_an_icosphere_has_six_neighbours_but_for_twelve_cells() -> None:
    topology = icosphere(3)
    check_topology(topology)
    assert topology.num_nodes == 642
    assert torch.bincount(topology.edge_index[1].bincount()).tolist() == [0, 0, 0, 0, 0, 12, 630]
    vertices, faces = icosphere_mesh(2)
    assert len(vertices) - len(faces) / 2 == 2


@pytest.mark.parametrize(("build", "euler"), [(sphere, 2), (torus, 0)], ids=["sphere", "torus"])
def test_random_points_keep_eulers_count_and_the_area(build: Callable[..., Data], euler: int) -> None:
    topology = build(1000, seed=1)
    check_topology(topology)
    n = topology.num_nodes
    assert abs(n - 1000) <= 20
    assert abs(topology.num_edges / n - (6 - 6 * euler / n)) < 0.02
    radius = float(topology.pos.norm(dim=1).mean())
    if euler == 2:
        assert abs(float(topology.area.sum()) / (4 * np.pi * radius**2) - 1) < 2e-3
    assert abs(n / float(topology.area.sum()) - 0.82) < 0.02  # cells a unit of area, as on a flat mesh


def test_the_outside_is_where_normals_point() -> None:
    topology = torus(700)
    pos, normal = topology.pos, topology.normal
    ring = pos[:, :2] / pos[:, :2].norm(dim=1, keepdim=True) * float(pos[:, :2].norm(dim=1).mean())
    outward = torch.cat([pos[:, :2] - ring, pos[:, 2:]], 1)
    assert ((outward * normal).sum(1) > 0).float().mean() > 0.9


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: sphere(5), "`cells` must be at least 12, got 5"),
        (lambda: sphere(100, seed=-1), "`seed` must be 0 or more"),
        (lambda: torus(100, tube=1.0), "`tube` must be between 0 and 1, got 1.0"),
        (lambda: icosphere(-1), "`subdivisions` must be 0 or more"),
        (lambda: sphere(100, operators="one_ring"), '"fitted" or "averaged"'),
    ],
)
def test_numbers_out_of_range(build, words: str) -> None:
    with pytest.raises(TopologyError, match=words):
        build()
