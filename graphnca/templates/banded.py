"""Bands of four colours."""

import numpy as np
from jaxtyping import Float

from .canvas import Canvas, colour, rising

PERIOD = 16.0  # pixels from a band to the next of its colour
SWAY = 1.2  # pixels by which the bands are bent
BANDS = (
    (0.00, colour((150, 30, 40))),
    (0.30, colour((236, 128, 44))),
    (0.50, colour((250, 226, 172))),
    (0.72, colour((32, 92, 112))),
)
"""Where each begins, in periods, and its colour."""
BORDER = 0.06  # half the width in periods over which a colour goes over into the next


def draw_banded(size: int) -> Float[np.ndarray, "3 h w"]:
    """Level bands, one colour above another, slightly bent and of changing width."""
    canvas = Canvas(size, seed=2)
    height = size / canvas.repeats(PERIOD)
    phase = ((canvas.y + SWAY * canvas.noise(28.0)) / height) % 1.0
    picture = np.zeros((*phase.shape, 3))
    for number, (begin, tone) in enumerate(BANDS):
        end = BANDS[(number + 1) % len(BANDS)][0] % 1.0 or 1.0
        middle, half = (begin + end) / 2.0, (end - begin) / 2.0
        away = np.abs((phase - middle + 0.5) % 1.0 - 0.5)
        picture += (1.0 - rising(away, half - BORDER, half + BORDER))[..., None] * tone
    return canvas.pixels(picture * (1.0 + 0.07 * canvas.noise(10.0))[..., None])
