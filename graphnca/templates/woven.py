"""A woven basket."""

import numpy as np

from .canvas import Canvas, colour, mixed, rising
from .relief import Relief

PITCH = 16.0  # pixels from a cane to the next
HALF_WIDTH = 0.44  # of a cane, in pitches
RISE = 3.2  # pixels by which a cane goes up and down
ROUND = 2.0  # pixels, across a cane
CANES = colour((198, 148, 84)), colour((150, 96, 52))
GROUND = colour((34, 24, 18))


def woven(canvas: Canvas) -> Relief:
    """Light canes across and dark ones down, over and under each other in turn, grooved along their length."""
    canes = canvas.repeats(PITCH)
    pitch = canvas.size / canes
    x, y = ((place + 0.6 * canvas.noise(24.0)) / pitch for place in (canvas.x, canvas.y))
    column, row = np.floor(x).astype(int) % canes, np.floor(y).astype(int) % canes
    sign = 1.0 - 2.0 * ((column + row) % 2)  # 1 where the cane across is on top
    over = sign * np.abs(np.sin(np.pi * x) * np.sin(np.pi * y)) ** 0.7
    tints = canvas.rng.uniform(0.84, 1.14, (2, canes))
    best, surface = np.full_like(x, 0.0), np.broadcast_to(GROUND, (*x.shape, 3)).copy()
    roughness = np.full_like(x, 0.95)
    for across, tint, tone, up in ((y, tints[0, row], CANES[0], over), (x, tints[1, column], CANES[1], -over)):
        away = np.abs(across % 1.0 - 0.5) / HALF_WIDTH
        covers = 1.0 - rising(away, 0.94, 1.04)
        grooves = np.sin(2.0 * np.pi * 1.75 * away)
        height = covers * (RISE * (1.0 + up) / 2.0 + ROUND * np.sqrt(np.clip(1.0 - away**2, 0.0, 1.0)) + 0.2 * grooves)
        cane = tone * (tint * (1.0 + 0.07 * grooves))[..., None]
        on_top = (height > best)[..., None]
        surface = np.where(on_top, mixed(surface, cane, covers), surface)
        roughness = np.where(on_top[..., 0], 0.95 - 0.5 * covers, roughness)
        best = np.maximum(best, height)
    return Relief(surface * (1.0 + 0.05 * canvas.noise(4.0))[..., None], best, roughness)
