"""The regularisers of a rollout, kept up on the cells that changed instead of summed over all cells."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .plan import Plan


@dataclass
class Entry:
    """What the backward pass needs of one step's regularisers."""

    change_sign: Tensor  # sign of the change of the active rows, 0 where the life mask undid it
    died: Tensor | None
    died_sign: Tensor | None  # sign of what the rows that died had
    over: Tensor | None  # rows beyond the bound after the step
    excess: Tensor | None  # and by how much


class Ledger:
    """Sums of overflow and change, one per sample.

    The overflow of a step counts every row beyond the bound, also those that did not change in it; so the ledger keeps
    their list, and a step adds to and takes from it.

    Args:
        plan: The plan, whose overflow bound is set.
        x: The state before the first step, (rows, C).
    """

    def __init__(self, plan: Plan, x: Tensor, bound: float) -> None:
        self.plan, self.bound = plan, bound
        self.overflow, self.change = x.new_zeros(plan.batch), x.new_zeros(plan.batch)
        self.beyond = rows_beyond(x, bound)
        self.over = self.beyond.nonzero().view(-1)

    def enter(
        self,
        x: Tensor,
        active: Tensor,
        after: Tensor,
        change: Tensor,
        survives: Tensor | None,
        died: Tensor | None,
        last: Tensor | None,
    ) -> Entry:
        """Books one step.

        Args:
            x: The state after the step.
            active: Rows that were updated, ascending.
            after: Their states before the life mask.
            change: How they changed.
            survives: Which of them the life mask left; None: all.
            died: Rows of the former support that the life mask zeroed, ascending.
            last: What these had before the step.
        """
        exceeds = rows_beyond(after, self.bound)
        if survives is not None:
            change, exceeds = change * survives[:, None], exceeds & survives
        self.change += self.plan.sum_by_sample(active, change.abs().sum(1))
        died_sign = None
        if died is not None and last is not None:
            self.change += self.plan.sum_by_sample(died, last.abs().sum(1))
            self.beyond.index_fill_(0, died, False)
            died_sign = last.sign()
        self.beyond.index_copy_(0, active, exceeds)
        self.over = torch.cat([self.over, active[exceeds]])
        over, excess = None, None
        if self.over.numel():
            over = self.over = self.over[self.beyond[self.over]].unique()
            states = x.index_select(0, over)
            excess = states - states.clamp(-self.bound, self.bound)
            self.overflow += self.plan.sum_by_sample(over, excess.square().sum(1))
        return Entry(change.sign().to(torch.int8), died, died_sign, over, excess)


def rows_beyond(states: Tensor, bound: float) -> Tensor:
    """Flags of the rows with a value beyond the bound; a look at the largest value spares the rest when none has."""
    if states.numel():
        smallest, largest = states.aminmax()
        if largest > bound or smallest < -bound:
            return states.abs().amax(1) > bound
    return torch.zeros(states.shape[0], dtype=torch.bool, device=states.device)
