import pytest
import torch
from torch.nn.functional import max_pool2d, pad
from torch_geometric.data import Data

from graphnca.layers import alive_mask
from graphnca.layers.life import keep_alive
from topologies import square_grid


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("threshold", [0.1, 0.4])
def test_on_squares_it_is_the_max_pool_of_alpha(periodic: bool, threshold: float) -> None:
    grid = square_grid(9, 11, periodic=periodic)
    x = torch.rand(2, 3, 99, 5).pow(8)
    alpha = x[..., 3].view(6, 1, 9, 11)
    around = pad(alpha, (1, 1, 1, 1), mode="circular" if periodic else "constant")
    expected = (max_pool2d(around, 3, stride=1) > threshold).view(2, 3, 99)
    alive = alive_mask(x, grid["edge_index"], threshold)
    assert torch.equal(alive, expected)
    assert 0 < alive.float().mean() < 1


def test_a_cell_lives_by_itself_or_by_a_neighbour(topology: Data) -> None:
    number = topology["pos"].shape[0]
    x = torch.zeros(number, 4)
    x[number // 2, 3] = 0.11
    expected = torch.zeros(number, dtype=torch.bool)
    expected[number // 2] = True
    expected[topology["edge_index"][1, topology["edge_index"][0] == number // 2]] = True
    assert torch.equal(alive_mask(x, topology["edge_index"]), expected)


def test_the_threshold_itself_is_not_enough() -> None:
    x = torch.zeros(9, 4)
    x[:, 3] = 0.1
    assert not alive_mask(x, square_grid(3, 3)["edge_index"], 0.1).any()


def test_negative_alpha_does_not_cancel_a_neighbours() -> None:
    x = torch.full((9, 4), -5.0)
    x[0, 3] = 0.2
    assert alive_mask(x, square_grid(3, 3)["edge_index"]).all()


def test_the_dead_are_exactly_zero_even_where_they_were_not_finite() -> None:
    x = torch.tensor([[1.0, 2.0], [float("nan"), float("inf")]])
    kept = keep_alive(x, torch.tensor([True, False]))
    assert torch.equal(kept, torch.tensor([[1.0, 2.0], [0.0, 0.0]]))
