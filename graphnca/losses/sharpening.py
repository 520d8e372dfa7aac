"""Unsharp masking, which IsoNCA applies to images before comparing them."""

import torch
from scipy.sparse import csr_array, identity, kron
from torch import Tensor

STRENGTH = 2.0  # IsoNCA notebook: x + 2 (x - blurred x)
SIGMA = 1.0  # of the Gaussian, in pixels
RADIUS = 2  # of the kernel: 5x5 taps


def sharpening_matrix(height: int, width: int) -> csr_array:
    """X + 2 (x - G x) as one sparse matrix in float64, on pixels numbered row by row.

    G is the 5x5 Gaussian of sigma 1 pixel with mirrored borders (the border pixel not repeated), the product of one
    blur along each axis.

    Raises:
        ValueError: a height or width below 3, where a border cannot be mirrored.
    """
    if min(height, width) <= RADIUS:
        raise ValueError(f"images to sharpen must be at least {RADIUS + 1} pixels wide and high, got {height}x{width}.")
    blur = kron(_blur_matrix(height).numpy(), _blur_matrix(width).numpy())
    return csr_array((1 + STRENGTH) * identity(height * width) - STRENGTH * blur)


def _blur_matrix(size: int) -> Tensor:
    offsets = torch.arange(-RADIUS, RADIUS + 1)
    taps = torch.exp(-0.5 * (offsets.double() / SIGMA) ** 2)
    taps /= taps.sum()
    source = (torch.arange(size)[:, None] + offsets).abs()
    source = size - 1 - (size - 1 - source).abs()
    return torch.zeros(size, size, dtype=torch.float64).scatter_add(1, source, taps.expand(size, -1))
