"""What stays the same from step to step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ...layers import Perception
from ...layers.firing import hash_index
from ...layers.perception import NONE
from ..stencil import Table
from ..task import Task


@dataclass(frozen=True)
class Plan:
    """A rule on `batch` copies of a substrate: all that stays the same from step to step."""

    perception: Perception
    life_mask: str | None
    alive_threshold: float
    fire_rate: float | Tensor  # Tensor: one per row
    fire_per_channel: bool
    overflow_bound: float | None  # None: neither overflow nor change is measured
    precision: torch.dtype
    batch: int
    num_cells: int
    reach: Tensor
    heard: Tensor
    forward: Table
    backward: Table
    hashed: Tensor  # (rows,) or (rows, C): the cells' hashed indices

    @classmethod
    def of(cls, task: Task) -> "Plan":
        """Repeats the stencil for every sample of the batch and hashes the row numbers."""
        rule, stencil, batch, rate = task.rule, task.stencil, task.batch, task.rate
        copies = stencil.repeated(batch)
        num_rows = copies.num_cells
        device = stencil.reach.index.device
        per_channel = rule.fire_per == "channel"
        index = torch.arange(num_rows * (rule.num_channels if per_channel else 1), dtype=torch.int32, device=device)
        if isinstance(rate, Tensor):
            rate = rate.reshape(-1)
        return cls(
            perception=rule.perception,
            life_mask=rule.life_mask,
            alive_threshold=rule.alive_threshold,
            fire_rate=rate,
            fire_per_channel=per_channel,
            overflow_bound=task.overflow_bound,
            precision=task.products,
            batch=batch,
            num_cells=stencil.num_cells,
            reach=copies.reach.index,
            heard=copies.heard.index,
            forward=copies.forward,
            backward=copies.backward,
            hashed=hash_index(index).view(num_rows, -1) if per_channel else hash_index(index),
        )

    @property
    def has_vectors(self) -> bool:
        """Whether a band sees a vector of two operators, so that its gradient needs what they made."""
        return any(band.second != NONE for band in self.perception.program())

    def sample_of(self, rows: Tensor) -> Tensor:
        """The sample a row belongs to."""
        return torch.div(rows, self.num_cells, rounding_mode="floor")

    def sum_by_sample(self, rows: Tensor, values: Tensor) -> Tensor:
        """Sums of one value a row, (batch,), for rows in ascending order."""
        bounds = torch.arange(self.batch + 1, device=rows.device) * self.num_cells
        return torch.segment_reduce(values, "sum", offsets=torch.searchsorted(rows, bounds), initial=0.0)
