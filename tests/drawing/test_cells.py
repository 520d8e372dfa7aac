import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, draw_cells, to_rgb
from graphnca.drawing.colours import diverging_colours, state_colours
from graphnca.rasterizers import NearestCell
from topologies import square_grid


def random_states(topology: Data, channels: int = 5) -> torch.Tensor:
    states = torch.rand(len(topology["pos"]), channels)
    states[:, :3] *= states[:, 3:4]
    return states


def at_centres(picture: np.ndarray, topology: Data, scale: float) -> np.ndarray:
    column, row = (topology["pos"].numpy() * scale).astype(int).T
    return picture[row.clip(0, picture.shape[0] - 1), column.clip(0, picture.shape[1] - 1)]


def test_cells_have_their_colour_at_their_centres(topology: Data) -> None:
    states = random_states(topology)
    picture = np.asarray(draw_cells(states, topology, scale=16))
    inner = ((topology["pos"] > 0.1) & (topology["pos"] < topology["extent"] - 0.1)).all(1).numpy()
    expected = np.rint(state_colours(states))
    np.testing.assert_array_equal(at_centres(picture, topology, 16)[inner], expected[inner])


def test_hard_borders_equal_the_nearest_cell_raster(topology: Data) -> None:
    states = random_states(topology)
    picture = np.asarray(draw_cells(states, topology, scale=7, samples=1))
    np.testing.assert_array_equal(picture, to_rgb(NearestCell(topology, scale=7.0)(states)))


def test_smooth_borders_equal_the_mean_over_samples(topology: Data) -> None:
    states = random_states(topology)
    picture = np.asarray(draw_cells(states, topology, scale=5, samples=3)).astype(float)
    raster = NearestCell(topology, scale=5.0, samples=3)
    cover = raster(torch.ones(len(states), 1))
    expected = raster(torch.from_numpy(state_colours(states))) + (1 - cover) * 255  # outside a bounded domain white
    assert np.abs(picture - expected.movedim(0, -1).numpy()).max() <= 0.51


def test_square_cells_are_drawn_without_blur() -> None:
    grid = square_grid(4, 5)
    states = random_states(grid)
    picture = np.asarray(draw_cells(states, grid, scale=6))
    expected = to_rgb(NearestCell(grid)(states)).repeat(6, 0).repeat(6, 1)
    np.testing.assert_array_equal(picture, expected)


def test_window_is_a_part_of_the_whole(topology: Data) -> None:
    states = random_states(topology)
    whole = np.asarray(draw_cells(states, topology, scale=8))
    part = np.asarray(draw_cells(states, topology, scale=8, window=(2, 3, 9, 8)))
    np.testing.assert_array_equal(part, whole[24:64, 16:72])


def test_torus_continues_and_a_bounded_domain_ends_at_its_border() -> None:
    for periodic in (True, False):
        grid = square_grid(4, 5, periodic=periodic)
        states = random_states(grid)
        whole = np.asarray(draw_cells(states, grid, scale=4))
        wide = np.asarray(draw_cells(states, grid, scale=4, window=(-5, 0, 10, 4), background="#102030"))
        middle = np.asarray(draw_cells(states, grid, scale=4, background="#102030"))
        assert whole.shape == middle.shape
        np.testing.assert_array_equal(wide[:, 20:40], middle)
        outside = middle if periodic else np.broadcast_to([16, 32, 48], middle.shape)
        np.testing.assert_array_equal(wide[:, :20], outside)
        np.testing.assert_array_equal(wide[:, 40:], outside)


