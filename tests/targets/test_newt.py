"""The newt: an eye of two halves, and a flank that can take another."""

import numpy as np

from graphnca.targets.newt import BODY, EYE, EYE_LOWER, EYE_UPPER, SIDE, SKIN, draw_newt

PIXELS = np.asarray(draw_newt())


def colour_at(x: float, y: float) -> tuple[int, ...]:
    return tuple(PIXELS[round(y * SIDE), round(x * SIDE)].tolist())


def test_it_is_drawn_on_nothing() -> None:
    assert PIXELS.shape == (SIDE, SIDE, 4)
    border = np.ones((SIDE, SIDE), bool)
    border[1:-1, 1:-1] = False
    assert not PIXELS[border][:, 3].any()
    assert 0.2 < (PIXELS[..., 3] > 127).mean() < 0.6


def test_edges_are_smooth() -> None:
    assert len(np.unique(PIXELS[..., 3])) > 10


def test_the_eye_is_bright_above_and_dark_below() -> None:
    x, y, radius = EYE
    for dx in (-0.5, 0.0, 0.5):
        assert colour_at(x + dx * radius, y - 0.5 * radius) == (*EYE_UPPER, 255)
        assert colour_at(x + dx * radius, y + 0.5 * radius) == (*EYE_LOWER, 255)


def test_eye_colours_are_nowhere_else() -> None:
    yy, xx = (np.mgrid[:SIDE, :SIDE] + 0.5) / SIDE
    outside = np.hypot(xx - EYE[0], yy - EYE[1]) > EYE[2] + 1 / SIDE
    for colour in (EYE_UPPER, EYE_LOWER):
        assert (np.abs(PIXELS[outside][:, :3].astype(int) - colour).max(1) > 40)[PIXELS[outside][:, 3] > 0].all()


def test_an_eye_fits_on_the_flank_with_room_around() -> None:
    x, y = BODY[:2]
    for dx in np.linspace(-1.5, 1.5, 7):
        for dy in np.linspace(-1.4, 1.4, 7):
            assert colour_at(x + dx * EYE[2], y + dy * EYE[2]) == (*SKIN, 255)
