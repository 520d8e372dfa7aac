"""A surface with depth, and how it looks in the light that falls on all of these templates from the upper left."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter

from .canvas import FINENESS, Canvas, Field

DEEPEST = 8.0
"""Pixels over the ground that a height of 1 means in a map."""
LIGHT = np.array((-0.5, -0.62, 0.6)) / np.linalg.norm((-0.5, -0.62, 0.6))
"""Towards it: right, down and out of the picture."""
SKY, SUN = 0.34, 0.86  # of the light: from everywhere, and from there
HOLLOW = 0.11  # of the sky's light that a pixel of depth below its surroundings takes
SURROUNDINGS = 3.0  # pixels, standard deviation
REACH = 9.0  # pixels from which something casts its shadow, at most
SOFTNESS = 0.7  # pixels of height between lit and shaded
BLUR = 0.6  # pixels, standard deviation: cells out of line cannot show what is sharper
SHARPEST = 60.0  # exponent of the glint on a mirror; a matt surface has 2
GLINT = 1.1  # of a mirror; of a matt surface none


@dataclass(frozen=True)
class Relief:
    """What is there, in points of a canvas, before any light.

    Attributes:
        colour: What it throws back, in [0, 1].
        height: Over the ground, in pixels.
        roughness: 0 mirrors, 1 is matt.
    """

    colour: Float[np.ndarray, "s s 3"]
    height: Field
    roughness: Field

    def lit(self) -> Float[np.ndarray, "s s 3"]:
        """How it looks from above: Lambert's law, Blinn's glints, shadows, and less of the sky in hollows."""
        slope_x, slope_y = (
            (np.roll(self.height, -1, axis) - np.roll(self.height, 1, axis)) * FINENESS / 2.0 for axis in (1, 0)
        )
        normal = np.stack([-slope_x, -slope_y, np.ones_like(slope_x)], axis=-1)
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        half = LIGHT + np.array((0.0, 0.0, 1.0))
        half /= np.linalg.norm(half)
        in_sun, smooth = self._in_sun(), 1.0 - self.roughness
        sun = SUN * in_sun * np.clip(normal @ LIGHT, 0.0, None)
        exponent = 2.0 * (SHARPEST / 2.0) ** smooth
        glint = GLINT * smooth * in_sun * np.clip(normal @ half, 0.0, None) ** exponent
        return self.colour * (SKY * self._sky() + sun)[..., None] + glint[..., None]

    def _sky(self) -> Field:
        around = gaussian_filter(self.height, SURROUNDINGS * FINENESS, mode="wrap")
        return np.clip(1.0 + HOLLOW * (self.height - around), 0.15, 1.2)

    def _in_sun(self) -> Field:
        """1 where the sun is seen, 0 where something higher stands before it."""
        across = np.hypot(*LIGHT[:2])
        above = np.zeros_like(self.height)
        for away in np.arange(1.0, REACH, 0.5):
            right, down = (round(part / across * away * FINENESS) for part in LIGHT[:2])
            there = np.roll(self.height, (-down, -right), (0, 1))
            above = np.maximum(above, there - self.height - away * LIGHT[2] / across)
        return 1.0 - np.clip(above / SOFTNESS, 0.0, 1.0)

    def maps(self, canvas: Canvas) -> Float[np.ndarray, "5 h w"]:
        """Red, green and blue in the light, height as a share of `DEEPEST` pixels, and roughness, each in [0, 1]."""
        everything = np.dstack([self.lit(), self.height / DEEPEST, self.roughness])
        spread = BLUR * FINENESS
        return canvas.pixels(gaussian_filter(everything, (spread, spread, 0.0), mode="wrap"))
