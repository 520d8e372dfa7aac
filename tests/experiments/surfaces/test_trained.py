"""What a texture learnt on a sphere is compared with: the opponent's perception, and the uneven sphere."""

import pytest
import torch
from global_directions import SUMS, GlobalDirections, in_space
from torch_geometric.data import Data
from trained import HIDDEN, UNEVEN, uneven_sphere

from graphnca import trajectory
from graphnca.layers import neighbourhood
from graphnca.models import texture_nca
from graphnca.training.recipes import TextureRecipe
from topologies import icosphere, square_grid


def perceived(topology: Data, states: torch.Tensor) -> torch.Tensor:
    return GlobalDirections(states.shape[-1], 4).perceive(states, **neighbourhood(in_space(topology)))


def test_the_opponent_sums_differences_and_their_directions_in_space() -> None:
    ball = icosphere(1)
    pos, states = ball["pos"], torch.rand(2, len(ball["pos"]), 3)
    found = perceived(ball, states).view(2, len(pos), 1 + SUMS, 3)
    for cell in (0, 11, 30):
        near = ball["edge_index"][0, ball["edge_index"][1] == cell]
        difference = states[:, near] - states[:, [cell]]
        direction = torch.nn.functional.normalize(pos[near] - pos[cell], dim=1)
        expected = [states[:, cell], difference.sum(1), *(difference * direction[None, :, k, None] for k in range(3))]
        expected = torch.stack([*expected[:2], *(part.sum(1) for part in expected[2:])], 1)
        torch.testing.assert_close(found[:, cell], expected)


def test_on_squares_y_points_up_in_space() -> None:
    grid = square_grid(6, 6)
    states = grid["pos"][:, 1:].clone()  # grows downwards
    _, total, x, y, z = perceived(grid, states)[3 * 6 + 3]
    assert (float(total), float(x), float(z)) == pytest.approx((0, 0, 0), abs=1e-5) and float(y) < -4


def test_the_opponent_has_as_many_parameters_and_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAPHNCA_ENGINE", raising=False)
    rule = GlobalDirections(TextureRecipe.num_channels, HIDDEN)
    sizes = [sum(p.numel() for p in one.parameters()) for one in (rule, texture_nca())]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.02)
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.01)
    ball = in_space(icosphere(1))
    final = trajectory(rule, torch.rand(1, len(ball["pos"]), 12), ball, 3).final
    final.square().sum().backward()
    assert all(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in rule.parameters())


def test_the_uneven_sphere_is_fourfold_as_dense_at_one_pole() -> None:
    ball = uneven_sphere(3000, 1)
    height = torch.nn.functional.normalize(ball["pos"], dim=1)[:, 2]
    above, below = (ball["area"][side].median() for side in (height > 0.9, height < -0.9))
    assert float(max(above / below, below / above)) == pytest.approx(UNEVEN, rel=0.15)
