"""The regularisers of a rollout, kept up on the cells that changed instead of summed over all cells."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .plan import Plan


@dataclass
class Record:
    """What the backward pass needs of one step's regularisers."""

    change_sign: Tensor  # sign of the change of the active rows, 0 where the life mask undid it
    died: tuple[Tensor, Tensor] | None  # rows that died, and the sign of what they had
    over: tuple[Tensor, Tensor] | None  # rows beyond the bound after the step, and by how much


class Regularisers:
    """Sums of overflow and change, one per sample.

    The overflow of a step counts every row beyond the bound, also those that did not change in it; so their list is
    kept, and a step adds to and takes from it.

    Args:
        plan: The plan, whose overflow bound is set.
        x: The state before the first step, (rows, C).
    """

    def __init__(self, plan: Plan, x: Tensor, bound: float) -> None:
        self.plan, self.bound = plan, bound
        self.overflow, self.change = x.new_zeros(plan.batch), x.new_zeros(plan.batch)
        self.beyond = rows_beyond(x, bound)
        self.over = self.beyond.nonzero().view(-1)

    def add(
        self,
        x: Tensor,
        active: Tensor,
        after: Tensor,
        change: Tensor,
        survives: Tensor | None,
        died: tuple[Tensor, Tensor] | None,
    ) -> Record:
        """Adds what one step costs.

        Args:
            x: The state after the step.
            active: Rows that were updated, ascending.
            after: Their states before the life mask.
            change: How they changed.
            survives: Which of them the life mask left; None: all.
            died: Rows of the former support that the life mask zeroed, ascending, and what they had before the step.
        """
        exceeds = rows_beyond(after, self.bound)
        if survives is not None:
            change, exceeds = change * survives[:, None], exceeds & survives
        self.change += self.plan.sum_by_sample(active, change.abs().sum(1))
        if died is not None:
            rows, last = died
            self.change += self.plan.sum_by_sample(rows, last.abs().sum(1))
            self.beyond.index_fill_(0, rows, False)
            died = (rows, last.sign())
        self.beyond.index_copy_(0, active, exceeds)
        self.over = torch.cat([self.over, active[exceeds]])
        over = None
        if self.over.numel():
            self.over = self.over[self.beyond[self.over]].unique()
            states = x.index_select(0, self.over)
            over = (self.over, states - states.clamp(-self.bound, self.bound))
            self.overflow += self.plan.sum_by_sample(self.over, over[1].square().sum(1))
        return Record(change.sign().to(torch.int8), died, over)


def rows_beyond(states: Tensor, bound: float) -> Tensor:
    """Flags of the rows with a value beyond the bound; a look at the largest value spares the rest when none has."""
    if states.numel():
        smallest, largest = states.aminmax()
        if largest > bound or smallest < -bound:
            return states.abs().amax(1) > bound
    return torch.zeros(states.shape[0], dtype=torch.bool, device=states.device)
