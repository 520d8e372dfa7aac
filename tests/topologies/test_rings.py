"""Which cells are read: two rings, every one once, and mirror images where there is a border."""

import networkx as nx
import numpy as np
import torch
from torch.nn.functional import conv2d, pad
from torch_geometric.data import Data

from topologies import hex_grid, hexagonal_patch, square_grid, voronoi_mesh
from topologies.rings import along_paths, reads_in_plane, two_rings


def reads_of(data: Data) -> tuple[np.ndarray, np.ndarray]:
    return reads_in_plane(
        data["pos"].double().numpy(),
        data["edge_index"].numpy(),
        data["edge_attr"].double().numpy(),
        data["extent"].double().numpy()[0],
        periodic=bool(data["periodic"]),
    )


def test_two_rings_are_the_neighbours_and_theirs(topology: Data) -> None:
    number = len(topology["pos"])
    graph = nx.Graph(topology["edge_index"].T.tolist())
    expected = [
        (j, i)
        for i in range(number)
        for j in sorted(nx.single_source_shortest_path_length(graph, i, cutoff=2))
        if j != i
    ]
    assert two_rings(topology["edge_index"].numpy(), number).T.tolist() == [list(pair) for pair in expected]


def test_on_a_large_torus_paths_lead_to_the_same_places() -> None:
    mesh = voronoi_mesh(14, 14, seed=2)
    index, vectors = reads_of(mesh)
    paths = along_paths(mesh["edge_index"].numpy(), mesh["edge_attr"].double().numpy(), len(mesh["pos"]))
    places = {(j, i): vector for (j, i), vector in zip(index.T.tolist(), vectors, strict=True)}
    assert {(j, i) for j, i in paths.index.T.tolist()} == set(places)
    for (j, i), vector in zip(paths.index.T.tolist(), paths.vectors, strict=True):
        np.testing.assert_allclose(vector, places[j, i], atol=1e-5)


def test_on_a_small_torus_a_cell_is_met_in_several_places() -> None:
    index, vectors = reads_of(hex_grid(4, 3))
    assert np.bincount(index[1]).tolist() == [18] * 12  # as on a large one, though there are but 12 cells
    assert np.hypot(*vectors.T).max() < 2.4


def test_nothing_flows_through_a_border() -> None:
    """A field that is its own mirror image at the border is seen as the whole field would be."""
    for data in (voronoi_mesh(16, 16, periodic=False, seed=1), hex_grid(16, 14, periodic=False)):
        index, pos = data["stencil_index"], data["pos"].double()
        field = torch.cos(np.pi * 2 * pos[:, 0] / data["extent"][0, 0])
        difference = (field[index[0]] - field[index[1]])[:, None]
        gradient = torch.zeros_like(pos).index_add(0, index[1], data["stencil_gradient"].double() * difference)
        expected = -8 * torch.sin(np.pi * 2 * pos[:, 0] / data["extent"][0, 0]) * 2 * np.pi / data["extent"][0, 0]
        assert (gradient[:, 0] - expected).abs().max() < 0.12 * expected.abs().max()
        assert gradient[:, 1].abs().max() < 0.12 * expected.abs().max()


def test_open_squares_see_what_a_convolution_with_replicate_padding_sees() -> None:
    grid = square_grid(6, 9, periodic=False)
    index = grid["stencil_index"]
    x = torch.rand(54, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    difference = (x[index[0]] - x[index[1]])[:, None]
    coefficients = torch.cat([grid["stencil_weight"][:, None], grid["stencil_gradient"]], dim=1).double()
    seen = torch.zeros(54, 3, dtype=torch.float64).index_add(0, index[1], coefficients * difference)
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=torch.float64)
    laplacian = torch.tensor([[1.0, 2, 1], [2, -12, 2], [1, 2, 1]], dtype=torch.float64)
    padded = pad(x.view(1, 1, 6, 9), (1, 1, 1, 1), mode="replicate")
    expected = conv2d(padded, torch.stack([laplacian, sobel, sobel.T])[:, None])[0]
    torch.testing.assert_close(seen.T.view(3, 6, 9), expected)


def test_a_patch_of_another_outline_has_borders_too() -> None:
    """A hexagon of hexagons: every cell sees a constant gradient-free there, and its border no steeper than inside."""
    patch = hexagonal_patch(60)
    total = torch.zeros(len(patch["pos"])).index_add(
        0, patch["stencil_index"][1], patch["stencil_gradient"].abs().sum(1)
    )
    assert total.max() < 2.5 * total.min()
