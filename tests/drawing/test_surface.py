"""Shaded pictures of surfaces, and surfaces that turn."""

import math

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca.drawing import SurfaceCanvas, draw_surface, turntable
from graphnca.drawing.colours import state_colours
from graphnca.drawing.surface import AMBIENT, LIGHT, lambert
from graphnca.rasterizers import Camera, SurfaceView
from topologies import sphere, square_grid, surface_from_points


@pytest.fixture(scope="module")
def ball() -> Data:
    return sphere(900)


def test_without_light_it_is_the_view_of_the_cells_colours(ball: Data) -> None:
    states = torch.rand(len(ball["pos"]), 5)
    states[:, :3] *= states[:, 3:4]
    camera = Camera(0.6, 0.3, distance=4.0)
    picture = np.asarray(draw_surface(states, ball, 40, 50, camera=camera, shaded=False, body="#204060", samples=1))
    view = SurfaceView(ball, 40, 50, camera=camera)
    colours = torch.from_numpy(state_colours(states, background=(0x20, 0x40, 0x60)))
    expected = view(colours) + 255 * (1 - view(torch.ones(len(states), 1)))
    assert np.abs(picture - expected.movedim(0, -1).numpy()).max() <= 0.51


def test_the_light_obeys_the_cosine_law() -> None:
    towards = LIGHT / np.linalg.norm(LIGHT)
    across = np.cross(towards, [1.0, 0.0, 0.0])
    across /= np.linalg.norm(across)
    angles = np.linspace(0, math.pi, 7)
    normals = np.cos(angles)[:, None] * towards + np.sin(angles)[:, None] * across
    seen = normals[:, 2] >= 0
    expected = AMBIENT + (1 - AMBIENT) * np.cos(angles).clip(0)
    np.testing.assert_allclose(lambert(normals)[seen], expected[seen])
    np.testing.assert_allclose(lambert(-normals), lambert(normals))  # the inner side of a shell is lit as the outer one
    assert 2 < seen.sum() < 7


def test_a_blank_sphere_is_brightest_towards_the_light(ball: Data) -> None:
    picture = np.asarray(draw_surface(torch.zeros(len(ball["pos"]), 4), ball, 120, background="black")).astype(float)
    row, column = np.unravel_index(picture.sum(2).argmax(), picture.shape[:2])
    found = np.array([column - 59.5, row - 59.5]) * 1.05 / 60
    np.testing.assert_allclose(found, (LIGHT / np.linalg.norm(LIGHT))[:2], atol=0.1)
    assert not picture[0].any() and not picture[:, -1].any()


def test_both_sides_of_an_open_surface_are_drawn() -> None:
    rng = np.random.default_rng(0)
    x, y = (part.ravel() for part in np.meshgrid(np.arange(12.0), np.arange(12.0)))
    places = np.stack([x, y, 0 * x], axis=1) + rng.uniform(-0.2, 0.2, (144, 3)) * [1, 1, 0]
    shell = surface_from_points(places, np.tile([0.0, 0.0, 1.0], (144, 1)))
    blank = torch.zeros(144, 4)
    front = np.asarray(draw_surface(blank, shell, 40))
    back = np.asarray(draw_surface(blank, shell, 40, camera=Camera(math.pi)))
    assert (front != 255).any()
    assert np.abs(front.astype(int) - back[:, ::-1]).max() <= 2


def test_what_is_not_finite_is_magenta(ball: Data) -> None:
    picture = np.asarray(draw_surface(torch.full((len(ball["pos"]), 4), math.nan), ball, 20, shaded=False))
    assert picture[10, 10].tolist() == [255, 0, 255]


def test_a_turntable_comes_back_and_passes_the_other_side(ball: Data) -> None:
    states = torch.rand(len(ball["pos"]), 3)
    camera = Camera(0.2, 0.3)
    frames = [np.asarray(canvas.draw(states)) for canvas in turntable(ball, camera, 4, height=24)]
    assert len(frames) == 4
    np.testing.assert_array_equal(frames[0], np.asarray(draw_surface(states, ball, 24, camera=camera)))
    opposite = Camera(0.2 + math.pi, 0.3)
    np.testing.assert_array_equal(frames[2], np.asarray(draw_surface(states, ball, 24, camera=opposite)))
    back = [np.asarray(canvas.draw(states)) for canvas in turntable(ball, camera, 4, turns=-1.0, height=24)]
    assert np.abs(back[1].astype(int) - frames[3]).max() <= 1
    still = list(turntable(ball, camera, 3, turns=0.0, height=24))
    assert len(still) == 3 and still[0] is still[2]


def test_bad_arguments(ball: Data) -> None:
    with pytest.raises(ValueError, match="`topology` must be a surface in space"):
        SurfaceCanvas(square_grid(4, 4))
    with pytest.raises(ValueError, match="`body` must be a colour"):
        SurfaceCanvas(ball, 8, body="nothing")
    with pytest.raises(ValueError, match=r"`states` must have shape \(\d+, C\)"):
        SurfaceCanvas(ball, 8).draw(torch.zeros(3, 4))
    with pytest.raises(ValueError, match="`count` must be at least 1 frame, got 0"):
        turntable(ball, Camera(), 0)
