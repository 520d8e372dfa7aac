"""What a training step asks of a trajectory: one value per sample."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from ..rollout import Trajectory

Loss = Callable[[Tensor], Tensor]
Objective = Callable[[Trajectory], Tensor]

CHANGE_WEIGHT = 10.0  # IsoNCA


def last_state(loss: Loss) -> Objective:
    """The loss of the last state alone (Growing NCA)."""

    def objective(trajectory: Trajectory) -> Float[Tensor, " b"]:
        return loss(trajectory.final)

    return objective


def grown_and_still(loss: Loss, *, first_step: bool = True) -> Objective:
    """IsoNCA's objective: the pattern is right, stays right, stays in bounds and stays still.

        (loss after the first step + loss after the last) / 2 + overflow + 10 * sum over steps of mean |x_t - x_(t-1)|

    The overflow counts once for every sample, as published: it is a sum over the batch, not a mean. Without
    `first_step` the loss of the last state counts alone (structured seeds).
    """

    def objective(trajectory: Trajectory) -> Float[Tensor, " b"]:
        value = loss(trajectory.final)
        if first_step:
            value = (value + loss(trajectory.states[1])) / 2
        return value + len(value) * trajectory.overflow + CHANGE_WEIGHT * trajectory.change

    return objective
