import numpy as np
from torch_geometric.data import Data

from graphnca.rasterizers.locate import CellLocator
from topologies import square_grid


def test_nearest_equals_brute_force_over_all_images_of_the_torus(topology: Data) -> None:
    points = np.random.default_rng(0).uniform(-20.0, 30.0, (500, 2))
    pos, extent = topology["pos"].double().numpy(), topology["extent"][0].double().numpy()
    step = points[:, None] - pos[None]
    if topology["periodic"].item():
        step -= extent * np.round(step / extent)
    brute = np.hypot(step[..., 0], step[..., 1])
    distance, cell = CellLocator(topology).nearest(points, 2)
    np.testing.assert_allclose(distance, np.sort(brute, axis=1)[:, :2], atol=1e-4)
    np.testing.assert_allclose(brute[np.arange(500), cell[:, 0]], brute.min(1), atol=1e-4)


def test_border_points_go_to_the_cell_below_and_to_the_right() -> None:
    locator = CellLocator(square_grid(4, 5))
    corners = np.stack(np.meshgrid(np.arange(5.0), np.arange(4.0)), axis=-1).reshape(-1, 2)
    np.testing.assert_array_equal(locator.nearest(corners)[1][:, 0], np.arange(20))


def test_a_point_just_below_zero_wraps_into_the_substrate() -> None:
    locator = CellLocator(square_grid(4, 5))
    wrapped = locator.wrap(np.array([[-1e-20, 4.0], [5.0, -1e-20]]))
    assert ((wrapped >= 0) & (wrapped < [5.0, 4.0])).all()


def test_only_a_bounded_domain_has_an_outside() -> None:
    points = np.array([[-0.1, 1.0], [0.0, 0.0], [5.0, 4.0], [1.0, 4.1]])
    assert CellLocator(square_grid(4, 5)).inside(points).all()
    np.testing.assert_array_equal(
        CellLocator(square_grid(4, 5, periodic=False)).inside(points), [False, True, True, False]
    )
