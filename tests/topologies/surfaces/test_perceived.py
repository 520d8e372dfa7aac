"""How cells of a surface see at its difficult places: tips, creases, borders."""

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from topologies import bunny_mesh, sphere, surface_from_points, surface_mesh
from topologies.interior import interior_cells
from topologies.rings import Reads, two_rings
from topologies.surfaces.border import mirrored_at_border
from topologies.surfaces.icosahedron import icosphere_mesh
from topologies.surfaces.log_map import logarithmic_map
from topologies.surfaces.perceived import MOST_GRADIENT, MOST_LAPLACIAN


def cap() -> Data:
    """The upper part of a sphere, with a jagged border."""
    vertices, faces = icosphere_mesh(3)
    return surface_mesh((vertices, faces[vertices[faces][:, :, 2].min(1) > 0.1]), 900)


@pytest.mark.parametrize("build", [lambda: surface_mesh(bunny_mesh(), 3000), cap, lambda: sphere(900)])
def test_no_cell_has_larger_coefficients_than_a_flat_mesh(build) -> None:
    topology = build()
    reader, n = topology.stencil_index[1], topology.num_nodes
    laplacian = torch.zeros(n).index_add_(0, reader, topology.stencil_weight.abs())
    gradient = torch.zeros(n).index_add_(0, reader, topology.stencil_gradient.norm(dim=1))
    assert laplacian.max() < MOST_LAPLACIAN + 1e-3 and gradient.max() < MOST_GRADIENT + 1e-3
    assert (torch.zeros(n).index_add_(0, reader, topology.stencil_weight) > 4).all()  # and each is drawn to the others


def test_mirror_images_lie_beyond_a_straight_border() -> None:
    """Of rows of cells, one unit apart, the last reads those before it, and itself, across a line half a unit away."""
    x, y = (part.ravel() for part in np.meshgrid(np.arange(12.0), np.arange(12.0)))
    pos = np.stack([x, y, 0 * x], axis=1)
    topology = surface_from_points(pos, np.tile([0.0, 0.0, 1.0], (144, 1)))
    normal, frame = (topology[name].double().numpy() for name in ("normal", "frame"))
    edges, vectors = topology.edge_index.numpy(), topology.edge_attr.double().numpy()
    index = two_rings(edges, 144)
    reads = Reads(index, logarithmic_map(topology.pos.double().numpy(), normal, frame, index))
    found = mirrored_at_border(reads, normal, frame, edges, vectors)
    unit = float(topology.pos[1, 0] - topology.pos[0, 0])
    second = np.cross(frame, normal)
    places = (
        pos[found.index[1]]
        + (found.vectors[:, :1] * frame[found.index[1]] + found.vectors[:, 1:] * second[found.index[1]]) / unit
    )
    middle = np.abs(pos[found.index[1], 0] - 5.5) < 3  # away from corners
    below = middle & (pos[found.index[1], 1] < 2)
    source, place = pos[found.index[0]][below], places[below]
    assert below.sum() > 20
    np.testing.assert_allclose(place[:, 0], source[:, 0], atol=0.02)
    np.testing.assert_allclose(place[:, 1], -1 - source[:, 1], atol=0.1)
    inner = interior_cells(edges[1], vectors, 144)
    assert set(found.index[1]) >= set(np.flatnonzero(~inner))
    closed = sphere(300)
    arrays = [closed[name].double().numpy() for name in ("pos", "normal", "frame")]
    index = closed.stencil_index.numpy()
    none = mirrored_at_border(
        Reads(index, logarithmic_map(*arrays, index)),
        *arrays[1:],
        closed.edge_index.numpy(),
        closed.edge_attr.double().numpy(),
    )
    assert none.index.shape == (2, 0)
