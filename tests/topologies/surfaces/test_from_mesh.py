"""Surfaces of meshes: areas, borders, slanted triangles, creases, repeatability."""

import numpy as np
import pytest
import torch

from topologies import check_topology
from topologies.contract import TopologyError
from topologies.surfaces import bunny_mesh, surface_from_mesh, surface_mesh
from topologies.surfaces.icosahedron import icosphere_mesh
from topologies.surfaces.triangle_mesh import TriangleMesh

BOX = np.array([[x, y, z] for x in (0, 2) for y in (0, 3) for z in (0, 1.0)])
BOX_FACES = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])


def slanted_torus(long: int = 40, short: int = 18, slant: float = 1.7) -> tuple[np.ndarray, np.ndarray]:
    """A torus of triangles that lean over."""
    i, j = (part.ravel() for part in np.meshgrid(np.arange(long), np.arange(short), indexing="ij"))
    around, across = 2 * np.pi * (i + slant * j) / long, 2 * np.pi * j / short
    ring = 1 + 0.4 * np.cos(across)
    vertices = np.stack([ring * np.cos(around), ring * np.sin(around), 0.4 * np.sin(across)], 1)

    def number(i, j):
        i = i + np.where(j == short, round(slant * short), 0)
        return (i % long) * short + j % short

    corners = number(i, j), number(i + 1, j), number(i + 1, j + 1), number(i, j + 1)
    a, b, c, d = corners
    return vertices, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


def test_about_as_many_cells_as_asked_for_and_the_same_with_the_same_seed() -> None:
    topology = surface_mesh(bunny_mesh(), 2000, seed=3)
    check_topology(topology)
    assert abs(topology.num_nodes - 2000) <= 40
    again, other = surface_mesh(bunny_mesh(), 2000, seed=3), surface_mesh(bunny_mesh(), 2000, seed=4)
    assert all(torch.equal(topology[name], again[name]) for name in topology.keys())
    assert topology.pos.shape != other.pos.shape or not torch.equal(topology.pos, other.pos)
    degree = topology.num_edges / topology.num_nodes
    assert abs(degree - (6 - 12 / topology.num_nodes)) < 0.05  # Euler; a pair that one alone sees is one too many


def test_areas_sum_to_that_of_the_surface() -> None:
    vertices, faces = bunny_mesh()
    area = TriangleMesh(vertices, faces).areas.sum()
    topology = surface_mesh((vertices, faces), 4000)
    extent = np.ptp(topology.pos.double().numpy(), axis=0) / np.ptp(vertices, axis=0)
    assert abs(float(topology.area.sum()) / (area * extent.mean() ** 2) - 1) < 0.02


def test_vertices_are_cells_whatever_the_triangles() -> None:
    vertices, faces = slanted_torus()
    topology = surface_from_mesh((vertices, faces))
    check_topology(topology)
    scale = np.ptp(topology.pos.double().numpy()[:, 0]) / np.ptp(vertices[:, 0])
    torch.testing.assert_close(topology.pos, torch.from_numpy(vertices * scale).float(), atol=1e-4, rtol=0)
    flipped = np.concatenate([faces[: len(faces) // 2], faces[len(faces) // 2 :]])
    a, b, c = flipped[: len(faces) // 2].T
    d = flipped[len(faces) // 2 :, 2]
    other = surface_from_mesh((vertices, np.concatenate([np.stack([a, b, d], 1), np.stack([b, c, d], 1)])))
    # the other diagonals: the same neighbours; weights differ by what the normals of slanted triangles differ
    same = {(int(j), int(i)) for j, i in topology.edge_index.T} & {(int(j), int(i)) for j, i in other.edge_index.T}
    assert len(same) > 0.95 * topology.num_edges


@pytest.mark.parametrize("cells", [300, 2000])
def test_a_box_has_cells_over_its_edges(cells: int) -> None:
    topology = surface_mesh((BOX, BOX_FACES), cells)
    check_topology(topology)
    pos = topology.pos.double().numpy()
    scale = np.ptp(pos[:, 1]) / 3
    assert abs(float(topology.area.sum()) / (22 * scale**2) - 1) < 0.05
    degree = topology.num_edges / topology.num_nodes
    assert abs(degree - 6) < 0.15


def test_an_open_mesh_ends_at_its_border() -> None:
    vertices, faces = icosphere_mesh(4)
    cap = faces[vertices[faces][:, :, 2].min(1) > 0.1]
    area = TriangleMesh(vertices, cap).areas.sum()
    topology = surface_mesh((vertices, cap), 1500)
    check_topology(topology)
    radius = float(topology.pos.norm(dim=1).mean())
    assert abs(float(topology.area.sum()) / (area * radius**2) - 1) < 0.01
    by_vertices = surface_from_mesh((vertices, cap))
    radius = float(by_vertices.pos.norm(dim=1).mean())
    assert abs(float(by_vertices.area.sum()) / (area * radius**2) - 1) < 0.02
    ones = torch.ones(topology.num_nodes)
    read, reader = topology.stencil_index
    assert torch.equal(ones[read] - ones[reader], torch.zeros(len(read)))  # constants are seen as such


def test_numbers_out_of_range() -> None:
    with pytest.raises(TopologyError, match="`cells` must be at least 12, got 3"):
        surface_mesh(bunny_mesh(), 3)
    with pytest.raises(TopologyError, match="`seed` must be 0 or more, got -1"):
        surface_mesh(bunny_mesh(), 100, seed=-1)
