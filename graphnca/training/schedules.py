"""Learning rates as functions of the iteration, so that a resumed run needs no scheduler state.

All of them raise a ValueError where a rate is negative or not finite, or a number of iterations below 1.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..arguments import at_least, check_fields

Schedule = Callable[[int], float]
"""The factor on the learning rate at an iteration, from 0 on."""


@dataclass(frozen=True)
class Triangular2:
    """A triangle wave between two rates whose height halves every cycle (IsoNCA: 1e-5, 1e-3, 2,000)."""

    low: float = 1e-5
    high: float = 1e-3
    half_cycle: int = 2000

    def __post_init__(self) -> None:
        check_fields(self)
        at_least(0, low=self.low, high=self.high)
        at_least(1, half_cycle=self.half_cycle)

    def __call__(self, iteration: int) -> float:
        """The rate at an iteration, counted from 0."""
        cycle, within = divmod(iteration, 2 * self.half_cycle)
        rise = 1.0 - abs(within / self.half_cycle - 1.0)
        return self.low + (self.high - self.low) * rise / 2.0**cycle


@dataclass(frozen=True)
class MultiStep:
    """A rate multiplied by `factor` at each milestone (Growing NCA: 2e-3, x 0.1 at 2,000)."""

    rate: float
    milestones: tuple[int, ...] = ()
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_fields(self)
        at_least(0, rate=self.rate, factor=self.factor)

    def __call__(self, iteration: int) -> float:
        """The rate at an iteration, counted from 0."""
        return self.rate * self.factor ** sum(iteration >= milestone for milestone in self.milestones)


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from one rate to another over a known number of iterations, and constant from then on."""

    high: float
    low: float
    iterations: int

    def __post_init__(self) -> None:
        check_fields(self)
        at_least(0, high=self.high, low=self.low)
        at_least(1, iterations=self.iterations)

    def __call__(self, iteration: int) -> float:
        """The rate at an iteration, counted from 0."""
        progress = min(1.0, iteration / self.iterations)
        return self.low + (self.high - self.low) * (1.0 + math.cos(math.pi * progress)) / 2.0


@dataclass(frozen=True)
class Warmup:
    """Another schedule, rising linearly from zero over the first iterations.

    Adam's first steps with normalised gradients are of full size; without a warm-up they can fill the pool with states
    that never recover.
    """

    schedule: Schedule
    iterations: int = 300

    def __post_init__(self) -> None:
        check_fields(self)
        at_least(1, iterations=self.iterations)

    def __call__(self, iteration: int) -> float:
        """The rate at an iteration, counted from 0."""
        return self.schedule(iteration) * min(1.0, (iteration + 1) / self.iterations)
