"""The layer's own steps."""

from jaxtyping import Float
from torch import Tensor

from ..layers.coefficients import neighbourhood
from ..regularisers import overflow, step_difference
from .base import Engine, Steps
from .task import Task


class Plain(Engine):
    """One call of the layer a step: whatever a rule is, and the definition of what the other engines compute.

    The record of every step is kept for the backward pass, and products are of the states' own type, whatever is asked.
    """

    name = "plain"

    @classmethod
    def takes(cls, task: Task) -> str | None:  # noqa: ARG003
        """Everything."""
        return None

    def __call__(self, x: Float[Tensor, "*b n c"], num_steps: int) -> Steps:
        """Draws a step's key when its turn comes."""
        task, through = self.task, neighbourhood(self.task.topology)
        overflown = moved = x.new_zeros(x.shape[:-2])
        for _ in range(num_steps):
            next_x = task.rule(
                x,
                **through,
                angle=task.angle,
                fire_rate=task.fire_rate,
                regions=task.regions,
                generator=task.generator,
            )
            if task.overflow_bound is not None:
                overflown = overflown + overflow(next_x, task.overflow_bound)
                moved = moved + step_difference(x, next_x)
            x = next_x
        return x, overflown, moved
