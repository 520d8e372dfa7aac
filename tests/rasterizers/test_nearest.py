import math
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca.rasterizers import Barycentric, NearestCell
from topologies import square_grid


@pytest.mark.parametrize("periodic", [True, False])
def test_square_grid_at_one_pixel_per_unit_is_a_reshape(periodic: bool) -> None:
    raster = NearestCell(square_grid(6, 9, periodic=periodic))
    states = torch.randn(2, 3, 54, 4)
    image = raster(states)
    assert raster.sampling.is_reshape
    assert image.data_ptr() == states.data_ptr()
    torch.testing.assert_close(image, states.reshape(2, 3, 6, 9, 4).movedim(-1, -3), rtol=0, atol=0)


def test_square_cells_fill_blocks_at_a_larger_scale() -> None:
    states = torch.randn(20, 3)
    image = NearestCell(square_grid(4, 5), scale=3.0)(states)
    expected = NearestCell(square_grid(4, 5))(states).repeat_interleave(3, -1).repeat_interleave(3, -2)
    torch.testing.assert_close(image, expected, rtol=0, atol=0)


def test_raster_centred_on_a_cell_of_the_square_torus_is_the_grid_rolled() -> None:
    grid = square_grid(8, 9)
    states = torch.randn(72, 3)
    for row, column in [(4, 4), (0, 0), (7, 2)]:
        image = NearestCell(grid, 8, 9, centre=grid["pos"][row * 9 + column])(states)
        expected = states.reshape(8, 9, 3).movedim(-1, 0).roll((4 - row, 4 - column), (1, 2))
        torch.testing.assert_close(image, expected, rtol=0, atol=0)


def test_a_raster_between_cells_moves_as_one() -> None:
    states = torch.randn(20, 3)
    between = NearestCell(square_grid(4, 5), origin=(0.5, 0.5))(states)
    torch.testing.assert_close(between, NearestCell(square_grid(4, 5), origin=(1.0, 1.0))(states), rtol=0, atol=0)


@pytest.mark.parametrize("raster", [NearestCell, Barycentric])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_quarter_turns_and_mirror_on_squares_are_exact(raster: Any, quarters: int) -> None:
    """A raster turned clockwise shows the grid turned back, bit by bit, and so does a mirrored one."""
    grid = square_grid(9, 9)
    states = torch.randn(81, 3)
    image, centre = states.view(9, 9, 3).movedim(-1, 0), grid["pos"][40]
    turned = raster(grid, 9, 9, centre=centre, angle=quarters * math.pi / 2)(states)
    torch.testing.assert_close(turned, image.rot90(quarters, (1, 2)), rtol=0, atol=0)
    mirrored = raster(grid, 9, 9, centre=centre, angle=quarters * math.pi / 2, mirror=True)(states)
    torch.testing.assert_close(mirrored, image.rot90(quarters, (1, 2)).flip(2), rtol=0, atol=0)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("angle", [0.3, 2.0, -1.1])
def test_a_raster_turned_with_a_pattern_shows_it_upright(torus: Data, angle: float, mirror: bool) -> None:
    """The cells are moved as a seed is; the picture is that of the cells where they were, but for their borders."""
    centre = torch.tensor([6.0, 6.0], dtype=torch.float64)

    def pattern(offset: torch.Tensor) -> torch.Tensor:
        waves = torch.stack([offset[..., 0] * 0.9, offset[..., 1] * 0.7 + 0.4], -1).sin()
        return waves * (-offset.square().sum(-1, keepdim=True) / 6.0).exp()

    offset = torus["pos"].double() - centre
    cos, sin = math.cos(angle), math.sin(angle)
    back = offset @ torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)  # turned back
    back = back * torch.tensor([-1.0, 1.0]) if mirror else back
    raster = Barycentric(torus, 7, 7, centre=centre, angle=angle, mirror=mirror, samples=3)
    step = torch.arange(7.0, dtype=torch.float64) - 3
    wanted = pattern(torch.stack(torch.meshgrid(step, step, indexing="xy"), -1)).movedim(-1, 0)
    error = (raster(pattern(back)) - wanted).square().mean().sqrt()
    assert error < 0.1 * wanted.square().mean().sqrt() + 0.02
    other = Barycentric(torus, 7, 7, centre=centre, angle=-angle, mirror=mirror, samples=3)(pattern(back))
    assert (other - wanted).square().mean().sqrt() > 2 * error


def test_a_turned_raster_stops_at_the_border_of_a_bounded_domain() -> None:
    """Every pixel has the share of it that lies within the extent."""
    grid = square_grid(12, 12, periodic=False)
    raster = NearestCell(grid, 20, 20, centre=(6.0, 6.0), angle=0.7, samples=8)
    image = raster(torch.ones(144, 1))
    assert image.sum() == pytest.approx(144, rel=0.01)
    assert image.max() == pytest.approx(1)


