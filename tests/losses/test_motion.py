"""A picture is to be the earlier one, moved on."""

import torch

from graphnca.losses import MotionLoss
from graphnca.rasterizers import NearestCell
from topologies import square_grid


def test_it_is_zero_for_a_picture_that_has_moved_so_far_and_no_other() -> None:
    grid = square_grid(6, 8)
    loss = MotionLoss(NearestCell(grid), NearestCell(grid, origin=(3.0, -1.0)))
    states = torch.rand(2, 48, 5)
    moved = states.view(2, 6, 8, 5).roll((-1, 3), (1, 2)).reshape(2, 48, 5)
    torch.testing.assert_close(loss(states, moved), torch.zeros(2))
    still = states.view(2, 6, 8, 5)[..., :3] - moved.view(2, 6, 8, 5)[..., :3]
    torch.testing.assert_close(loss(states, states), still.square().mean((1, 2, 3)))


def test_only_colours_count() -> None:
    grid = square_grid(4, 4)
    states = torch.zeros(1, 16, 5)
    later = states.clone()
    later[..., 3:] = 1.0
    assert float(MotionLoss(NearestCell(grid), NearestCell(grid))(states, later)) == 0
