"""What a process has of a batch, and what all processes together know of it."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..pool import PoolSample
from .distributed import Processes
from .guard import Diagnosis


class Outcome(NamedTuple):
    """A rollout of the whole batch in numbers, the same in every process."""

    value: float
    """What is minimised."""
    finite: bool
    """Whether every gradient is."""
    loss: float
    """The mean loss of the samples that are not lost; NaN if there is none."""
    lost: tuple[int, int, int]
    """How many samples are not finite, exploded and dead."""


class BatchShare:
    """One process's share of a batch, which is drawn from its part of the pool.

    Args:
        processes: Those that share it.
        batch_size: Samples of all together.
        pool_size: Entries of a pool, of all together.
        generator: This process's random numbers.

    Raises:
        ValueError: If batch and pool can't be divided by the number of processes.
    """

    def __init__(self, processes: Processes, batch_size: int, pool_size: int, generator: torch.Generator) -> None:
        if batch_size % processes.size or pool_size % processes.size:
            raise ValueError(
                f"`batch_size` and the pool's `size` must be multiples of the number of processes, {processes.size}, "
                f"got {batch_size} and {pool_size}."
            )
        self.processes, self.batch_size, self.generator = processes, batch_size, generator
        self.count, self.pool_size = batch_size // processes.size, pool_size // processes.size

    def places(self, sample: PoolSample) -> list[int]:
        """Which row of the whole batch each row of this share is.

        Ranked samples are ranked among all; otherwise the shares stand one after another, beginning with a process
        drawn anew each time.
        """
        rank, size, count = self.processes.rank, self.processes.size, self.count
        if size == 1:
            return list(range(count))
        if sample.ranked:
            order = self.processes.rows(sample.losses).argsort(descending=True, stable=True)
            return order.argsort()[rank * count : (rank + 1) * count].tolist()
        start = self.processes.agree(int(torch.randint(size, (), generator=self.generator)))
        return [(rank - start) % size * count + row for row in range(count)]

    def last_rows(self, sample: PoolSample, count: int) -> list[int]:
        """The rows of this share among the last so many of the whole batch."""
        return [row for row, place in enumerate(self.places(sample)) if place >= self.batch_size - count]

    def outcome(
        self, value: Float[Tensor, ""], losses: Float[Tensor, " b"], diagnosis: Diagnosis, gradients: list[Tensor]
    ) -> Outcome:
        """Adds up gradients and numbers over the processes, in one exchange, and asks the device for them once."""
        total = torch.where(diagnosis.lost, 0.0, losses).sum()
        numbers = torch.stack([value.detach(), total, *diagnosis.counts().to(total)])
        self.processes.sum([*gradients, numbers])
        finite = torch.stack([gradient.isfinite().all() for gradient in gradients]).all()
        whole, total, *counts, is_finite = torch.cat([numbers, finite[None].to(numbers)]).tolist()
        not_finite, exploded, dead = (int(count) for count in counts)
        alive = self.batch_size - not_finite - exploded - dead
        loss = total / alive if alive > 0 else float("nan")
        return Outcome(whole, bool(is_finite), loss, (not_finite, exploded, dead))
