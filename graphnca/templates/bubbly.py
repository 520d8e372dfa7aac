"""Bubbles of several sizes."""

import numpy as np
from jaxtyping import Float

from .canvas import Canvas, colour, mixed, rising

RADII = (7.5, 6.5, 5.5, 4.5, 4.0)  # pixels, the largest placed first
PIXELS_A_TRY = 24  # of the picture, for each radius: so many places are tried
GAP = 0.4  # pixels between bubbles
RIM = 2.6  # width of the dark rim, in pixels
WATER, DEEP = colour((26, 84, 128)), colour((12, 40, 84))
INSIDE, EDGE, GLINT = colour((150, 214, 214)), colour((40, 120, 150)), colour((252, 252, 232))


def draw_bubbly(size: int) -> Float[np.ndarray, "3 h w"]:
    """Round bubbles side by side, bright inside, each with a glint at its upper left, in dark water."""
    canvas = Canvas(size, seed=4)
    picture = mixed(WATER, DEEP, 0.5 + 0.3 * canvas.noise(16.0))
    for x, y, radius in packed(canvas, RADII):
        window, right, down = canvas.around(x, y, radius + 1.0)
        away = np.hypot(right, down)
        tone = mixed(INSIDE * canvas.rng.uniform(0.9, 1.06), EDGE, rising(away, radius - RIM - 0.6, radius - 0.4))
        glint = np.hypot(right + 0.3 * radius, down + 0.3 * radius)
        tone = mixed(tone, GLINT, 1.0 - rising(glint, 0.12 * radius, 0.5 * radius))
        picture[window] = mixed(picture[window], tone, 1.0 - rising(away, radius - 0.6, radius + 0.6))
    return canvas.pixels(picture)


def packed(canvas: Canvas, radii: tuple[float, ...]) -> list[tuple[float, float, float]]:
    """Circles (x, y, radius) that do not overlap, thrown in at random, the largest first."""
    placed: list[tuple[float, float, float]] = []
    for radius in radii:
        for x, y in canvas.rng.random((canvas.size**2 // PIXELS_A_TRY, 2)) * canvas.size:
            there = np.array(placed).reshape(-1, 3)
            away = np.abs(there[:, :2] - (x, y))
            away = np.hypot(*np.minimum(away, canvas.size - away).T)
            if (away > there[:, 2] + radius + GAP).all():
                placed.append((x, y, radius))
    return placed
