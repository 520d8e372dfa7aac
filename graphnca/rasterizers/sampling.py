"""A fixed linear map from cells to pixels, built once and applied to any states."""

import math

import numpy as np
import torch
from jaxtyping import Float
from scipy.sparse import coo_array, identity, kron
from torch import Tensor, nn

from .sparse_map import SparseMap

KEPT = 4  # numbers of samples for which the map is kept repeated; a training step draws two


class Sampling(nn.Module):
    """Pixels as fixed weighted sums of cells: image[..., c, r, k] = sum_n weight[(r, k), n] * states[..., n, c].

    The map is one sparse matrix; where it picks every cell in order it is a reshape. It follows the device and dtype of
    the states: nothing has to be moved. Half precision is summed in float32.

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
        num_pixels = height * width
        self.map = SparseMap(coo_array((weight, (pixel, cell)), shape=(num_pixels, num_cells)))
        self._repeated: dict[int, SparseMap] = {1: self.map}
        entries = self.map.matrix.tocoo()
        self.pixel, self.cell, self.weight = entries.row, entries.col, entries.data
        order = np.arange(num_pixels)
        self.is_reshape = (
            num_pixels == num_cells
            and np.array_equal(self.pixel, order)
            and np.array_equal(self.cell, order)
            and bool((self.weight == 1.0).all())
        )

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b c h w"]:
        """The image of the states, one channel each.

        Raises:
            ValueError: The states do not belong to the substrate of this map.
        """
        self.check(states)
        *batch, _, channels = states.shape
        if self.is_reshape:
            pixels = states
        else:
            dtype = states.dtype if states.dtype in (torch.float32, torch.float64) else torch.float32
            samples = math.prod(batch)
            cells = states.to(dtype).reshape(samples * self.num_cells, channels)
            pixels = self._for_samples(samples)(cells).to(states.dtype)
        return pixels.reshape(*batch, self.height, self.width, channels).movedim(-1, -3)

    def _for_samples(self, count: int) -> SparseMap:
        """The map of `count` samples one after the other, so that nothing has to be put in another order."""
        if count not in self._repeated:
            if len(self._repeated) == KEPT:
                self._repeated = {1: self.map}
            self._repeated[count] = SparseMap(kron(identity(count), self.map.matrix, format="csr"))
        return self._repeated[count]

    def check(self, states: Tensor) -> None:
        """Raises ValueError unless the states belong to the substrate of this map."""
        if states.dim() < 2 or states.size(-2) != self.num_cells:
            raise ValueError(
                f"`states` must have shape (..., {self.num_cells}, C), one row per cell, got {tuple(states.shape)}."
            )

    def extra_repr(self) -> str:
        """What `print` shows of the module."""
        return f"{self.num_cells} cells -> {self.height} x {self.width} pixels"
