"""Striped fur."""

import numpy as np

from .canvas import FINENESS, Canvas, Field, colour, mixed, rising
from .relief import Relief

STRIPE = 24.0  # pixels from a dark stripe to the next
HAIR = 9.0  # pixels of a hair's length that are seen
LEAN = 0.55  # pixels to the right for every one down
DEPTH = 1.5  # pixels between the highest hairs and the lowest
PALE, TAWNY, BLACK = colour((250, 222, 168)), colour((226, 132, 48)), colour((36, 26, 24))


def furry(canvas: Canvas) -> Relief:
    """Tawny fur with dark stripes that fork, of hairs that lie one over another towards the lower right."""
    hairs = _combed(canvas.noise(2.1))
    locks = _combed(canvas.noise(5.0))
    stripes = canvas.size / canvas.repeats(STRIPE)
    phase = canvas.y / stripes + 0.26 * canvas.noise(30.0) + 0.035 * hairs + 0.02 * locks
    wave = np.sin(2.0 * np.pi * phase)
    tone = mixed(PALE, TAWNY, rising(wave + 0.12 * hairs, -1.1, 0.2))
    tone = mixed(tone, BLACK, rising(wave + 0.1 * hairs, 0.28, 0.62))
    tone = tone * (1.0 + 0.12 * hairs + 0.06 * locks)[..., None]
    height = DEPTH * (0.5 + 0.2 * hairs + 0.25 * locks)
    return Relief(np.clip(tone, 0.0, 1.2), np.clip(height, 0.0, None), 0.72 - 0.08 * np.clip(hairs, -1.0, 1.0))


def _combed(field: Field) -> Field:
    """A field drawn out along the hairs, of standard deviation 1."""
    total = np.zeros_like(field)
    for along in np.arange(-HAIR / 2.0, HAIR / 2.0, 0.5):
        right, down = round(LEAN * along * FINENESS), round(along * FINENESS)
        total += np.exp(-((along / HAIR * 3.0) ** 2)) * np.roll(field, (down, right), (0, 1))
    return total / total.std()
