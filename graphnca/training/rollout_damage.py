"""Damage within a rollout, so that a rule learns to heal while it grows."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import check_fields
from ..damage import erase, random_disks
from ..pool import PoolSample
from .batch_share import BatchShare


@dataclass(frozen=True)
class RolloutDamage:
    """Some samples lose a random disk every so many steps of a rollout.

    Raises:
        ValueError: If a number is out of range.
    """

    every: int
    """Steps between two disks."""
    count: int
    """How many samples: the last rows of the batch."""
    rest: int = 0
    """Steps at the end of a rollout without damage."""

    def __post_init__(self) -> None:
        check_fields(self)
        if self.every < 1 or min(self.count, self.rest) < 0:
            raise ValueError(
                f"`every` must be at least 1, `count` and `rest` at least 0, got {self.every}, {self.count} and "
                f"{self.rest}."
            )

    def interventions(
        self, sample: PoolSample, topology: Data, num_steps: int, share: BatchShare
    ) -> dict[int, Callable[[Tensor], Tensor]]:
        """What befalls a sample on the way, by step."""
        rows = share.last_rows(sample, self.count)

        def damaged(states: Tensor) -> Tensor:
            mask = torch.zeros(states.shape[:2], dtype=torch.bool, device=states.device)
            mask[rows] = random_disks(topology, len(rows), generator=share.generator)
            return erase(states, mask)

        return dict.fromkeys(range(self.every, num_steps - self.rest, self.every), damaged)
