"""When a loss falls no more."""

import math
from collections.abc import Sequence
from statistics import median

from .schedules import Schedule

LEAST = 0.03  # share by which the median loss must fall from one stretch to the next
EVERY = 50  # iterations between two looks


def has_settled(history: Sequence[float], schedule: Schedule, iterations: int, patience: int) -> bool:
    """Whether the median loss of the last `patience` iterations is hardly below that of as many before.

    Never before both stretches have been trained at the schedule's last rate: what stands still at a high one falls
    again at a lower. It depends on the history alone, so a training that is resumed ends where it would have.

    Args:
        history: The loss of every iteration.
        schedule: The learning rates.
        iterations: Of the whole training.
        patience: Of a stretch; 0: a loss never settles.
    """
    now, first = len(history), len(history) - 2 * patience
    if not patience or now % EVERY or first < 0 or schedule(first) > schedule(iterations - 1):
        return False
    before, after = (
        median([loss for loss in part if math.isfinite(loss)] or [math.inf])
        for part in (history[first : now - patience], history[now - patience :])
    )
    return after > (1 - LEAST) * before
