import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data

from graphnca.rasterizers import NearestCell
from graphnca.rasterizers.pixel_grid import PixelGrid
from topologies import square_grid


def test_default_grid_covers_the_extent(topology: Data) -> None:
    grid = PixelGrid.over(topology, scale=2.0)
    extent = topology["extent"][0].numpy()
    assert (grid.width, grid.height) == (round(2.0 * extent[0]), round(2.0 * extent[1]))
    np.testing.assert_allclose(grid.points()[0, 0], [0.25, 0.25])
    np.testing.assert_allclose(grid.points()[-1, 0], [grid.width / 2 - 0.25, grid.height / 2 - 0.25])


def test_x_runs_along_the_row_and_y_down() -> None:
    grid = PixelGrid(height=2, width=3, origin=(10.0, 20.0), scale=1.0)
    np.testing.assert_allclose(grid.points()[:, 0, 0].reshape(2, 3), [[10.5, 11.5, 12.5]] * 2)
    np.testing.assert_allclose(grid.points()[:, 0, 1].reshape(2, 3), [[20.5] * 3, [21.5] * 3])


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_samples_lie_within_their_pixel_and_average_to_its_centre(samples: int) -> None:
    grid = PixelGrid(height=3, width=4, origin=(-1.0, 0.5), scale=0.5)
    centres, points = grid.points(), grid.points(samples)
    assert points.shape == (12, samples**2, 2)
    np.testing.assert_allclose(points.mean(1), centres[:, 0])
    assert np.abs(points - centres).max() < 0.5 / 0.5
    np.testing.assert_array_equal(grid.points(samples, np.array([7, 2])), points[[7, 2]])


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 9), (8, 5)])
def test_centre_lies_in_the_middle_of_the_middle_pixel(height: int, width: int) -> None:
    grid = PixelGrid.over(square_grid(12, 14), height, width, centre=(3.25, -1.0), scale=1.5)
    np.testing.assert_allclose(grid.points()[(height // 2) * width + width // 2, 0], [3.25, -1.0])


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("angle", [0.0, 0.5, -2.0])
def test_a_turned_grid_is_the_grid_mirrored_and_turned_about_its_centre(angle: float, mirror: bool) -> None:
    """The same order and sense as `structured_seed`: x -> -x first, then from x towards y."""
    grid, centre = square_grid(12, 14), np.array([3.25, -1.0])
    plain = PixelGrid.over(grid, 8, 5, centre=centre.tolist(), scale=1.5).points(2) - centre
    turned = PixelGrid.over(grid, 8, 5, centre=centre.tolist(), scale=1.5, angle=angle, mirror=mirror).points(2)
    x, y = (-plain[..., 0] if mirror else plain[..., 0]), plain[..., 1]
    cos, sin = np.cos(angle), np.sin(angle)
    np.testing.assert_allclose(turned - centre, np.stack([cos * x - sin * y, sin * x + cos * y], -1), atol=1e-12)


def test_without_a_centre_the_origin_stays() -> None:
    grid = PixelGrid.over(square_grid(12, 14), 3, 4, origin=(2.0, 1.0), angle=np.pi / 2)
    np.testing.assert_allclose(grid.points()[0, 0], [1.5, 1.5])
    np.testing.assert_allclose(grid.points()[1, 0], [1.5, 2.5])  # the next column is further down


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"height": 0}, "`height` must be a positive"),
        ({"width": -3}, "`width` must be a positive"),
        ({"scale": 0.0}, "`scale` must be a positive"),
        ({"scale": float("nan")}, "`scale` must be finite"),
        ({"angle": float("nan")}, "`angle` must be finite"),
        ({"origin": (0.0, float("inf"))}, "`origin` must be finite"),
        ({"centre": (1.0, 2.0, 3.0)}, "`centre` must be a point"),
        ({"centre": (1.0, 2.0), "origin": (1.0, 0.0)}, "`origin` and `centre` exclude"),
        ({"samples": 0}, "`samples` must be a positive"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NearestCell(square_grid(4, 4), **arguments)


def test_a_batch_and_a_surface_in_space_are_refused() -> None:
    grid = square_grid(4, 4)
    with pytest.raises(ValueError, match="`topology` must be one graph, a PyG Data, got a batch of 2"):
        NearestCell(Batch.from_data_list([grid, grid]))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=r"`topology` must be one substrate.*None"):
        NearestCell(Data(pos=grid["pos"]))
    grid["pos"] = torch.zeros(16, 3)
    with pytest.raises(ValueError, match=r"`topology` must have positions in the plane.*\(16, 3\)"):
        NearestCell(grid)
