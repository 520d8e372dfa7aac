import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch_geometric.data import Batch, Data

from graphnca.rasterizers.polar import Polar, PolarCells
from topologies import square_grid

QUARTER = 6  # steps in a quarter turn


def rings(largest: float, count: int = 5) -> tuple[Tensor, Tensor]:
    angles = torch.arange(4 * QUARTER, dtype=torch.float64) * (math.pi / 2 / QUARTER)
    return torch.linspace(0, largest, count, dtype=torch.float64), angles


@pytest.mark.parametrize("side", [8, 9])
def test_equals_grid_sample(side: int) -> None:
    images = torch.randn(2, 3, side, side, dtype=torch.float64)
    radii, angles = rings(1.5)  # beyond the image too
    grid = torch.stack([radii[:, None] * angles.cos(), radii[:, None] * angles.sin()], -1).expand(2, -1, -1, -1)
    expected = functional.grid_sample(images, grid, align_corners=False)
    torch.testing.assert_close(Polar(side, side, radii, angles)(images), expected)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 9), (7, 12)])
def test_linear_images_are_sampled_exactly(height: int, width: int) -> None:
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    radii, angles = rings(0.4)
    unit = max(height, width) / 2 * radii[:, None]
    expected = torch.stack([width / 2 + unit * angles.cos(), height / 2 + unit * angles.sin()]).float()
    torch.testing.assert_close(Polar(height, width, radii, angles)(torch.stack([x, y])), expected)


@pytest.mark.parametrize("side", [8, 9])
def test_turning_the_image_shifts_the_angles(side: int) -> None:
    image = torch.randn(3, side, side)
    polar = Polar(side, side, *rings(1.2))
    for quarters in range(4):
        turned = polar(torch.rot90(image, quarters, (-2, -1)))
        torch.testing.assert_close(turned, polar(image).roll(-quarters * QUARTER, -1))


def test_polar_is_differentiable() -> None:
    images = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Polar(3, 4, *rings(1.2, 3)), (images,))


def test_linear_fields_on_cells_are_sampled_exactly(topology: Data) -> None:
    assert topology.pos is not None
    slope = torch.tensor([[0.3], [-1.2]])
    centre = topology.extent[0] / 2 + torch.tensor([0.21, -0.4])
    radii, angles = rings(3.5)
    sampled = PolarCells(topology, radii, angles, centre=centre)(topology.pos @ slope)
    direction = torch.stack([angles.cos(), angles.sin()], -1).float()
    expected = (centre + radii.float()[:, None, None] * direction) @ slope
    torch.testing.assert_close(sampled, expected.movedim(-1, 0), atol=1e-4, rtol=1e-4)


def test_cells_at_the_centres_of_pixels_equal_the_image() -> None:
    """On four points of a ring through pixel centres, both samplers read single cells."""
    states = torch.randn(2, 81, 3)
    angles = torch.arange(4, dtype=torch.float64) * (math.pi / 2)
    radii = torch.arange(5, dtype=torch.float64)
    images = states.reshape(2, 9, 9, 3).movedim(-1, -3)
    expected = Polar(9, 9, radii / 4.5, angles)(images)
    torch.testing.assert_close(PolarCells(square_grid(9, 9), radii, angles)(states), expected)


def test_rings_wrap_on_a_torus(torus: Data) -> None:
    states = torch.randn(2, torus.num_nodes or 0, 3)
    x, y = torus.extent[0].tolist()
    here = PolarCells(torus, *rings(9.0), centre=(1.3, 0.2))(states)
    there = PolarCells(torus, *rings(9.0), centre=(1.3 + x, 0.2 - 2 * y))(states)
    assert here.shape == (2, 3, 5, 4 * QUARTER)
    torch.testing.assert_close(here, there, atol=1e-4, rtol=0)


def test_samples_outside_a_bounded_domain_are_zero() -> None:
    sampled = PolarCells(square_grid(6, 6, periodic=False), *rings(8.0))(torch.ones(36, 1))
    np.testing.assert_allclose(sampled[0, :2], 1.0)
    assert not sampled[0, -1].any()


def test_cells_are_differentiable(topology: Data) -> None:
    sampler = PolarCells(topology, *rings(3.0, 2))
    states = torch.randn(topology.num_nodes or 0, 2, requires_grad=True)
    weights = torch.randn(2, 2, 4 * QUARTER)
    (gradient,) = torch.autograd.grad((sampler(states) * weights).sum(), states)
    ones = torch.randn_like(states)
    torch.testing.assert_close((gradient * ones).sum(), (sampler(ones) * weights).sum(), atol=1e-4, rtol=1e-4)


def test_bad_arguments() -> None:
    grid = square_grid(6, 6)
    with pytest.raises(ValueError, match="`height` and `width` must be at least 1 pixel, got 0 and 4"):
        Polar(0, 4, *rings(1.0))
    with pytest.raises(ValueError, match=r"`images` must be \(\.\.\., C, 4, 5\), got \(1, 5, 4\)"):
        Polar(4, 5, *rings(1.0))(torch.rand(1, 5, 4))
    for centre in (torch.tensor([1.0]), (1.0, float("nan"))):
        with pytest.raises(ValueError, match=r"`centre` must be a point \(x, y\)"):
            PolarCells(grid, *rings(1.0), centre=centre)
    with pytest.raises(ValueError, match="`topology` must be one substrate"):
        PolarCells(Batch.from_data_list([grid, grid]), *rings(1.0))  # pyright: ignore[reportArgumentType]
