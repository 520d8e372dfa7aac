"""Scales."""

import numpy as np

from .canvas import Canvas, colour, mixed, rising
from .relief import Relief

PITCH = 21.0  # pixels from a scale to the next of its row
RADIUS = 0.6  # of a scale, in pitches
OVERLAP = 0.5  # of a pitch, from a row to the next
ROWS = range(-1, 4)  # above a point, whose scales may reach it: that which hangs down from highest is on top
LIFT = 6.5  # pixels over the next row at a scale's free end
DOME = 2.0  # pixels, along its middle
BACK, END, RIM = colour((16, 78, 84)), colour((62, 172, 108)), colour((232, 196, 92))


def scaly(canvas: Canvas) -> Relief:
    """Round scales in rows, each over the next row, dark at the root, golden at the free end."""
    rows, columns = canvas.repeats(PITCH * OVERLAP), max(1, round(canvas.size / PITCH))
    x_pitch, y_pitch = canvas.size / columns, canvas.size / rows
    x, y = canvas.x + 0.5 * canvas.noise(26.0), canvas.y + 0.5 * canvas.noise(26.0)
    tints = canvas.rng.uniform(-1.0, 1.0, (rows, columns))
    below = np.full_like(x, -np.inf)  # how far below its scale's middle a point lies, in radii
    aside, away, tint = np.zeros_like(x), np.ones_like(x), np.zeros_like(x)
    radius = RADIUS * x_pitch
    first = np.floor(y / y_pitch)
    for above in ROWS:
        row = first - above
        shift = (row % 2) / 2.0
        column = np.round(x / x_pitch - shift)
        right, down = (x - (column + shift) * x_pitch) / radius, (y - row * y_pitch) / (1.25 * radius)
        distance = np.hypot(right, np.where(down > 0, down, 0.55 * down))
        on_top = (distance < 1.0) & (down > below)
        below = np.where(on_top, down, below)
        aside, away = np.where(on_top, right, aside), np.where(on_top, distance, away)
        tint = np.where(on_top, tints[row.astype(int) % rows, column.astype(int) % columns], tint)
    edge = rising(away, 0.72, 1.0)
    height = LIFT * (0.45 + 0.5 * below) + DOME * (1.0 - aside**2) - 1.3 * edge
    tone = mixed(BACK, END, 0.45 + 0.6 * below + 0.14 * tint)
    tone = mixed(tone, RIM, 0.85 * rising(away, 0.6, 0.9))
    return Relief(tone, np.clip(height, 0.0, None), 0.34 + 0.3 * edge + 0.06 * canvas.noise(8.0))
