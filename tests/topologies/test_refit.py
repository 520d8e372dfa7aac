"""What a fit over two rings makes again, and what not."""

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from topologies import bunny_mesh, hex_grid, refit, sphere, square_grid, surface_mesh, voronoi_mesh, with_operators


@pytest.mark.parametrize("operators", ["fitted", "averaged"])
@pytest.mark.parametrize("build", [lambda **how: voronoi_mesh(16, 16, **how), lambda **how: sphere(200, **how)])
def test_where_there_is_no_border_all_is_made_again(build, operators: str) -> None:
    found = refit(build(operators=operators))
    assert found is not None
    assert found.operators == operators and found.others.size == 0


def test_cells_that_see_mirror_images_are_others() -> None:
    mesh = voronoi_mesh(24, 24, periodic=False)
    found = refit(mesh)
    assert found is not None
    inside = ((mesh.pos > 2.5) & (mesh.pos < mesh.extent - 2.5)).all(1).numpy()
    assert len(found.others) > 0 and not inside[found.others].any()


def test_cells_with_a_larger_ridge_are_others() -> None:
    bunny = surface_mesh(bunny_mesh(), 2000)
    found = refit(bunny)
    assert found is not None and 0 < len(found.others) < 100


def test_one_changed_coefficient_is_another_cells() -> None:
    mesh = hex_grid(10, 10)
    mesh.stencil_weight[19] += 1e-4
    found = refit(mesh)
    assert found is not None
    np.testing.assert_array_equal(found.others, mesh.stencil_index[1, 19:20])


def test_a_cell_that_reads_fewer_is_another() -> None:
    mesh = hex_grid(10, 10)
    kept = torch.arange(mesh.stencil_index.shape[1]) != 40
    owner = int(mesh.stencil_index[1, 40])
    for name in ("stencil_weight", "stencil_gradient"):
        mesh[name] = mesh[name][kept]
    mesh.stencil_index = mesh.stencil_index[:, kept]
    found = refit(mesh)
    assert found is not None and found.others.tolist() == [owner]


@pytest.mark.parametrize(
    "topology",
    [square_grid(8, 8), with_operators(hex_grid(8, 8), "one_ring"), hex_grid(4, 4)],
    ids=["no stencil", "one ring", "narrow"],
)
def test_what_is_no_such_fit_is_said(topology: Data) -> None:
    assert refit(topology) is None