def test_pixels_equal_brute_force(topology: Data) -> None:
    raster = NearestCell(topology, 20, 17, origin=(0.13, 0.29), scale=1.4)
    points = raster.grid.points()[:, 0]
    extent = topology["extent"][0].double().numpy()
    step = points[:, None] - topology["pos"].double().numpy()
    inside = np.ones(len(points), dtype=bool)
    if topology["periodic"].item():
        step -= extent * np.round(step / extent)
    else:
        inside = ((points >= 0) & (points <= extent)).all(1)
    number = torch.arange(1.0, len(topology["pos"]) + 1.0)[:, None]
    expected = np.where(inside, np.square(step).sum(-1).argmin(1) + 1, 0)
    np.testing.assert_array_equal(raster(number).flatten().numpy(), expected)


def test_torus_raster_moved_by_a_period_is_the_same(torus: Data) -> None:
    states = torch.randn(len(torus["pos"]), 3)
    extent = torus["extent"][0].tolist()
    here = NearestCell(torus, 12, 14, origin=(0.31, 0.17))(states)
    for turns in [(1, 0), (0, -1), (-2, 3)]:
        origin = (0.31 + turns[0] * extent[0], 0.17 + turns[1] * extent[1])
        torch.testing.assert_close(NearestCell(torus, 12, 14, origin=origin)(states), here, rtol=0, atol=0)


def test_moving_all_cells_of_a_torus_moves_the_image(torus: Data) -> None:
    states = torch.randn(len(torus["pos"]), 3)
    shift = torch.tensor([5.25, -3.5])
    moved = torus.clone()
    moved["pos"] = (torus["pos"] + shift) % torus["extent"]
    here = NearestCell(torus, 12, 14, origin=(0.31, 0.17))(states)
    there = NearestCell(moved, 12, 14, origin=(0.31 + 5.25, 0.17 - 3.5))(states)
    torch.testing.assert_close(there, here, rtol=0, atol=0)


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_constant_field_gives_a_constant_image(topology: Data, samples: int) -> None:
    raster = NearestCell(topology, 12, 12, scale=1.1, samples=samples)
    torch.testing.assert_close(raster(torch.full((len(topology["pos"]), 2), 0.7)), torch.full((2, 12, 12), 0.7))


def test_outside_a_bounded_domain_is_zero_and_the_border_shares() -> None:
    grid = square_grid(3, 4, periodic=False)
    image = NearestCell(grid, 5, 6, origin=(-1.0, -1.0))(torch.ones(12, 1))
    expected = torch.nn.functional.pad(torch.ones(1, 3, 4), (1, 1, 1, 1))
    torch.testing.assert_close(image, expected, rtol=0, atol=0)
    half = NearestCell(grid, 5, 6, origin=(-0.5, -1.0), samples=4)(torch.ones(12, 1))
    torch.testing.assert_close(half[0, 2], torch.tensor([0.5, 1.0, 1.0, 1.0, 0.5, 0.0]))


def test_samples_equal_the_mean_of_a_finer_raster(topology: Data) -> None:
    states = torch.randn(len(topology["pos"]), 3)
    fine = NearestCell(topology, 36, 30, origin=(0.1, 0.2), scale=6.0)(states)
    coarse = NearestCell(topology, 12, 10, origin=(0.1, 0.2), scale=2.0, samples=3)(states)
    torch.testing.assert_close(coarse, torch.nn.functional.avg_pool2d(fine, 3))


def test_sum_over_pixels_is_the_sum_over_cells_weighted_by_area(topology: Data) -> None:
    # The state is smooth, so that the part of a pixel that hex and mesh extents leave over does not matter.
    states = torch.sin(topology["pos"]).square()
    extent = topology["extent"][0]
    raster = NearestCell(topology, 64, int(64 * extent[0] / extent[1]), scale=64.0 / float(extent[1]), samples=4)
    mass = raster(states).mean((1, 2)) * extent.prod()
    torch.testing.assert_close(mass, (topology["area"][:, None] * states).sum(0), rtol=0.02, atol=0.0)


def test_batch_axes_are_independent(topology: Data) -> None:
    raster = NearestCell(topology, samples=2)
    states = torch.randn(2, 3, len(topology["pos"]), 4)
    images = raster(states)
    torch.testing.assert_close(images[1, 2], raster(states[1, 2]))


def test_gradient_of_the_mass_is_the_covered_area(topology: Data) -> None:
    raster = NearestCell(topology, scale=8.0)
    states = torch.zeros(len(topology["pos"]), 1, requires_grad=True)
    raster(states).sum().backward()
    assert states.grad is not None
    torch.testing.assert_close(states.grad[:, 0] / 64.0, topology["area"], rtol=0.25, atol=0.05)
