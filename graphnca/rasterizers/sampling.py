"""A fixed linear map from cells to pixels, built once and applied to any states."""

import math
import warnings
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn


class Sampling(nn.Module):
    """Pixels as fixed weighted sums of cells: image[..., c, r, k] = sum_n weight[(r, k), n] * states[..., n, c].

    The map is one sparse matrix. Where it only picks cells (one weight of 1 in a row) it is applied as an index, and
    where it picks every cell in order it is a reshape. It follows the device and dtype of the states: nothing has to
    be moved. Half precision is summed in float32.

    Args:
        pixel: Row of each weight, (K,) in [0, height * width).
        cell: Column of each weight, (K,) in [0, num_cells).
        weight: The weights, (K,) float64. Several weights of the same pixel and cell are added; zeros are dropped.
        num_cells: Cells of the substrate.
        height: Rows of the image.
        width: Columns of the image.
    """

    def __init__(
        self, pixel: np.ndarray, cell: np.ndarray, weight: np.ndarray, num_cells: int, height: int, width: int
    ) -> None:
        super().__init__()
        self.num_cells, self.height, self.width = num_cells, height, width
        self.pixel, self.cell, self.weight = _merge(pixel, cell, weight, num_cells)
        num_pixels = height * width
        count = np.bincount(self.pixel, minlength=num_pixels)
        picks = bool((count <= 1).all() and (self.weight == 1.0).all())
        self.is_reshape = bool(picks and np.array_equal(self.cell, np.arange(num_cells)) and num_pixels == num_cells)
        self._index = self._covered = None
        if picks:
            index = np.zeros(num_pixels, dtype=np.int64)
            index[self.pixel] = self.cell
            self._index = torch.from_numpy(index)
            self._covered = None if count.all() else torch.from_numpy(count > 0)
        self._placed: dict[tuple[torch.device, torch.dtype], tuple[Tensor, ...]] = {}

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b c h w"]:
        """The image of the states, one channel each.

        Raises:
            ValueError: The states do not belong to the substrate of this map.
        """
        if states.dim() < 2 or states.size(-2) != self.num_cells:
            raise ValueError(
                f"`states` must have shape (..., {self.num_cells}, C), one row per cell, got {tuple(states.shape)}."
            )
        *batch, _, channels = states.shape
        if self.is_reshape:
            pixels = states
        elif self._index is not None:
            pixels = self._pick(states)
        else:
            pixels = self._mix(states)
        return pixels.reshape(*batch, self.height, self.width, channels).movedim(-1, -3)

    def extra_repr(self) -> str:
        """What `print` shows of the module."""
        return f"{self.num_cells} cells -> {self.height} x {self.width} pixels"

    def _pick(self, states: Tensor) -> Tensor:
        key = (states.device, states.dtype)
        if key not in self._placed:
            assert self._index is not None
            covered = [] if self._covered is None else [self._covered.to(*key)[:, None]]
            self._placed[key] = (self._index.to(states.device), *covered)
        index, *covered = self._placed[key]
        pixels = states.index_select(-2, index)
        return pixels * covered[0] if covered else pixels

    def _mix(self, states: Tensor) -> Tensor:
        dtype = states.dtype if states.dtype in (torch.float32, torch.float64) else torch.float32
        key = (states.device, dtype)
        if key not in self._placed:
            shape = (self.height * self.width, self.num_cells)
            self._placed[key] = (
                _csr(self.pixel, self.cell, self.weight, shape, key),
                _csr(self.cell, self.pixel, self.weight, shape[::-1], key),
            )
        *batch, _, channels = states.shape
        flat = states.to(dtype).reshape(math.prod(batch), self.num_cells, channels).transpose(0, 1)
        columns = flat.reshape(self.num_cells, math.prod(batch) * channels)
        pixels: Tensor = _SparseProduct.apply(columns, *self._placed[key])  # pyright: ignore[reportAssignmentType]
        return pixels.reshape(len(pixels), math.prod(batch), channels).transpose(0, 1).to(states.dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_placed": {}}  # copies on devices are made again where they are needed


class _SparseProduct(torch.autograd.Function):
    """matrix @ dense for a constant matrix, with the transpose kept ready for the backward pass."""

    @staticmethod
    def forward(ctx: Any, dense: Tensor, matrix: Tensor, transpose: Tensor) -> Tensor:  # pyright: ignore
        ctx.matrices = (transpose, matrix)
        return matrix @ dense

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _SparseProduct.apply(grad.contiguous(), *ctx.matrices), None, None


def _merge(
    pixel: np.ndarray, cell: np.ndarray, weight: np.ndarray, num_cells: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weights sorted by pixel, then cell, those of the same pair added, zeros dropped."""
    pair, place = np.unique(pixel.astype(np.int64) * num_cells + cell, return_inverse=True)
    total = np.bincount(place, weights=weight, minlength=len(pair))
    pair, total = pair[total != 0.0], total[total != 0.0]
    return pair // num_cells, pair % num_cells, total


def _csr(
    row: np.ndarray, column: np.ndarray, weight: np.ndarray, shape: tuple[int, ...], place: tuple[Any, Any]
) -> Tensor:
    order = np.lexsort((column, row))
    start = np.zeros(shape[0] + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=shape[0]), out=start[1:])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(
            torch.from_numpy(start),
            torch.from_numpy(column[order]),
            torch.from_numpy(weight[order]),
            size=shape,
            check_invariants=False,
        ).to(*place)
