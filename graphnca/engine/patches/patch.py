"""The cells that a few steps can reach, and the stencil among them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ...layers.life import ALPHA, is_mature
from ..stencil import Stencil, Table

QUANTUM = 256  # patches come in multiples of so many cells: few shapes, so that allocations and kernels are met again


@dataclass(frozen=True)
class Patch:
    """Some cells of every sample, as many in each, and a padding cell behind them all that is always zero.

    Attributes:
        rows: Rows of the whole state, `(batch * size,)`; a place that is not taken holds the number of rows.
        forward: The perception's tables among the `batch * size + 1` cells of the patch.
        backward: The same, transposed.
        heard: A cell and those that keep it alive, `(batch * size + 1, K)`.
    """

    batch: int
    rows: Tensor
    forward: Table
    backward: Table
    heard: Tensor

    def take(self, x: Tensor) -> Tensor:
        """The patch's states, from the states `(rows, C)` of all cells."""
        return torch.cat([x, x.new_zeros(1, x.shape[1])]).index_select(
            0, torch.cat([self.rows, self.rows.new_full((1,), len(x))])
        )

    def put(self, states: Tensor, num_rows: int) -> Tensor:
        """The states of all cells; those outside of the patch are zero."""
        out = states.new_zeros(num_rows + 1, states.shape[1])
        return out.index_copy(0, self.rows, states[:-1])[:-1]


def reached(stencil: Stencil, x: Tensor, threshold: float, num_steps: int) -> Tensor:
    """Flags `(batch, N)` of the cells that may differ from zero, or be asked, within so many steps.

    Life spreads by one ring a step; where dead cells that would be mature after a step count, one more. What the first
    living cells read is asked for its gradient.
    """

    def any_of(flags: Tensor, index: Tensor) -> Tensor:
        return flags[:, index.long()].any(-1)

    alive = flags = any_of(is_mature(x[..., ALPHA], threshold), stencil.heard.index)
    for _ in range(num_steps):
        flags = any_of(flags, stencil.heard.index)
    asked = flags | any_of(flags, stencil.reach.index) | x.ne(0).any(-1)
    return asked | any_of(alive, stencil.backward.index) if stencil.backward.weights else asked


def patch_of(stencil: Stencil, flags: Tensor) -> Patch:
    """The patch of the flagged cells `(batch, N)`; the host waits for the largest number of them in a sample."""
    batch, num_cells = flags.shape
    device = flags.device
    count = max(1, int(flags.sum(1).max()))
    size = min(num_cells, (count + QUANTUM - 1) // QUANTUM * QUANTUM)
    places = torch.where(flags, flags.cumsum(1) - 1, size)
    cells = torch.full((batch, size + 1), num_cells, device=device)
    cells = cells.scatter_(1, places, torch.arange(num_cells, device=device).expand(batch, -1))[:, :size]
    samples = torch.arange(batch, device=device)[:, None]
    padding = batch * size
    local = torch.full((batch, num_cells + 1), padding, device=device)
    local.scatter_(1, cells, samples * size + torch.arange(size, device=device))
    local[:, num_cells] = padding

    def within(index: Tensor) -> Tensor:
        """A table's numbers as those of the patch; beyond it is the padding cell."""
        whole = torch.cat([index, index.new_full((1, index.shape[1]), num_cells)]).long()
        numbers = local.gather(1, whole[cells].view(batch, -1)).view(padding, -1)
        return torch.cat([numbers, numbers.new_full((1, index.shape[1]), padding)])

    def among(table: Table) -> Table:
        if not table.weights:
            return table
        flat = cells.reshape(-1)
        flat = torch.cat([flat, flat.new_full((1,), num_cells)])
        weights = tuple(torch.cat([weight, weight.new_zeros(1, weight.shape[1])])[flat] for weight in table.weights)
        return Table(within(table.index).int(), table.counts, weights)

    rows = torch.where(cells < num_cells, samples * num_cells + cells, batch * num_cells)
    return Patch(batch, rows.view(-1), among(stencil.forward), among(stencil.backward), within(stencil.heard.index))
