"""Numbers of several runs with what is known of them: rates with their interval, quartiles, resampled ratios."""

from collections.abc import Callable, Sequence
from statistics import quantiles

import numpy as np
from scipy.stats import binomtest

CONFIDENCE = 0.95
RESAMPLES = 2000
DRAWN = 17  # seed of the resampling: the same numbers give the same interval


def rate_interval(count: int, of: int) -> tuple[float, float]:
    """Between which rates lies the one behind so many of so many: Clopper and Pearson's, which never promises less.

    Raises:
        ValueError: Of nothing.
    """
    if of < 1:
        raise ValueError(f"`of` must be at least 1, got {of}.")
    low, high = binomtest(count, of).proportion_ci(CONFIDENCE, method="exact")
    return float(low), float(high)


def rate(count: int, of: int) -> str:
    """A rate as tables show it: how many of how many, and between which percentages that lies."""
    low, high = rate_interval(count, of)
    return f"{count} of {of} ({100 * low:.0f} to {100 * high:.0f} %)"


def reached(count: int, of: int, at_least: float) -> str:
    """Whether a rate is at least so high: yes or no only where the whole interval says so, else open."""
    low, high = rate_interval(count, of)
    return "yes" if low >= at_least else "no" if high < at_least else "open"


def below(interval: tuple[float, float], at_most: float) -> str:
    """Whether a number is at most so large: yes or no only where the whole interval says so, else open."""
    low, high = interval
    return "yes" if high <= at_most else "no" if not low <= at_most else "open"


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """The quartiles, the median in the middle; of a single number, three times that."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def with_quartiles(values: Sequence[float], digits: int = 2) -> str:
    """A median as tables show it, with the quartiles behind it."""
    low, middle, high = quartiles(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """The interval of a median of runs, each drawn anew (`resampled`)."""
    numbers = np.asarray(values, dtype=float)
    return resampled(lambda drawn: float(np.median(numbers[drawn[0]])), [len(numbers)])


def resampled(
    statistic: Callable[[Sequence[np.ndarray]], float], sizes: Sequence[int], *, seed: int = DRAWN
) -> tuple[float, float]:
    """The interval of a statistic of several sets of runs, each drawn anew with replacement (percentile bootstrap).

    Args:
        statistic: Of the indices that are drawn from each set, duplicates too.
        sizes: Of the sets.
        seed: Of the draws.
    """
    generator = np.random.default_rng(seed)
    values = [statistic([generator.integers(size, size=size) for size in sizes]) for _ in range(RESAMPLES)]
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
