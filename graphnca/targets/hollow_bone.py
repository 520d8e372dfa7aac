"""A slice of a bone, hollow inside, drawn here: what the apoptosis experiment grows (Studying Growth)."""

import math

from PIL import Image, ImageDraw

SIDE = 128  # pixels of the picture, as of the emoji
FINENESS = 8  # drawn so many times larger, then averaged: smooth edges
RIND = (176, 136, 92)
BONE = (240, 222, 184)
POINTS = 720  # of an outline

OUTLINE = (0.47, ((2, 0.022, 0.4), (3, 0.020, 2.1), (5, 0.008, 0.9)))
"""Mean radius in sides of the picture, and waves on it: how many a turn, amplitude, phase."""
INNER_OUTLINE = (0.425, OUTLINE[1])
CAVITY = (0.27, ((2, 0.024, 2.6), (3, 0.012, 0.3)))


def draw_hollow_bone() -> Image.Image:
    """Return a slice through a long bone, 128x128 pixels of RGBA with straight alpha.

    A ring of pale bone with a brown rind; the cavity in the middle is empty, and the middle of the picture lies in it.
    """
    side = SIDE * FINENESS
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    for (radius, waves), colour in ((OUTLINE, RIND), (INNER_OUTLINE, BONE), (CAVITY, (0, 0, 0, 0))):
        draw.polygon(_outline(radius, waves, side), fill=colour)
    return image.reduce(FINENESS)


def _outline(radius: float, waves: tuple[tuple[int, float, float], ...], side: int) -> list[tuple[float, float]]:
    points = []
    for number in range(POINTS):
        turn = 2 * math.pi * number / POINTS
        reach = radius + sum(height * math.cos(count * turn + phase) for count, height, phase in waves)
        points.append(((0.5 + reach * math.cos(turn)) * side, (0.5 + reach * math.sin(turn)) * side))
    return points
