"""Woven straps."""

import numpy as np
from jaxtyping import Float

from .canvas import Canvas, colour, mixed, rising

PITCH = 10.7  # pixels from a strap to the next
HALF_WIDTH = 0.38  # of a strap, in pitches
SWAY = 0.6  # pixels by which the straps are bent
LEVEL, UPRIGHT, GROUND = colour((226, 160, 62)), colour((52, 142, 138)), colour((34, 22, 30))
BRIGHTEST = 1.18  # along the middle of a strap on top, where it is 1 on average


def draw_interlaced(size: int) -> Float[np.ndarray, "3 h w"]:
    """Level and upright straps that go over and under each other in turn, rounded by light, on a dark ground."""
    canvas = Canvas(size, seed=3)
    straps = canvas.repeats(PITCH)
    pitch = size / straps
    x = (canvas.x + SWAY * canvas.noise(24.0)) / pitch
    y = (canvas.y + SWAY * canvas.noise(24.0)) / pitch
    tints = 1.0 + 0.14 * (canvas.rng.random((2, straps)) - 0.5)
    column, row = np.floor(x).astype(int) % straps, np.floor(y).astype(int) % straps
    sign = 1.0 - 2.0 * ((column + row) % 2)  # 1 where the level strap is on top
    over = sign * np.abs(np.sin(np.pi * x) * np.sin(np.pi * y))
    level = _strap(y, tints[0, row], LEVEL, 1.0 + 0.22 * over)
    upright = _strap(x, tints[1, column], UPRIGHT, 1.0 - 0.22 * over)
    covers_level, covers_upright = _cover(y), _cover(x)
    level_on_top = sign > 0
    below = np.where(level_on_top, covers_upright, covers_level)
    above = np.where(level_on_top, covers_level, covers_upright)
    picture = mixed(GROUND, np.where(level_on_top[..., None], upright, level), below)
    picture = mixed(picture, np.where(level_on_top[..., None], level, upright), above)
    return canvas.pixels(picture * (1.0 + 0.05 * canvas.noise(8.0))[..., None])


def _cover(across: Float[np.ndarray, "s s"]) -> Float[np.ndarray, "s s"]:
    """1 on a strap, 0 beside it."""
    return 1.0 - rising(np.abs(across % 1.0 - 0.5), HALF_WIDTH - 0.06, HALF_WIDTH + 0.06)


def _strap(across: np.ndarray, tint: np.ndarray, tone: np.ndarray, light: np.ndarray) -> Float[np.ndarray, "s s 3"]:
    """The colour of a strap: bright along its middle."""
    away = np.abs(across % 1.0 - 0.5) / HALF_WIDTH
    return tone * (tint * light * (BRIGHTEST - 0.5 * away**2))[..., None]
