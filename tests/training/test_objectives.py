import torch

from graphnca import Trajectory
from graphnca.training import grown_and_still, last_state


def loss(states: torch.Tensor) -> torch.Tensor:
    return states.mean((-2, -1))


def a_trajectory() -> Trajectory:
    first, final = torch.full((3, 4, 5), 2.0), torch.arange(3.0)[:, None, None].expand(3, 4, 5)
    return Trajectory(final, {1: first}, torch.tensor([0.0, 0.1, 0.2]), torch.tensor([0.5, 0.0, 0.25]))


def test_the_last_state_alone() -> None:
    torch.testing.assert_close(last_state(loss)(a_trajectory()), torch.tensor([0.0, 1.0, 2.0]))


def test_grown_and_still() -> None:
    """(first + last) / 2 + overflow summed over the batch + 10 * change; its mean is what is minimised."""
    value = grown_and_still(loss)(a_trajectory())
    torch.testing.assert_close(value, torch.tensor([1.0 + 0.0 + 5.0, 1.5 + 0.3 + 0.0, 2.0 + 0.6 + 2.5]))
    parts = torch.tensor([1.0, 1.5, 2.0]).mean() + torch.tensor([0.0, 0.1, 0.2]).sum() + 10 * torch.tensor(0.25)
    torch.testing.assert_close(value.mean(), parts)


def test_without_the_first_step() -> None:
    value = grown_and_still(loss, first_step=False)(a_trajectory())
    torch.testing.assert_close(value, torch.tensor([0.0 + 0.0 + 5.0, 1.0 + 0.3 + 0.0, 2.0 + 0.6 + 2.5]))
