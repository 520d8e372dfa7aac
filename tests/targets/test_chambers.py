"""Where a shell lies on a grid, how it starts, how its regions advance."""

import torch

from graphnca.regions import FROZEN, GROWING, MATURE
from graphnca.targets.chambers import CHAMBERS, advanced, placed_shell, starting_state
from topologies import square_grid


def test_regions_advance_by_what_has_grown() -> None:
    regions = torch.tensor([GROWING, GROWING, MATURE, MATURE, FROZEN, FROZEN]).repeat(2, 1)
    x = torch.zeros(2, 6, 5)
    x[:, ::2, 3] = torch.tensor([[0.51], [0.49]])
    assert advanced(regions, x).tolist() == [
        [MATURE, GROWING, FROZEN, FROZEN, FROZEN, FROZEN],
        [GROWING, GROWING, FROZEN, FROZEN, FROZEN, FROZEN],
    ]


def test_a_full_shell_fits_and_lies_in_the_middle() -> None:
    grid = square_grid(72, 72)
    for angle in (0.0, 2.0, 5.0):
        shell = placed_shell(grid, 19.6, angle)
        inside = grid["pos"][shell.image(grid["pos"], CHAMBERS)[:, 3] > 0]
        assert (inside.amin(0) + inside.amax(0) - 72).abs().max() <= 2
        assert inside.min() > 2
        assert inside.max() < 70


def test_it_starts_as_it_is_drawn_without_a_thought() -> None:
    grid = square_grid(30, 30)
    shell = placed_shell(grid, 8.0, 1.0)
    x = starting_state(shell, grid, 2, 7)
    assert torch.equal(x[:, :4], shell.image(grid["pos"], 2))
    assert x[:, :4].any()
    assert not x[:, 4:].any()
