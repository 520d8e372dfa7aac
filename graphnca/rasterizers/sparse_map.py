"""A constant sparse matrix, applied to columns."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.sparse import csr_array, sparray, spmatrix
from torch import Tensor
from torch.nn.functional import embedding_bag


class SparseMap:
    """y[p, m] = sum_n matrix[p, n] x[n, m] for a constant sparse matrix, differentiable in x any number of times.

    A row of the result is one gather and sum of rows of x, and so is a row of the gradient, by the transpose, which is
    kept: nothing is scattered, every number is summed in one fixed order, and results repeat to the bit. The matrix is
    rounded once from float64 and follows the device and dtype of the columns: nothing has to be moved.

    Args:
        matrix: (P, N). Entries of the same place are added; zeros are dropped.

    Attributes:
        matrix: the same, in float64.
    """

    def __init__(self, matrix: sparray | spmatrix) -> None:
        self.matrix = csr_array(matrix, dtype=np.float64)
        self.matrix.sum_duplicates()
        self.matrix.eliminate_zeros()
        self._placed: dict[tuple[torch.device, torch.dtype], tuple[_Rows, _Rows]] = {}

    def __call__(self, columns: Float[Tensor, "n m"]) -> Float[Tensor, "p m"]:
        """Return the product with columns of float32 or float64."""
        place = (columns.device, columns.dtype)
        if place not in self._placed:
            self._placed[place] = (_Rows.of(self.matrix, *place), _Rows.of(csr_array(self.matrix.T), *place))
        product: Tensor = _Product.apply(columns, *self._placed[place])  # pyright: ignore[reportAssignmentType]
        return product

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_placed": {}}  # copies on devices are made again where they are needed


class _Rows(NamedTuple):
    """The rows of a matrix, one after the other, as `embedding_bag` takes them."""

    index: Int[Tensor, " k"]
    weight: Float[Tensor, " k"]
    start: Int[Tensor, " p+1"]

    @classmethod
    def of(cls, matrix: csr_array, device: torch.device, dtype: torch.dtype) -> "_Rows":
        index, start = (torch.from_numpy(part.astype(np.int32)).to(device) for part in (matrix.indices, matrix.indptr))
        return cls(index, torch.from_numpy(matrix.data).to(device, dtype), start)

    def product(self, columns: Tensor) -> Tensor:
        if not columns.shape[1]:
            return columns.new_zeros(len(self.start) - 1, 0)
        return embedding_bag(
            self.index, columns, self.start, mode="sum", per_sample_weights=self.weight, include_last_offset=True
        )


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, columns: Tensor, rows: _Rows, transposed: _Rows) -> Tensor:  # pyright: ignore
        ctx.back = (transposed, rows)
        return rows.product(columns)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _Product.apply(grad.contiguous(), *ctx.back), None, None
