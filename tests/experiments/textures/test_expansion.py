"""A core and the substrate around it: the same cells, state for state."""

import pytest
import torch
from expansion import Expansion, mesh_expansion, square_expansion

from topologies import check_topology


def expansions() -> list[Expansion]:
    return [square_expansion(8, 14), mesh_expansion(9.0, 15.0, seed=4)]


@pytest.mark.parametrize("number", [0, 1])
def test_the_core_is_carried_over_by_position(number: int) -> None:
    grid = expansions()[number]
    for part in (grid.core, grid.whole):
        check_topology(part)
    assert not bool(grid.core["periodic"]) and bool(grid.whole["periodic"])
    assert sorted(grid.source.tolist()) == list(range(grid.core.num_nodes))  # every cell once
    size = grid.window[2] - grid.window[0]
    unstretched = grid.core["pos"] * size / grid.core["extent"]
    states = torch.cat([unstretched, torch.ones(grid.core.num_nodes, 1)], 1)
    larger = grid.expanded(states.expand(2, -1, -1), fill=-1.0)
    assert larger.shape == (2, grid.whole.num_nodes, 3)
    torch.testing.assert_close(
        larger[1, grid.inside, :2],
        grid.whole["pos"][grid.inside] - torch.tensor(grid.window[:2]),
        atol=1e-4,
        rtol=0,
    )
    assert (larger[:, ~grid.inside] == -1).all() and (~grid.inside).any()


def test_cells_off_the_cut_have_the_same_neighbours() -> None:
    grid = mesh_expansion(12.0, 18.0, seed=4)
    number = torch.full((grid.whole.num_nodes,), -1)
    number[grid.inside] = grid.source
    deep = ((grid.core["pos"] > 3) & (grid.core["pos"] < 9)).all(-1)

    def around(edges: torch.Tensor) -> set[tuple[int, int]]:
        return {(one, two) for one, two in edges.T.tolist() if two >= 0 and deep[two]}

    assert around(grid.core["edge_index"]) == around(number[grid.whole["edge_index"]])


@pytest.mark.parametrize(("core", "whole"), [(8, 8), (9, 8), (8, 13), (0, 8)])
def test_a_core_must_fit(core: int, whole: int) -> None:
    with pytest.raises(ValueError, match="smaller than"):
        square_expansion(core, whole)


def test_a_core_of_a_mesh_must_fit_too() -> None:
    with pytest.raises(ValueError, match="smaller than"):
        mesh_expansion(15.0, 15.0)
