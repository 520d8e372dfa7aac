"""What a training step asks of a trajectory."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..arguments import checked
from ..engine.rollout import Trajectory


class Evaluation(NamedTuple):
    """What an objective makes of a trajectory, everything with one value per sample.

    Training minimises the mean of `averaged` plus the sum of `summed`, both over the whole batch, also where several
    processes share it.
    """

    loss: Float[Tensor, " b"]
    """The loss of the last states alone: what is shown, and what the pool ranks by."""
    averaged: Float[Tensor, " b"]
    """What is averaged over the batch."""
    summed: Float[Tensor, " b"] | None = None
    """What is summed over the batch."""

    def share(self, batch_size: int) -> Float[Tensor, ""]:
        """What these samples contribute to the value that is minimised, in a batch of that size."""
        value = self.averaged.sum() / batch_size
        return value if self.summed is None else value + self.summed.sum()


Loss = Callable[[Tensor], Tensor]  # states (..., N, C) -> one value per sample, (...)
Objective = Callable[[Trajectory], Evaluation]

CHANGE_WEIGHT = 10.0  # IsoNCA
MOTION_WEIGHT = 2e5  # at a tenth of it a texture that stands still goes on standing still


@checked
def last_state(loss: Loss) -> Objective:
    """The loss of the last state alone (Growing NCA)."""

    def objective(trajectory: Trajectory) -> Evaluation:
        value = _judged(loss, trajectory.final)
        return Evaluation(value, value)

    return objective


@checked
def last_state_in_bounds(loss: Loss, overflow: Loss) -> Objective:
    """The loss of the last state and its overflow, both summed over the batch (Self-Organising Textures, PyTorch)."""

    def objective(trajectory: Trajectory) -> Evaluation:
        value = _judged(loss, trajectory.final)
        return Evaluation(value, torch.zeros_like(value), value + overflow(trajectory.final))

    return objective


@checked
def also_moving(
    objective: Objective, motion: Callable[[Tensor, Tensor], Tensor], *, earlier: int, later: int
) -> Objective:
    """Another objective, and how far the states recorded after two numbers of steps are from one motion (ours).

    Args:
        objective: What else is asked.
        motion: The states of both moments -> one value per sample, summed over the batch with the weight 200,000.
        earlier: The first moment; the world records both.
        later: The second.
    """

    def combined(trajectory: Trajectory) -> Evaluation:
        found = objective(trajectory)
        moved = MOTION_WEIGHT * motion(trajectory.states[earlier], trajectory.states[later])
        return found._replace(summed=moved if found.summed is None else found.summed + moved)

    return combined


@checked
def grown_and_still(loss: Loss, *, first_step: bool = True) -> Objective:
    """IsoNCA's objective: the pattern is right, stays right, stays in bounds and stays still.

        (loss after the first step + loss after the last) / 2 + overflow + 10 * sum over steps of mean |x_t - x_(t-1)|

    The overflow is summed over the batch, as published; the rest is averaged. Without `first_step` the loss of the last
    state counts alone (structured seeds).
    """

    def objective(trajectory: Trajectory) -> Evaluation:
        if first_step:  # one call for both: a loss works best on large batches
            last, first = _judged(loss, torch.stack([trajectory.final, trajectory.states[1]]))
            value = (last + first) / 2
        else:
            last = value = _judged(loss, trajectory.final)
        return Evaluation(last, value + CHANGE_WEIGHT * trajectory.change, trajectory.overflow)

    return objective


def _judged(loss: Loss, states: Tensor) -> Tensor:
    """The losses of states.

    Raises:
        ValueError: If they are not one for each.
    """
    found = loss(states)
    if found.shape != states.shape[:-2]:
        raise ValueError(
            f"`loss` must return one number for each of the states, whatever axes lie before cells and channels: shape "
            f"{tuple(states.shape[:-2])}, got {tuple(found.shape)}."
        )
    return found
