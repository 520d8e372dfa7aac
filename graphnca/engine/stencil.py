"""The perception of a fixed substrate as sparse operators, built once.

A stencil holds, for every cell, the cells it perceives and the weight of each in every linear band of the perception
(Laplacian; d/dx and d/dy with the frame folded in), and the same tables transposed for
the backward pass. The gains are not in the tables: `Perception` applies them. A product with the rows of some cells
alone is then one gather-and-sum over those rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor
from torch_geometric.data import Data

from ..layers import Perception
from ..layers.coefficients import Neighbourhood, coefficients_of, neighbourhood
from ..layers.perception import ALONG_X, ALONG_Y, LAPLACIAN

DROP_BELOW = 1e-12  # of a row's largest entry: what is less is rounding noise of the assembly
MAX_PADDING = 4  # times the edges that a table may hold; lattices need 1, Voronoi meshes about 2


class Table(NamedTuple):
    """Rows of a sparse matrix padded to equal length, the same pattern for several bands.

    A padding entry, at the end of a row, repeats the row's own index with weight zero.
    """

    index: Tensor  # (N, K) int32: half the memory to walk through
    counts: Tensor  # (N,) int32: entries that are no padding
    weights: tuple[Tensor, ...]  # one (N, K) a band

    def repeated(self, batch: int) -> "Table":
        """The table of `batch` disjoint copies of the substrate, (batch * N, K)."""
        weights = tuple(weight.repeat(batch, 1) for weight in self.weights)
        return Table(_shifted(self.index, batch), self.counts.repeat(batch), weights)

    def product(self, states: Tensor, rows: Tensor | None, band: int) -> Tensor:
        """Row sums `sum_k weight[r, k] states[index[r, k]]` for the given rows (all of them for None)."""
        index, weights = self.index, self.weights[band]
        if rows is not None:
            index, weights = index.index_select(0, rows), weights.index_select(0, rows)
        return gather_sum(states, index, weights)


def gather_sum(states: Tensor, index: Tensor, weights: Tensor) -> Tensor:
    """`out[r] = sum_k weights[r, k] states[index[r, k]]`, without an intermediate of shape (r, k, C)."""
    return torch.nn.functional.embedding_bag(index, states, per_sample_weights=weights, mode="sum")


@dataclass(frozen=True, eq=False)
class Stencil:
    """What a perception sees on a substrate."""

    reach: Table  # no bands: a cell and those that it keeps alive, along the edges
    heard: Table  # no bands: a cell and those that keep it alive
    forward: Table  # bands: the perception's operators
    backward: Table  # the same operators transposed
    copies: dict[int, "Stencil"] = field(default_factory=dict)  # the last batch size asked for

    def repeated(self, batch: int) -> "Stencil":
        """The stencil of `batch` disjoint copies of the substrate; the last one is kept for the next call."""
        if batch == 1:
            return self
        copies = self.copies.get(batch)
        if copies is None:
            tables = (self.reach, self.heard, self.forward, self.backward)
            reach, heard, forward, backward = (table.repeated(batch) for table in tables)
            copies = Stencil(reach, heard, forward, backward)
            self.copies.clear()  # threads may do so at once: then each has its own
            self.copies[batch] = copies
        return copies

    @property
    def num_cells(self) -> int:
        """Cells of the substrate."""
        return self.reach.index.shape[0]


def _shifted(index: Tensor, batch: int) -> Tensor:
    """Row numbers of `batch` copies, each beyond the one before."""
    offsets = torch.arange(batch, dtype=index.dtype, device=index.device)[:, None, None] * index.shape[0]
    return (index + offsets).view(batch * index.shape[0], index.shape[1])


def build_stencil(
    topology: Data,
    perception: Perception,
    *,
    num_cells: int | None = None,
    angle: float | Tensor | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Stencil:
    """Assembles the stencil of `perception` on `topology` in float64 and rounds it to `dtype` once.

    Args:
        topology: A substrate that keeps the data contract.
        perception: The filters.
        num_cells: How many cells there are; None: as many as the substrate says.
        angle: Radians by which the frame of the gradient is turned, one for all cells or `(N,)`.
        dtype: Type of the weights.
        device: Where the tables live.
    """
    num_cells = int(topology.num_nodes or 0) if num_cells is None else num_cells
    shape = (num_cells, num_cells)
    exact = {
        name: value.cpu().double() if value.is_floating_point() else value.cpu()
        for name, value in neighbourhood(topology).items()
    }
    index, weight, gradient = coefficients_of(Neighbourhood(**exact), perception.operators, num_cells)
    coordinates = (index[1].numpy(), index[0].numpy())
    made: dict[str, Any] = {LAPLACIAN: _differences(weight, coordinates, shape)}
    if gradient is not None:
        pair = [_differences(part, coordinates, shape) for part in gradient.T]
        if angle is not None:
            turn = torch.as_tensor(angle, dtype=torch.float64).cpu().expand(num_cells).numpy()
            cos, sin = sp.diags(np.cos(turn)), sp.diags(np.sin(turn))
            pair = [cos @ pair[0] - sin @ pair[1], sin @ pair[0] + cos @ pair[1]]
        made[ALONG_X], made[ALONG_Y] = pair
    operators = _without_noise([made[name].tocsr() for name in perception.operators])
    neighbours, cells = topology["edge_index"].cpu().numpy()
    pattern = sp.csr_matrix((np.ones(len(cells)), (cells, neighbours)), shape=shape) + sp.identity(num_cells)
    return Stencil(
        reach=_pad([pattern.T.tocsr()], dtype, device)._replace(weights=()),
        heard=_pad([pattern.tocsr()], dtype, device)._replace(weights=()),
        forward=_pad(operators, dtype, device),
        backward=_pad([operator.T.tocsr() for operator in operators], dtype, device),
    )


def _differences(
    coefficients: Tensor, coordinates: tuple[np.ndarray, np.ndarray], shape: tuple[int, int]
) -> sp.csr_matrix:
    """The matrix of sum_j c_ij (x_j - x_i)."""
    toward = sp.csr_matrix((coefficients.double().numpy(), coordinates), shape=shape)
    return toward - sp.diags(np.asarray(toward.sum(axis=1)).ravel())


def pads_well(fields: Mapping[str, Tensor], num_cells: int) -> bool:
    """Whether rows of equal length suit a graph: a few cells of very many neighbours make them all that long.

    Both ways, because the backward pass walks against the edges.
    """
    for index in (tensor for name, tensor in fields.items() if name.endswith("_index")):
        longest = max((int(torch.bincount(end, minlength=1).max()) for end in index), default=0)
        if longest * num_cells > MAX_PADDING * max(1, index.shape[1]):
            return False
    return True


def _without_noise(operators: list[sp.csr_matrix]) -> list[sp.csr_matrix]:
    """Without what rounding left of entries that cancel: what is next to nothing beside the largest of its row."""
    if not operators:
        return []
    largest = np.max([abs(operator).max(axis=1).toarray().ravel() for operator in operators], axis=0)
    for operator in operators:
        rows = np.repeat(np.arange(len(largest)), np.diff(operator.indptr))
        operator.data[np.abs(operator.data) <= DROP_BELOW * largest[rows]] = 0.0
        operator.eliminate_zeros()
    return operators


def _pad(operators: list[sp.csr_matrix], dtype: torch.dtype, device: torch.device | str) -> Table:
    """Several sparse matrices over the union of their patterns, padded; columns ascending in every row."""
    if not operators:
        nothing = torch.zeros(0, dtype=torch.int32, device=device)
        return Table(nothing[:, None], nothing, ())
    present = [operator.astype(bool).astype(np.int8) for operator in operators]
    union = sp.csr_matrix(reduce(add, present))
    union.sort_indices()
    num_cells, counts = len(union.indptr) - 1, np.diff(union.indptr)
    width = int(counts.max(initial=1))
    rows = np.repeat(np.arange(num_cells), counts)
    slots = np.arange(len(rows)) - np.repeat(union.indptr[:-1], counts)
    index = np.repeat(np.arange(num_cells)[:, None], width, axis=1)
    index[rows, slots] = union.indices
    bands = []
    for operator in operators:
        band = np.zeros((num_cells, width))
        band[rows, slots] = np.asarray(operator[rows, union.indices]).ravel()
        bands.append(torch.from_numpy(band).to(device=device, dtype=dtype))
    index, counts = (torch.from_numpy(numbers.astype(np.int32)).to(device) for numbers in (index, counts))
    return Table(index, counts, tuple(bands))
