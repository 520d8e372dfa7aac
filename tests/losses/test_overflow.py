import pytest
import torch

from graphnca.losses import OverflowLoss


def test_only_what_lies_beyond_the_bound_counts() -> None:
    states = torch.tensor([[[2.0, -2.0, 1.9], [0.0, 2.5, -5.0]], [[1.0, 1.0, 1.0], [-1.0, 0.0, 2.0]]])
    torch.testing.assert_close(OverflowLoss()(states), torch.tensor([0.25 + 9.0, 0.0]))
    torch.testing.assert_close(OverflowLoss(bound=5.0)(states), torch.zeros(2))


def test_of_power_one_it_is_the_absolute_excess() -> None:
    """The texture notebook's: sum |x - clamp(x, -1, 1)|."""
    states = torch.tensor([[[1.0, -1.0, 0.9], [0.0, 2.5, -5.0]], [[1.0, 1.0, 1.0], [-1.0, 0.0, -0.5]]])
    torch.testing.assert_close(OverflowLoss(1.0, power=1)(states), torch.tensor([1.5 + 4.0, 0.0]))


@pytest.mark.parametrize("power", [0, 3])
def test_another_power_is_refused(power: int) -> None:
    with pytest.raises(ValueError, match=f"`power` must be 1 or 2, got {power}"):
        OverflowLoss(power=power)


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_any_leading_axes(batch: tuple[int, ...]) -> None:
    states = 4 * torch.randn(*batch, 7, 5)
    loss = OverflowLoss()(states)
    assert loss.shape == batch
    expected = torch.stack([((x.abs() - 2).clamp(min=0) ** 2).sum() for x in states.reshape(-1, 7, 5)]).reshape(batch)
    torch.testing.assert_close(loss, expected)


def test_gradient() -> None:
    states = 4 * torch.randn(2, 6, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(OverflowLoss(), (states,))


@pytest.mark.parametrize("bound", [0.0, -1.0, float("nan")])
def test_bound_must_be_positive(bound: float) -> None:
    with pytest.raises(ValueError, match="`bound` must be (positive|finite), got"):
        OverflowLoss(bound)
