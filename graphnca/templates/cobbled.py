"""Cobblestones."""

import numpy as np
from scipy.spatial import KDTree

from .canvas import Canvas, colour, mixed, rising
from .relief import Relief

COBBLE = 19.0  # pixels from a stone to the next
JITTER = 0.22  # of that, by which stones are off their places
JOINT = 1.5  # pixels between two stones' feet
CURVE = 5.5  # pixels from a stone's foot to where it is flat
RISE = (3.4, 5.0)  # pixels over the joint
TONES = tuple(colour(rgb) for rgb in ((164, 152, 136), (190, 150, 102), (110, 128, 152), (160, 112, 92)))
SAND, MOSS = colour((86, 74, 58)), colour((72, 92, 46))


def cobbled(canvas: Canvas) -> Relief:
    """Rounded stones of several colours, close to each other, worn smooth on top, with sand and moss between them."""
    rows = canvas.repeats(COBBLE * 3**0.5 / 2.0)
    columns = max(1, round(canvas.size / COBBLE))
    row, column = np.divmod(np.arange(rows * columns), columns)
    middles = np.stack([(column + row % 2 / 2.0 + 0.25) / columns, (row + 0.5) / rows], axis=1) * canvas.size
    middles += canvas.rng.uniform(-JITTER, JITTER, middles.shape) * COBBLE
    warped = np.stack([canvas.x + 0.6 * canvas.noise(14.0), canvas.y + 0.6 * canvas.noise(14.0)], axis=-1)
    away, which = KDTree(middles % canvas.size, boxsize=canvas.size).query(warped % canvas.size, k=2)
    inside = (away[..., 1] - away[..., 0]) / 2.0 - JOINT / 2.0
    dome = np.sqrt(np.clip(1.0 - (1.0 - np.clip(inside / CURVE, 0.0, 1.0)) ** 2, 0.0, 1.0))
    nearest = np.asarray(which)[..., 0]
    bumps = 0.12 * canvas.noise(5.0)
    height = canvas.rng.uniform(*RISE, len(middles))[nearest] * dome + bumps + 0.4
    tones = np.array(TONES)[canvas.rng.integers(len(TONES), size=len(middles))]
    tones = tones * canvas.rng.uniform(0.82, 1.12, len(middles))[:, None]
    joint = mixed(SAND, MOSS, 0.5 + 0.5 * canvas.noise(12.0))
    covers = rising(inside, -0.3, 0.9)
    surface = mixed(joint, tones[nearest] * (1.0 + 0.07 * canvas.noise(3.0))[..., None], covers)
    return Relief(surface, np.clip(height, 0.0, None), 0.97 - covers * (0.5 + 0.12 * canvas.noise(6.0)).clip(0.2, 0.7))
