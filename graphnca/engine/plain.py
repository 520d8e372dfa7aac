"""The layer's own steps."""

from collections.abc import Callable
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor

from ..layers.arithmetic import ARITHMETICS
from ..layers.coefficients import neighbourhood
from ..regularisers import overflow, step_difference
from .base import Engine, Steps
from .task import Task


class Plain(Engine):
    """One call of the layer a step: whatever a rule is, and the definition of what the other engines compute.

    The record of every step is kept for the backward pass, and products are of the states' own type, whatever is asked.

    Args:
        task: What is asked for.
        step: What is called instead of the rule, if anything.
    """

    name = "plain"

    def __init__(self, task: Task, step: Callable[..., Tensor] | None = None) -> None:
        super().__init__(task)
        self.step = step or task.rule

    @classmethod
    def takes(cls, task: Task) -> str | None:  # noqa: ARG003
        """Everything."""
        return None

    def advance(self, x: Float[Tensor, "*b n c"], keys: Int[Tensor, " s"]) -> Steps:
        """One step a key. In whole levels, the first change is that from the start in levels, as in C++."""
        task, through, arithmetic = self.task, neighbourhood(self.task.topology), ARITHMETICS[self.task.rule.arithmetic]
        options: dict[str, Any] = {"angle": task.angle, "fire_rate": task.fire_rate, "regions": task.regions}
        overflown = moved = x.new_zeros(x.shape[:-2])
        before = arithmetic.leave(arithmetic.enter(x)) if arithmetic.rounding == "levels" else x
        for key in keys:
            x = self.step(
                x,
                **through,
                key=key,
                **options,
            )
            if task.overflow_bound is not None:
                overflown = overflown + overflow(x, task.overflow_bound)
                moved = moved + step_difference(before, x)
            before = x
        return x, overflown, moved
