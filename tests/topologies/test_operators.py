"""The choice of operators: what each keeps, and that a substrate can be given another."""

import networkx as nx
import pytest
import torch
from torch_geometric.data import Data

from topologies import (
    OPERATORS,
    STENCIL_FIELDS,
    TopologyError,
    cells_of_lower_order,
    from_networkx,
    hex_grid,
    hexagonal_patch,
    operators_of,
    square_grid,
    substrate,
    voronoi_from_points,
    voronoi_mesh,
    with_operators,
)

BUILDERS = {
    "hex": lambda **options: hex_grid(6, 6, **options),
    "hex_open": lambda **options: hex_grid(7, 6, periodic=False, **options),
    "voronoi": lambda **options: voronoi_mesh(10, 10, **options),
    "voronoi_open": lambda **options: voronoi_mesh(10, 10, periodic=False, **options),
    "kind": lambda **options: substrate("voronoi", 9, **options),
}


@pytest.mark.parametrize("operators", OPERATORS)
@pytest.mark.parametrize("builder", BUILDERS)
def test_every_builder_has_the_choice_and_it_can_be_changed(builder: str, operators: str) -> None:
    made, usual = BUILDERS[builder](operators=operators), BUILDERS[builder]()
    changed = with_operators(usual, operators)
    assert operators_of(made) == operators
    for name in made.keys():
        torch.testing.assert_close(changed[name], made[name], atol=2e-4, rtol=1e-4)
    if operators != "fitted":
        assert not torch.equal(made["stencil_gradient"], usual["stencil_gradient"])


def test_the_laplacian_is_the_same_whatever_the_gradient_is_fitted_to() -> None:
    fitted, averaged = voronoi_mesh(10, 10), voronoi_mesh(10, 10, operators="averaged")
    assert torch.equal(fitted["stencil_weight"], averaged["stencil_weight"])


@pytest.mark.parametrize(
    "build",
    [
        lambda: hex_grid(6, 6, operators="spectral"),
        lambda: voronoi_mesh(10, 10, operators="spectral"),
        lambda: voronoi_from_points(torch.rand(50, 2), (1, 1), operators="spectral"),
        lambda: with_operators(square_grid(6, 6), "spectral"),
        lambda: substrate("hex", 12, operators="spectral"),
    ],
)
def test_an_unknown_choice_is_answered_with_the_known_ones(build) -> None:
    with pytest.raises(TopologyError, match="`operators` must be one of fitted, averaged, one_ring, got 'spectral'"):
        build()


def test_squares_have_none_but_can_be_given_them() -> None:
    grid = square_grid(8, 8)
    assert not set(STENCIL_FIELDS).intersection(grid.keys())
    assert operators_of(grid) is None
    assert operators_of(with_operators(grid, "averaged")) == "averaged"


def test_a_stencil_of_ones_own_is_none_of_them() -> None:
    mesh = voronoi_mesh(10, 10)
    mesh["stencil_weight"] = mesh["stencil_weight"] * 1.01
    assert operators_of(mesh) is None


def test_a_surface_is_refused() -> None:
    data = Data(pos=torch.rand(4, 3))
    with pytest.raises(TopologyError, match="one substrate of the plane"):
        with_operators(data, "fitted")


def test_graphs_of_any_outline_have_them() -> None:
    for operators in OPERATORS:
        graph = nx.grid_2d_graph(4, 5)
        nx.set_node_attributes(graph, {node: node for node in graph}, "pos")
        assert operators_of(from_networkx(graph, operators=operators)) == operators
    assert operators_of(hexagonal_patch(30)) == "one_ring"


def test_cells_of_lower_order_are_those_at_borders() -> None:
    assert cells_of_lower_order(voronoi_mesh(12, 12)) == 0
    assert cells_of_lower_order(hex_grid(10, 10)) == 0
    open_mesh = voronoi_mesh(16, 16, periodic=False)
    border = (open_mesh["pos"] < 2.4).any(1) | (open_mesh["extent"] - open_mesh["pos"] < 2.4).any(1)
    assert 0 < cells_of_lower_order(open_mesh) <= int(border.sum())
    one_ring = voronoi_mesh(12, 12, operators="one_ring")
    assert cells_of_lower_order(one_ring) == len(one_ring["pos"])
