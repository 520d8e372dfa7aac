"""Images in polar coordinates around their middle: turning the image becomes shifting the angle axis."""

import warnings

import numpy as np
import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor, nn


class Polar(nn.Module):
    """Samples images (..., C, H, W) on rings around their middle, as (..., C, R, A); differentiable.

    The sample at radius r and angle t lies at x = W/2 + r L/2 cos t, y = H/2 + r L/2 sin t with L = max(H, W), in pixels
    from the upper left corner, so r = 1 touches the longer side's borders. y points down: growing t turns **clockwise
    on the screen**. Between pixel centres the sample is bilinear, outside the image it is 0. (The same samples as
    `torch.nn.functional.grid_sample` with its defaults; here the weights are computed once, in float64, and applied as
    one sparse product, which costs a quarter of it.)

    Args:
        height: H, in pixels.
        width: W, in pixels.
        radii: R radii, in units of half the longer side.
        angles: A angles, in radians.
        dtype: of the images to come.
    """

    def __init__(
        self,
        height: int,
        width: int,
        radii: Float[Tensor, " r"],
        angles: Float[Tensor, " a"],
        *,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        if height < 1 or width < 1:
            raise ValueError(f"`height` and `width` must be at least 1 pixel, got {height} and {width}.")
        self.height, self.width = height, width
        self.num_radii, self.num_angles = len(radii), len(angles)
        weights = _bilinear_weights(height, width, radii.double().numpy(), angles.double().numpy())
        self.register_buffer("weights", _csr_tensor(weights, dtype), persistent=False)
        self.register_buffer("weights_transposed", _csr_tensor(weights.T.tocsr(), dtype), persistent=False)

    def forward(self, images: Float[Tensor, "*b c h w"]) -> Float[Tensor, "*b c r a"]:
        """Return the polar samples of every image.

        Raises:
            ValueError: the images have another height or width than this sampler.
        """
        if images.shape[-2:] != (self.height, self.width):
            raise ValueError(f"`images` must be (..., {self.height}, {self.width}), got shape {tuple(images.shape)}.")
        columns = images.reshape(-1, self.height * self.width).T.contiguous()
        samples = _Product.apply(columns, self.weights, self.weights_transposed)
        return samples.T.reshape(*images.shape[:-2], self.num_radii, self.num_angles)


class _Product(torch.autograd.Function):
    """Constant sparse matrix times dense matrix, with the transposed matrix at hand for the backward product."""

    @staticmethod
    def forward(ctx, columns: Tensor, matrix: Tensor, transposed: Tensor) -> Tensor:
        ctx.matrices = transposed, matrix
        return matrix @ columns

    @staticmethod
    def backward(ctx, gradient: Tensor):
        return _Product.apply(gradient.contiguous(), *ctx.matrices), None, None


def _bilinear_weights(height: int, width: int, radii: np.ndarray, angles: np.ndarray) -> sparse.csr_array:
    half = max(height, width) / 2
    column = (width / 2 + half * radii[:, None] * np.cos(angles)).ravel() - 0.5  # in pixels from the first centre
    row = (height / 2 + half * radii[:, None] * np.sin(angles)).ravel() - 0.5
    left, above = np.floor(column), np.floor(row)
    samples, pixels, weights = [], [], []
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        i, j = above + dy, left + dx
        weight = (1 - np.abs(row - i)) * (1 - np.abs(column - j))
        inside = (i >= 0) & (i < height) & (j >= 0) & (j < width) & (weight > 0)
        samples.append(np.flatnonzero(inside))
        pixels.append((i * width + j)[inside].astype(np.int64))
        weights.append(weight[inside])
    entries = np.concatenate(weights), (np.concatenate(samples), np.concatenate(pixels))
    return sparse.coo_array(entries, shape=(len(radii) * len(angles), height * width)).tocsr()


def _csr_tensor(matrix: sparse.csr_array, dtype: torch.dtype) -> Tensor:
    matrix.sort_indices()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state")
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype(np.int64)),
            torch.from_numpy(matrix.indices.astype(np.int64)),
            torch.from_numpy(matrix.data).to(dtype),
            size=matrix.shape,
            check_invariants=True,
        )
