"""Glass bubbles."""

import numpy as np

from .bubbly import packed
from .canvas import Canvas, colour, mixed, rising
from .relief import Relief

RADII = (11.0, 9.0, 7.5, 6.0, 5.0, 4.2)  # pixels, the largest placed first
GLASS, CAUSTIC = colour((70, 200, 178)), colour((240, 255, 214))
WATER, DEEP = colour((38, 40, 82)), colour((18, 18, 46))


def glassy(canvas: Canvas) -> Relief:
    """Balls of green glass side by side, dark at the rim, with a glint, and the light they gather behind it."""
    surface = mixed(WATER, DEEP, 0.5 + 0.3 * canvas.noise(16.0))
    height, roughness = np.zeros_like(canvas.x), np.full_like(canvas.x, 0.8)
    for x, y, radius in packed(canvas, RADII):
        window, right, down = canvas.around(x, y, radius + 1.0)
        right, down = right / radius, down / radius
        away = np.hypot(right, down)
        covers = 1.0 - rising(away, 1.0 - 0.6 / radius, 1.0 + 0.6 / radius)
        tone = GLASS * canvas.rng.uniform(0.85, 1.1)
        glass = mixed(tone, tone * 0.28, rising(away, 0.45, 1.0))
        gathered = 1.0 - rising(np.hypot(right - 0.38, down - 0.42), 0.1, 0.62)
        glass = mixed(glass, 0.5 * CAUSTIC + 0.6 * tone, 0.85 * gathered)
        surface[window] = mixed(surface[window], glass, covers)
        ball = 0.62 * radius * np.sqrt(np.clip(1.0 - away**2, 0.0, 1.0))
        height[window] = np.maximum(height[window], ball)
        roughness[window] = roughness[window] * (1.0 - covers) + 0.06 * covers
    return Relief(surface, height, roughness)
