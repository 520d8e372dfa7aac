"""Turned targets: right angles exactly, any angle there and back, in step with turned seeds."""

import math

import pytest
import torch

from graphnca.seeds import structured_seed
from graphnca.targets import load_target, turn_target
from topologies import square_grid


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_right_angle_about_the_middle_of_a_pixel_moves_pixels(turns: int) -> None:
    target = torch.zeros(2, 9, 9)
    target[:, 2:7, 3:8] = torch.rand(2, 5, 5, generator=torch.Generator().manual_seed(0))
    block = torch.nn.functional.avg_pool2d(target, 3, 1, 1)  # smooth enough for samples beside the pixels' middles
    turned = turn_target(block, turns * math.pi / 2)
    again = turn_target(turn_target(block, 0.0, mirror=True), 0.0, mirror=True)
    # x towards y is clockwise, which rot90 counts backwards; both lose as much by sampling
    softened = turn_target(turned, -turns * math.pi / 2)
    torch.testing.assert_close(turned, torch.rot90(turn_target(block, 2 * math.pi - 1e-9), -turns, (-2, -1)))
    assert (softened - again).abs().max() < 1e-5


def test_no_turn_is_the_target_itself() -> None:
    target = load_target("lizard", size=20, padding=4)
    assert torch.equal(turn_target(target, 0.0), target)
    assert torch.equal(turn_target(target, 2 * math.pi), target)


@pytest.mark.parametrize("mirror", [False, True])
def test_there_and_back_is_nearly_the_target(mirror: bool) -> None:
    target = load_target("lizard", size=32, padding=8)
    turned = turn_target(target, 0.7, mirror=mirror)
    back = turn_target(turned, 0.7, mirror=True) if mirror else turn_target(turned, -0.7)
    assert (back - target).square().mean() < 0.05 * (turned - target).square().mean()


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 2, 2.9])
def test_targets_turn_as_seeds_do(angle: float, mirror: bool) -> None:
    """A seed's points lie where the turned picture of the unturned seed is brightest."""
    grid = square_grid(40, 40)
    points, colours = [(0.0, 9.0), (6.0, -3.0)], [(1.0, 0.0, 0.0), (0.0, 0.0, 1.0)]
    unturned = structured_seed(grid, points=points, colours=colours)[:, :4].T.view(4, 40, 40)
    turned = structured_seed(grid, points=points, colours=colours, angle=angle, mirror=mirror)[:, :4].T.view(4, 40, 40)
    picture = turn_target(torch.nn.functional.avg_pool2d(unturned, 3, 1, 1), angle, mirror=mirror)
    for channel in (0, 2):
        row, column = divmod(int(picture[channel].argmax()), 40)
        seen = divmod(int(turned[channel].argmax()), 40)
        assert math.dist((row, column), seen) <= 1.5


def test_the_fixed_point_stays() -> None:
    target = torch.zeros(1, 12, 16)
    target[0, 2:5, 9:12] = 1.0
    turned = turn_target(target, 1.0, about=(10.5, 3.5))
    assert turned[0, 3, 10] == pytest.approx(1.0)
