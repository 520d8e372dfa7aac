"""Unsharp masking, which IsoNCA applies to images before comparing them."""

import torch
from jaxtyping import Float
from scipy.sparse import csr_array, identity, kron
from torch import Tensor, nn

STRENGTH = 2.0  # IsoNCA notebook: x + 2 (x - blurred x)
SIGMA = 1.0  # of the Gaussian, in pixels
RADIUS = 2  # of the kernel: 5x5 taps


class Sharpen(nn.Module):
    """x + 2 (x - G x) with G the 5x5 Gaussian of sigma 1 pixel and mirrored borders (the border pixel not repeated).

    The blur is separable, so each axis is one small dense matrix with the border rule in it: two matrix products per
    image are cheaper than padding and convolving it.

    Raises:
        ValueError: a height or width below 3, where a border cannot be mirrored.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, height: int, width: int, *, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        if min(height, width) <= RADIUS:
            raise ValueError(
                f"images to sharpen must be at least {RADIUS + 1} pixels wide and high, got {height}x{width}."
            )
        self.register_buffer("rows", _blur_matrix(height).to(dtype), persistent=False)
        self.register_buffer("columns", (STRENGTH * _blur_matrix(width)).T.contiguous().to(dtype), persistent=False)

    def forward(self, images: Float[Tensor, "*b h w"]) -> Float[Tensor, "*b h w"]:
        """Return the sharpened images."""
        return (1 + STRENGTH) * images - self.rows @ (images @ self.columns)


def sharpening_matrix(height: int, width: int) -> csr_array:
    """The map of `Sharpen` as one sparse matrix in float64, on pixels numbered row by row."""
    blur = kron(_blur_matrix(height).numpy(), _blur_matrix(width).numpy())
    return csr_array((1 + STRENGTH) * identity(height * width) - STRENGTH * blur)


def _blur_matrix(size: int) -> Tensor:
    offsets = torch.arange(-RADIUS, RADIUS + 1)
    taps = torch.exp(-0.5 * (offsets.double() / SIGMA) ** 2)
    taps /= taps.sum()
    source = (torch.arange(size)[:, None] + offsets).abs()
    source = size - 1 - (size - 1 - source).abs()
    return torch.zeros(size, size, dtype=torch.float64).scatter_add(1, source, taps.expand(size, -1))
