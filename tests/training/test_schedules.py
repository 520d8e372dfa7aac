import pytest
import torch

from graphnca.training import Cosine, MultiStep, Triangular2, Warmup
from graphnca.training.schedules import Schedule


def rates_of(scheduler: torch.optim.lr_scheduler.LRScheduler, count: int) -> list[float]:
    rates = []
    for _ in range(count):
        rates.append(scheduler.get_last_lr()[0])
        scheduler.optimizer.step()
        scheduler.step()
    return rates


def optimizer(rate: float) -> torch.optim.Optimizer:
    return torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def test_triangular2_is_pytorchs_cyclic_rate() -> None:
    theirs = torch.optim.lr_scheduler.CyclicLR(
        optimizer(1.0), 1e-5, 1e-3, step_size_up=20, mode="triangular2", cycle_momentum=False
    )
    ours = Triangular2(1e-5, 1e-3, 20)
    assert [ours(i) for i in range(130)] == pytest.approx(rates_of(theirs, 130), rel=1e-9)


def test_the_default_is_isoncas() -> None:
    rate = Triangular2()
    assert (rate(0), rate(2_000), rate(4_000)) == pytest.approx((1e-5, 1e-3, 1e-5))
    assert rate(6_000) == pytest.approx(1e-5 + (1e-3 - 1e-5) / 2)


def test_multi_step_is_pytorchs() -> None:
    theirs = torch.optim.lr_scheduler.MultiStepLR(optimizer(2e-3), [10, 25])
    ours = MultiStep(2e-3, (10, 25))
    assert [ours(i) for i in range(40)] == pytest.approx(rates_of(theirs, 40))
    assert MultiStep(2e-3)(10**6) == 2e-3


def test_cosine_is_pytorchs_and_stays_low() -> None:
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer(1e-3), T_max=30, eta_min=1e-5)
    ours = Cosine(1e-3, 1e-5, 30)
    assert [ours(i) for i in range(31)] == pytest.approx(rates_of(theirs, 31), rel=1e-6)
    assert ours(31) == ours(10**6) == pytest.approx(1e-5)


def test_warm_up_rises_to_the_schedule_and_leaves_it_alone() -> None:
    schedule = Warmup(MultiStep(1.0, (8,)), 5)
    assert [schedule(i) for i in range(10)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 0.1, 0.1])


@pytest.mark.parametrize(
    "schedule", [Triangular2(), MultiStep(1e-3, (5,)), Cosine(1e-3, 1e-5, 9), Warmup(Triangular2())]
)
def test_a_schedule_is_a_function_of_the_iteration_and_reads_back(schedule: Schedule) -> None:
    assert schedule(17) == schedule(17) > 0
    names = {kind.__name__: kind for kind in (Triangular2, MultiStep, Cosine, Warmup)}
    assert eval(repr(schedule), names) == schedule  # as it stands on a rule's card


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Triangular2(half_cycle=0), "`half_cycle` must be at least 1, got 0"),
        (lambda: Triangular2(low=-1e-5), "`low` must be at least 0, got -1e-05"),
        (lambda: MultiStep(float("nan")), "`rate` must be finite, got nan"),
        (
            lambda: MultiStep(1e-3, (2.5,)),
            r"`milestones` must be a tuple \(any number of a whole number\), got \(2.5,\)",
        ),
        (lambda: Cosine(1e-3, float("inf"), 10), "`low` must be finite, got inf"),
        (lambda: Cosine(1e-3, 1e-5, 0), "`iterations` must be at least 1, got 0"),
        (lambda: Warmup(Cosine(1e-3, 1e-5, 10), 0), "`iterations` must be at least 1, got 0"),
        (lambda: Warmup(1e-3), "`schedule` must be a function, got 0.001"),
    ],
)
def test_numbers_that_cannot_be_are_named(make, message: str, as_released: None) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make()
