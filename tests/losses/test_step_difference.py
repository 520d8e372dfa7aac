import pytest
import torch

from graphnca.losses import StepDifferenceLoss


def test_a_still_pattern_costs_nothing() -> None:
    states = torch.randn(3, 7, 5)
    torch.testing.assert_close(StepDifferenceLoss()(states, states), torch.zeros(3))


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_mean_absolute_change_per_sample(batch: tuple[int, ...]) -> None:
    states, change = torch.randn(*batch, 7, 5), torch.randn(*batch, 7, 5)
    loss = StepDifferenceLoss()(states, states + change)
    assert loss.shape == batch
    expected = torch.stack([x.abs().mean() for x in change.reshape(-1, 7, 5)]).reshape(batch)
    torch.testing.assert_close(loss, expected)


def test_gradient() -> None:
    states = torch.randn(2, 2, 6, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: StepDifferenceLoss()(x[0], x[1]), (states,))
