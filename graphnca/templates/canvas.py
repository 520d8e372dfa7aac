"""A square that wraps around, on which textures are drawn finely and then averaged to pixels."""

import numpy as np
from jaxtyping import Float

FINENESS = 4  # points per pixel side: borders are smooth after averaging
Field = Float[np.ndarray, "s s"]
Colour = tuple[int, int, int]
Window = tuple[np.ndarray, ...]


class Canvas:
    """A torus of `size` x `size` pixels, seen in points of a quarter pixel.

    Args:
        size: Pixels along a side.
        seed: Of the random numbers; the same picture for the same number.

    Attributes:
        x: Place of each point to the right, in pixels.
        y: Place of each point downwards.
        rng: Random numbers for the drawing.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        places = (np.arange(size * FINENESS) + 0.5) / FINENESS
        self.x, self.y = np.meshgrid(places, places)
        self.rng = np.random.default_rng(seed)

    def repeats(self, period: float) -> int:
        """How many periods of about that many pixels fit around the torus: a whole number, even where it can be."""
        pairs = round(self.size / (2.0 * period))
        return 2 * pairs if pairs else 1

    def noise(self, wavelength: float) -> Field:
        """A smooth random field of mean 0 and standard deviation 1, without waves much shorter than that."""
        side = len(self.x)
        cycles = np.fft.fftfreq(side, 1.0 / side)
        along, down = np.meshgrid(cycles, cycles)
        envelope = np.exp(-((wavelength / self.size) ** 2) * (along**2 + down**2) / 2.0)
        envelope[0, 0] = 0.0
        coarse = self.rng.standard_normal((self.size, self.size))  # as many numbers as pixels: points add nothing
        white = np.kron(coarse, np.ones((FINENESS, FINENESS)))
        field = np.fft.ifft2(np.fft.fft2(white) * envelope).real
        return field / max(field.std(), 1e-12)

    def around(self, x: float, y: float, reach: float) -> tuple[Window, Field, Field]:
        """The points near a place, across the edges too.

        Returns:
            The index of a square window of the picture, and how far right and down of the place its points lie.
        """
        count = min(len(self.x), 2 * int(np.ceil(reach * FINENESS)) + 2)
        columns = np.arange(count) + round(x * FINENESS) - count // 2
        rows = np.arange(count) + round(y * FINENESS) - count // 2
        right, down = np.meshgrid((columns + 0.5) / FINENESS - x, (rows + 0.5) / FINENESS - y)
        return np.ix_(rows % len(self.x), columns % len(self.x)), right, down

    def pixels(self, colours: Float[np.ndarray, "s s c"]) -> Float[np.ndarray, "c h w"]:
        """The picture: the mean colour of each pixel's points, in [0, 1]."""
        parts = np.clip(colours, 0.0, 1.0).reshape(self.size, FINENESS, self.size, FINENESS, -1)
        return parts.mean((1, 3)).transpose(2, 0, 1).astype(np.float32)


def colour(rgb: Colour) -> Float[np.ndarray, "3"]:
    """A colour given in bytes, in [0, 1]."""
    return np.array(rgb) / 255.0


def mixed(
    first: Float[np.ndarray, "*p 3"], second: Float[np.ndarray, "*q 3"], share: Float[np.ndarray, "*r"]
) -> Float[np.ndarray, "*s 3"]:
    """`first` where `share` is 0, `second` where it is 1."""
    share = np.clip(share, 0.0, 1.0)[..., None]
    return first * (1.0 - share) + second * share


def rising(value: Field, start: float, end: float) -> Field:
    """A smooth step: 0 up to `start`, 1 from `end` on."""
    t = np.clip((value - start) / (end - start), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
