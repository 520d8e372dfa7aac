"""The perception of a fixed substrate as sparse operators, built once.

A stencil holds, for every cell, the cells it perceives and the weight of each in every linear band of the perception
(Laplacian; d/dx and d/dy with the frame folded in), and the same tables transposed for
the backward pass. The gains are not in the tables: `Perception` applies them. A product with the rows of some cells
alone is then one gather-and-sum over those rows.
"""

import weakref
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

DROP_BELOW = 1e-12  # relative weight under which an entry is rounding noise of the assembly and is left out
MAX_PADDING = 4  # times the edges that a table may hold; lattices need 1, Voronoi meshes about 2
KEPT = 8  # stencils of one substrate, each for a perception, type, device and frame


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

    reach: Table  # no bands: a cell and its neighbours, by which life spreads
    forward: Table  # bands: the perception's operators
    backward: Table  # the same operators transposed
    copies: dict[int, "Stencil"] = field(default_factory=dict)  # the last batch size asked for

    def repeated(self, batch: int) -> "Stencil":
        """The stencil of `batch` disjoint copies of the substrate; the last one is kept for the next call."""
        if batch == 1:
            return self
        if batch not in self.copies:
            self.copies.clear()
            self.copies[batch] = Stencil(
                self.reach.repeated(batch), self.forward.repeated(batch), self.backward.repeated(batch)
            )
        return self.copies[batch]

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
    angle: float | Tensor | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Stencil:
    """Assembles the stencil of `perception` on `topology` in float64 and rounds it to `dtype` once.

    Args:
        topology: A substrate that keeps the data contract.
        perception: The filters.
        angle: Radians by which the frame of the gradient is turned, one for all cells or `(N,)`.
        dtype: Type of the weights.
        device: Where the tables live.
    """
    num_cells = int(topology.num_nodes or 0)
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
    operators = [made[name] for name in perception.operators]
    neighbours, cells = topology["edge_index"].cpu().numpy()
    pattern = sp.csr_matrix((np.ones(len(cells)), (cells, neighbours)), shape=shape) + sp.identity(num_cells)
    return Stencil(
        reach=_pad([pattern.tocsr()], dtype, device)._replace(weights=()),
        forward=_pad([operator.tocsr() for operator in operators], dtype, device),
        backward=_pad([operator.T.tocsr() for operator in operators], dtype, device),
    )


def _differences(
    coefficients: Tensor, coordinates: tuple[np.ndarray, np.ndarray], shape: tuple[int, int]
) -> sp.csr_matrix:
    """The matrix of sum_j c_ij (x_j - x_i)."""
    toward = sp.csr_matrix((coefficients.numpy(), coordinates), shape=shape)
    return toward - sp.diags(np.asarray(toward.sum(axis=1)).ravel())


class _Known(NamedTuple):
    """What was built for a substrate in one state."""

    state: tuple
    tensors: list[Tensor]  # held, so that the ids in `state` are not given to other tensors
    pads_well: bool
    stencils: dict[tuple, Stencil]


_cache: dict[int, _Known] = {}  # by id, because a Data object has no hash; an entry goes with its object


def _known(topology: Data) -> _Known:
    """The entry of a substrate as it is now; a new one where its tensors were replaced or written to."""
    tensors = list(neighbourhood(topology).values())
    state = tuple((id(tensor), 0 if tensor.is_inference() else tensor._version) for tensor in tensors)
    known = _cache.get(id(topology))
    if known is None:
        weakref.finalize(topology, _cache.pop, id(topology), None)
    if known is None or known.state != state:
        targets = topology["edge_index"][1]
        degrees = torch.bincount(targets, minlength=int(topology.num_nodes or 0))
        even = int(degrees.max()) * len(degrees) <= MAX_PADDING * max(1, len(targets))
        known = _cache[id(topology)] = _Known(state, tensors, even, {})
    return known


def pads_well(topology: Data) -> bool:
    """Whether rows of equal length suit a substrate: a few cells of very many neighbours make them all that long."""
    return _known(topology).pads_well


def stencil_of(
    topology: Data, perception: Perception, dtype: torch.dtype, device: torch.device, angle: float | Tensor | None
) -> Stencil:
    """The stencil of a substrate, built on the first call and kept as long as the substrate lives.

    A substrate whose tensors were replaced or written to, or a frame turned otherwise, is a new stencil; the last
    `KEPT` are kept.
    """
    known = _known(topology)
    turn = (
        tuple(angle.tolist()) if isinstance(angle, Tensor) and angle.dim() else None if angle is None else float(angle)
    )
    key = (perception.operators, dtype, str(device), turn)
    if key not in known.stencils:
        while len(known.stencils) >= KEPT:  # the oldest goes: a training may turn the frame anew in every iteration
            known.stencils.pop(next(iter(known.stencils)))
        known.stencils[key] = build_stencil(topology, perception, angle=angle, dtype=dtype, device=device)
    return known.stencils[key]


def _pad(operators: list[sp.csr_matrix], dtype: torch.dtype, device: torch.device | str) -> Table:
    """Several sparse matrices over the union of their patterns, padded; columns ascending in every row."""
    if not operators:
        nothing = torch.zeros(0, dtype=torch.int32, device=device)
        return Table(nothing[:, None], nothing, ())
    largest = max(abs(operator).max() for operator in operators)
    present = [(abs(operator) > DROP_BELOW * largest).astype(np.int8) for operator in operators]
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
