"""A loss that falls no more."""

from graphnca.training import MultiStep
from graphnca.training.plateau import has_settled

RATES = MultiStep(1.0, (100,))


def test_a_flat_loss_has_settled_once_two_stretches_had_the_last_rate() -> None:
    assert not has_settled([1.0] * 250, RATES, 1000, 100)
    assert has_settled([1.0] * 300, RATES, 1000, 100)
    assert not has_settled([1.0] * 301, RATES, 1000, 100)  # it is looked at now and then
    assert not has_settled([1.0] * 300, RATES, 1000, 0)


def test_a_falling_loss_has_not() -> None:
    assert not has_settled([0.999**step for step in range(300)], RATES, 1000, 100)
    assert has_settled([0.9999**step for step in range(300)], RATES, 1000, 100)


def test_losses_that_are_no_numbers_are_left_out() -> None:
    history = [1.0] * 300
    history[210:220] = [float("nan")] * 10
    assert has_settled(history, RATES, 1000, 100)
