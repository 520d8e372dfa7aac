"""A board of warm and dark squares."""

import numpy as np
from jaxtyping import Float

from .canvas import Canvas, colour, mixed, rising

SQUARE = 8.0  # pixels along a side
SWAY = 0.6  # pixels by which the borders are bent
SOFTNESS = 0.3  # of the sine at a border, about 0.8 pixels on either side: cells out of line can show it
LIGHT, DARK = colour((240, 214, 160)), colour((38, 44, 92))
SUNNY, VIOLET = colour((246, 176, 92)), colour((108, 40, 96))


def draw_chequered(size: int) -> Float[np.ndarray, "3 h w"]:
    """Squares of two colours in turn, each a little different, with borders that are not quite straight."""
    canvas = Canvas(size, seed=1)
    squares = canvas.repeats(SQUARE)
    side = size / squares
    x = (canvas.x + SWAY * canvas.noise(24.0)) / side
    y = (canvas.y + SWAY * canvas.noise(24.0)) / side
    column, row = np.floor(x).astype(int) % squares, np.floor(y).astype(int) % squares
    tint = canvas.rng.random((squares, squares))[row, column]
    # the sine's sign is the square's colour, and it is steep where it changes
    dark = rising(np.sin(np.pi * x) * np.sin(np.pi * y), -SOFTNESS, SOFTNESS)
    light = mixed(LIGHT, SUNNY, 0.7 * tint)
    shade = 1.0 + 0.06 * canvas.noise(12.0)
    return canvas.pixels(mixed(light, mixed(DARK, VIOLET, 0.7 * tint), dark) * shade[..., None])
