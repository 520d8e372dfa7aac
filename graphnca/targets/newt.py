"""A newt, drawn here: the animal of the induction experiment (Studying Growth)."""

from collections.abc import Iterable
from itertools import pairwise

from PIL import Image, ImageDraw

SIDE = 128  # pixels of the picture, as of the emoji
FINENESS = 8  # drawn so many times larger, then averaged: smooth edges
SKIN = (96, 168, 112)
CREST = (232, 132, 52)
EYE_UPPER = (255, 232, 96)
EYE_LOWER = (34, 18, 48)

EYE = (0.2125, 0.375, 0.1)  # centre x, y and radius, in sides of the picture; its middle is a border of 40 pixels
BODY = (0.53, 0.545, 0.29, 0.20)  # centre x, y and half-axes
HEAD = (0.225, 0.41, 0.195)
TAIL = ((0.66, 0.56, 0.135), (0.78, 0.60, 0.09), (0.88, 0.575, 0.062), (0.94, 0.49, 0.045), (0.955, 0.40, 0.028))
"""Middle line and half-width of the tail."""
FIN = ((0.40, 0.40), (0.46, 0.255), (0.54, 0.345), (0.62, 0.26), (0.70, 0.36), (0.78, 0.34), (0.80, 0.52), (0.55, 0.52))
LEGS = (((0.385, 0.66), (0.345, 0.80), (0.275, 0.83)), ((0.665, 0.66), (0.70, 0.80), (0.63, 0.83)))
LEG_WIDTH = 0.085


def draw_newt() -> Image.Image:
    """Return a newt from its left side, 128x128 pixels of RGBA with straight alpha.

    Its one eye has a bright upper and a dark lower half, parted by a horizontal line through the middle; its flank is
    of one colour and wide enough to take a second eye.
    """
    side = SIDE * FINENESS
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.polygon([(x * side, y * side) for x, y in FIN], fill=CREST)
    for line in LEGS:
        _stroke(draw, [(x, y, LEG_WIDTH / 2) for x, y in line], side)
    _stroke(draw, TAIL, side)
    x, y, half_width, half_height = BODY
    draw.ellipse([v * side for v in (x - half_width, y - half_height, x + half_width, y + half_height)], fill=SKIN)
    draw.ellipse(_box(*HEAD, side), fill=SKIN)
    draw.ellipse(_box(*EYE, side), fill=EYE_UPPER)
    draw.chord(_box(*EYE, side), 0, 180, fill=EYE_LOWER)
    return image.reduce(FINENESS)


def _box(x: float, y: float, radius: float, side: int) -> list[float]:
    return [v * side for v in (x - radius, y - radius, x + radius, y + radius)]


def _stroke(draw: ImageDraw.ImageDraw, line: Iterable[tuple[float, float, float]], side: int, pieces: int = 40) -> None:
    """A line through points (x, y, half-width) of which each piece goes over into the next."""
    for (x0, y0, r0), (x1, y1, r1) in pairwise(line):
        for piece in range(pieces + 1):
            t = piece / pieces
            draw.ellipse(_box(x0 + t * (x1 - x0), y0 + t * (y1 - y0), r0 + t * (r1 - r0), side), fill=SKIN)
