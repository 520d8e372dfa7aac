from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from graphnca import Trajectory
from graphnca.training import Evaluation, also_moving, grown_and_still, last_state, last_state_in_bounds
from graphnca.training.objectives import MOTION_WEIGHT


def loss(states: torch.Tensor) -> torch.Tensor:
    return states.mean((-2, -1))


def a_trajectory() -> Trajectory:
    first, final = torch.full((3, 4, 5), 2.0), torch.arange(3.0)[:, None, None].expand(3, 4, 5)
    return Trajectory(final, {1: first}, torch.tensor([0.0, 0.1, 0.2]), torch.tensor([0.5, 0.0, 0.25]))


def minimised(evaluation: Evaluation) -> torch.Tensor:
    return evaluation.share(len(evaluation.loss))


def test_the_last_state_alone() -> None:
    evaluation = last_state(loss)(a_trajectory())
    torch.testing.assert_close(evaluation.loss, torch.tensor([0.0, 1.0, 2.0]))
    torch.testing.assert_close(minimised(evaluation), torch.tensor(1.0))


def test_the_last_state_in_bounds() -> None:
    """Both terms are summed over the batch; what is shown is the loss alone."""
    evaluation = last_state_in_bounds(loss, lambda states: 10 * states.amax((-2, -1)))(a_trajectory())
    torch.testing.assert_close(evaluation.loss, torch.tensor([0.0, 1.0, 2.0]))
    torch.testing.assert_close(minimised(evaluation), torch.tensor(3.0 + 30.0))


def test_motion_is_asked_for_beside_something_else() -> None:
    """The states of both moments are compared; what is shown is the other objective's loss."""
    path = a_trajectory()
    path = replace(path, states={1: path.states[1], 2: path.final})
    objective = also_moving(last_state(loss), lambda one, other: (other - one).mean((-2, -1)), earlier=1, later=2)
    evaluation = objective(path)
    torch.testing.assert_close(evaluation.loss, torch.tensor([0.0, 1.0, 2.0]))
    torch.testing.assert_close(evaluation.averaged, evaluation.loss)
    torch.testing.assert_close(evaluation.summed, MOTION_WEIGHT * torch.tensor([-2.0, -1.0, 0.0]))


@pytest.mark.parametrize("make", [last_state, grown_and_still])
def test_a_loss_that_is_not_one_for_each_state_is_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"`loss` must return one number for each of the states"):
        make(lambda states: states.sum())(a_trajectory())


def test_grown_and_still() -> None:
    """(first + last) / 2 and 10 * change, averaged, and the overflow, summed over the batch."""
    evaluation = grown_and_still(loss)(a_trajectory())
    torch.testing.assert_close(evaluation.loss, torch.tensor([0.0, 1.0, 2.0]))
    torch.testing.assert_close(evaluation.averaged, torch.tensor([1.0 + 5.0, 1.5 + 0.0, 2.0 + 2.5]))
    torch.testing.assert_close(evaluation.summed, torch.tensor([0.0, 0.1, 0.2]))
    parts = torch.tensor([1.0, 1.5, 2.0]).mean() + torch.tensor([0.0, 0.1, 0.2]).sum() + 10 * torch.tensor(0.25)
    torch.testing.assert_close(minimised(evaluation), parts)


def test_without_the_first_step() -> None:
    evaluation = grown_and_still(loss, first_step=False)(a_trajectory())
    torch.testing.assert_close(evaluation.loss, torch.tensor([0.0, 1.0, 2.0]))
    torch.testing.assert_close(evaluation.averaged, torch.tensor([0.0 + 5.0, 1.0 + 0.0, 2.0 + 2.5]))


def test_first_and_last_state_are_one_call() -> None:
    shapes = []

    def counting(states: torch.Tensor) -> torch.Tensor:
        shapes.append(tuple(states.shape))
        return loss(states)

    grown_and_still(counting)(a_trajectory())
    assert shapes == [(2, 3, 4, 5)]


def test_the_shares_of_a_batch_add_up() -> None:
    """However a batch is divided, the whole minimises the mean of the one and the sum of the other."""
    averaged, summed = torch.rand(6), torch.rand(6)
    shares = [Evaluation(averaged[rows], averaged[rows], summed[rows]).share(6) for rows in (slice(4), slice(4, 6))]
    torch.testing.assert_close(shares[0] + shares[1], averaged.mean() + summed.sum())
    torch.testing.assert_close(Evaluation(averaged, averaged).share(6), averaged.mean())
