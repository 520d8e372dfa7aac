import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca.rasterizers import Barycentric, NearestCell
from graphnca.rasterizers.barycentric import interpolation_weights
from graphnca.rasterizers.locate import CellLocator
from topologies import square_grid


def grid(points: list[list[float]], extent: tuple[float, float], periodic: bool) -> Data:
    return Data(pos=torch.tensor(points), extent=torch.tensor([extent]), periodic=torch.tensor([periodic]))


def test_linear_fields_are_exact_between_the_centres(topology: Data) -> None:
    # On a torus a linear field jumps at the seam; three units from it no triangle of these substrates crosses it.
    states = topology["pos"].double() @ torch.tensor([[0.3, -1.2], [0.7, 0.4]]).double() + 2.0
    raster = Barycentric(topology, 14, 15, origin=(3.0, 3.0), scale=2.0)
    points = torch.from_numpy(raster.grid.points()[:, 0])
    expected = points @ torch.tensor([[0.3, -1.2], [0.7, 0.4]]).double() + 2.0
    torch.testing.assert_close(raster(states), expected.T.reshape(2, 14, 15), rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("periodic", [True, False])
def test_square_grid_at_one_pixel_per_unit_equals_nearest_cell(periodic: bool) -> None:
    grid = square_grid(6, 9, periodic=periodic)
    raster = Barycentric(grid)
    assert raster.sampling.is_reshape
    states = torch.randn(2, 54, 4)
    torch.testing.assert_close(raster(states), NearestCell(grid)(states), rtol=0, atol=0)


def test_a_pixel_centred_on_a_cell_has_its_state(topology: Data) -> None:
    states = torch.randn(len(topology["pos"]), 3)
    for cell in range(0, len(topology["pos"]), 17):
        image = Barycentric(topology, 1, 1, centre=topology["pos"][cell])(states)
        torch.testing.assert_close(image[:, 0, 0], states[cell], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("samples", [1, 2])
def test_constant_field_gives_a_constant_image(topology: Data, samples: int) -> None:
    raster = Barycentric(topology, 12, 12, scale=1.1, samples=samples)
    torch.testing.assert_close(raster(torch.full((len(topology["pos"]), 2), 0.7)), torch.full((2, 12, 12), 0.7))


def test_weights_are_those_of_at_most_three_cells_and_never_negative(topology: Data) -> None:
    raster = Barycentric(topology, scale=2.3)
    assert (raster.sampling.weight > 0).all()
    assert np.bincount(raster.sampling.pixel).max() <= 3


def test_torus_raster_moved_by_a_period_is_the_same(torus: Data) -> None:
    states = torch.randn(len(torus["pos"]), 3, dtype=torch.float64)
    extent = torus["extent"][0].tolist()
    here = Barycentric(torus, 12, 14, origin=(0.31, 0.17))(states)
    there = Barycentric(torus, 12, 14, origin=(0.31 - extent[0], 0.17 + 2 * extent[1]))(states)
    torch.testing.assert_close(there, here, rtol=0, atol=1e-6)


def test_torus_image_is_continuous_across_the_seam(torus: Data) -> None:
    phase = 2.0 * torch.pi * torus["pos"] / torus["extent"]
    image = Barycentric(torus, 40, 40, origin=(-2.0, -2.0), scale=10.0)(torch.cos(phase))
    inner = Barycentric(torus, 40, 40, origin=(4.0, 4.0), scale=10.0)(torch.cos(phase))
    for axis in (1, 2):
        assert image.diff(dim=axis).abs().max() < 1.5 * inner.diff(dim=axis).abs().max()


def test_few_cells_with_wide_triangles_are_found_on_a_torus() -> None:
    # One cell: every triangle joins copies of it. Two cells close together: the triangles are as wide as the torus.
    one = Barycentric(grid([[1.0, 1.0]], (30.0, 20.0), True))
    torch.testing.assert_close(one(torch.ones(1, 1)), torch.ones(1, 20, 30))
    two = Barycentric(grid([[1.0, 1.0], [1.5, 1.2]], (30.0, 20.0), True))
    torch.testing.assert_close(two(torch.ones(2, 1)), torch.ones(1, 20, 30))


def test_beyond_the_outermost_centres_the_nearest_cell_and_outside_zero() -> None:
    grid = square_grid(3, 3, periodic=False)
    image = Barycentric(grid, 8, 8, origin=(-0.5, -0.5), scale=2.0)(torch.arange(9.0)[:, None])[0]
    assert (image[0] == 0).all()
    assert (image[:, -1] == 0).all()
    torch.testing.assert_close(image[1, 1:7], torch.tensor([0.0, 0.0, 1.0, 1.0, 2.0, 2.0]))


def test_weights_of_a_known_triangle() -> None:
    locator = CellLocator(grid([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]], (4.0, 4.0), False))
    cell, share = interpolation_weights(locator, np.array([[1.0, 2.0]]))
    weights = np.zeros(3)
    weights[cell[0]] = share[0]
    np.testing.assert_allclose(weights, [0.25, 0.25, 0.5])


def test_batch_axes_and_gradients(topology: Data) -> None:
    raster = Barycentric(topology)
    states = torch.randn(2, 3, len(topology["pos"]), 4, requires_grad=True)
    images = raster(states)
    torch.testing.assert_close(images[1, 2], raster(states[1, 2]))
    images.sum().backward()
    assert states.grad is not None
    weight = np.bincount(raster.sampling.cell, raster.sampling.weight, len(topology["pos"]))
    torch.testing.assert_close(states.grad[1, 2, :, 3], torch.from_numpy(weight).float())


def test_cells_on_one_line_are_refused() -> None:
    with pytest.raises(ValueError, match="`topology` must have three cells that are not on one line"):
        Barycentric(square_grid(1, 5, periodic=False))
