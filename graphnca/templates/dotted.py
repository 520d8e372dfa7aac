"""Coloured dots."""

import numpy as np
from jaxtyping import Float

from .canvas import Canvas, colour, mixed, rising

PITCH = 12.8  # pixels from a dot to the next
RADIUS = (3.7, 4.7)  # pixels
JITTER = 0.7  # pixels by which dots are off their places, at most
EDGE = 2.0  # pixels on either side of a rim over which it fades: cells out of line cannot show sharper ones
GROUND, SHADOW = colour((244, 232, 206)), colour((222, 200, 168))
DOTS = (colour((206, 44, 48)), colour((206, 44, 48)), colour((32, 104, 130)))  # two red ones for a blue one


def draw_dotted(size: int) -> Float[np.ndarray, "3 h w"]:
    """Dots of two colours on a light ground, in rows that are shifted against each other by half a pitch."""
    canvas = Canvas(size, seed=5)
    rows = canvas.repeats(PITCH * 3**0.5 / 2.0)
    columns = max(1, round(size / PITCH))
    picture = mixed(GROUND, SHADOW, 0.5 + 0.4 * canvas.noise(14.0))
    for row in range(rows):
        for column in range(columns):
            dx, dy = canvas.rng.uniform(-JITTER, JITTER, 2)
            x, y = (column + row % 2 / 2.0) * size / columns + dx, (row + 0.5) * size / rows + dy
            radius, tone = canvas.rng.uniform(*RADIUS), DOTS[canvas.rng.integers(len(DOTS))]
            window, right, down = canvas.around(x, y, radius + EDGE)
            cover = 1.0 - rising(np.hypot(right, down), radius - EDGE, radius + EDGE)
            picture[window] = mixed(picture[window], tone * canvas.rng.uniform(0.92, 1.08), cover)
    return canvas.pixels(picture)