def test_centres_are_dots_where_the_cells_are(topology: Data) -> None:
    states = torch.zeros(len(topology["pos"]), 4)
    states[:, 1] = states[:, 3] = 1.0  # green
    picture = np.asarray(draw_cells(states, topology, scale=16, centres=True))
    inner = ((topology["pos"] > 0.2) & (topology["pos"] < topology["extent"] - 0.2)).all(1).numpy()
    dots = at_centres(picture, topology, 16)[inner]
    np.testing.assert_array_equal(dots, np.broadcast_to(dots[0], dots.shape))
    assert 80 < dots[0, 1] < 180
    share = (picture[..., 1] < 250).mean() * picture[..., 0].size / len(states) / 16**2  # dot area per cell, units
    assert 0.03 < share < 0.08  # pi 0.13^2 = 0.053


def test_dots_on_dark_cells_are_light() -> None:
    grid = square_grid(3, 3)
    black = torch.tensor([[0.0, 0.0, 0.0, 1.0]]).repeat(9, 1)
    assert np.asarray(draw_cells(black, grid, scale=20, centres=True))[10, 10].min() > 100


def test_edges_run_between_cells_and_nowhere_else(topology: Data) -> None:
    canvas = CellCanvas(topology, scale=16, edge_colour="red", edge_width=2)
    picture = np.asarray(canvas.draw(torch.zeros(len(topology["pos"]), 4)))
    red = picture[..., 1] < 128
    assert 0.05 < red.mean() < 0.25  # about 2 px * 4..6 sides / 2 of 16 px cells
    _, cell = topology["edge_index"]
    middle = topology["pos"][cell] + 0.5 * topology["edge_attr"]
    inner = ((middle > 1.0) & (middle < topology["extent"] - 1.0)).all(1)
    inner &= topology["edge_attr"].norm(dim=1) < 1.2  # not the diagonals of squares, which meet at a corner
    column, row = (middle[inner].numpy() * 16).astype(int).T
    # The bisector of two neighbours is their border, but its middle may lie outside of a short one: nearly all do not.
    assert red[row, column].mean() > 0.8
    column, row = (topology["pos"].numpy() * 16).astype(int).T
    assert not red[row.clip(3, len(red) - 3), column.clip(3, red.shape[1] - 3)].any()


def test_channels_and_textures_are_drawn() -> None:
    grid = square_grid(3, 4)
    states = torch.randn(12, 6)
    canvas = CellCanvas(grid, scale=2)
    channel = np.asarray(canvas.draw(states, channel=5, limit=2.0))[::2, ::2].reshape(12, 3)
    np.testing.assert_array_equal(channel, np.rint(diverging_colours(states[:, 5].numpy(), 2.0)))
    texture = np.asarray(canvas.draw(states, offset=0.5))[::2, ::2].reshape(12, 3)
    np.testing.assert_array_equal(texture, np.rint(255 * (states[:, :3] + 0.5).clip(0, 1).numpy()))


def test_a_canvas_draws_many_frames_alike(topology: Data) -> None:
    canvas = CellCanvas(topology, scale=4, centres=True, edge_colour=(0, 0, 0, 40))
    for _ in range(2):
        states = random_states(topology).requires_grad_()
        single = draw_cells(states, topology, scale=4, centres=True, edge_colour=(0, 0, 0, 40))
        np.testing.assert_array_equal(np.asarray(canvas.draw(states)), np.asarray(single))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 0.0}, "`scale` must be a positive"),
        ({"window": (3, 0, 3, 2)}, "`window` must be"),
        ({"edge_width": 0.0}, "`edge_width` must be a positive"),
        ({"edge_colour": "greenish"}, "`edge_colour` must be a colour"),
        ({"background": (1, 2)}, "`background` must be a colour"),
        ({"samples": 0}, "`samples` must be a positive"),
        ({"channel": 9}, "`channel` must be one of"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw_cells(torch.zeros(16, 5), square_grid(4, 4), **arguments)


def test_states_of_another_substrate_are_refused() -> None:
    canvas = CellCanvas(square_grid(4, 4))
    with pytest.raises(ValueError, match=r"`states` must have shape \(16, C\), got \(15, 4\)"):
        canvas.draw(torch.zeros(15, 4))
