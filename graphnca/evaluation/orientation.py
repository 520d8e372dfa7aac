"""Which way a texture lies: the angles of its gradients, and by how much they are turned against another picture's.

Angles run from x towards y, as everywhere (y points down): a picture that is turned clockwise on the screen by T has
all its angles greater by T.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

BLUR = 1.5  # pixels: gradients of what is coarser than cells, so that their borders have no say
SYMMETRIES = (2, 4)  # parts of a turn after which bands, or a chequerboard, are what they were
BINS = 180  # of a histogram, over one such part
SMOOTH = 3.0  # degrees: of the histograms that are compared
LEAST = 0.15  # anisotropy below which a texture is said to have no direction


@dataclass(frozen=True)
class Gradients:
    """The gradients of images, colour by colour.

    Attributes:
        angle: radians, of the same shape as the images.
        size: their sizes.
    """

    angle: np.ndarray
    size: np.ndarray

    @classmethod
    def of(cls, images: Float[Tensor, "*b 3 h w"], *, wraps: bool = True) -> "Gradients":
        """Derivatives of a Gaussian of `BLUR` pixels; images that wrap around have no borders."""
        picture, mode = images.detach().double().numpy(), "wrap" if wraps else "nearest"
        along_x, along_y = (
            gaussian_filter1d(gaussian_filter1d(picture, BLUR, axis=across, mode=mode), BLUR, along, 1, mode=mode)
            for along, across in ((-1, -2), (-2, -1))
        )
        return cls(np.arctan2(along_y, along_x), np.hypot(along_x, along_y))

    def relative_to(self, turn: Float[np.ndarray, "h w"]) -> "Gradients":
        """The same gradients, seen in frames that are turned by so many radians at each pixel."""
        return Gradients(self.angle - turn, self.size)

    def within(self, rows: slice, columns: slice) -> "Gradients":
        """Those of a part of the images."""
        return Gradients(self.angle[..., rows, columns], self.size[..., rows, columns])

    def anisotropy(self, symmetry: int) -> float:
        """|sum of size e^(i symmetry angle)| / sum of size: 0 if no direction is preferred, 1 if there is but one."""
        total = float(self.size.sum())
        return float(abs((self.size * np.exp(1j * symmetry * self.angle)).sum())) / total if total > 0 else 0.0

    def symmetry(self) -> int:
        """Into how many equal parts of a turn the directions fall: 2 for bands, 4 for a chequerboard."""
        return max(SYMMETRIES, key=self.anisotropy)

    def histogram(self, symmetry: int) -> Float[np.ndarray, " bins"]:
        """The share of each angle, weighted by size, angles a part of a turn apart taken together; the sum is 1."""
        period = 2 * math.pi / symmetry
        place = np.floor(self.angle / period % 1.0 * BINS).astype(int).ravel() % BINS
        counts = np.bincount(place, self.size.ravel(), BINS)
        return counts / counts.sum() if counts.sum() > 0 else np.full(BINS, 1.0 / BINS)


def turn_between(reference: Float[np.ndarray, " bins"], turned: Float[np.ndarray, " bins"], symmetry: int) -> float:
    """By how many degrees a histogram is turned against another, in [-180, 180) / symmetry.

    The highest circular cross-correlation of both, smoothed, refined by the parabola through it and its neighbours.
    """
    degrees = 360.0 / symmetry / BINS  # of a bin
    first, second = (gaussian_filter1d(counts, SMOOTH / degrees, mode="wrap") for counts in (reference, turned))
    match = np.fft.irfft(np.conj(np.fft.rfft(first)) * np.fft.rfft(second), BINS)
    best = int(match.argmax())
    left, middle, right = (float(match[(best + step) % BINS]) for step in (-1, 0, 1))
    curvature = left - 2 * middle + right
    offset = 0.5 * (left - right) / curvature if curvature < 0 else 0.0
    return wrapped_degrees((best + offset) * degrees, symmetry)


def wrapped_degrees(angle: float, symmetry: int) -> float:
    """An angle in degrees less whole parts of a turn, in [-180, 180) / symmetry."""
    part = 360.0 / symmetry
    return (angle + part / 2) % part - part / 2
