"""Intervals: known values, and what they let one say."""

import numpy as np
import pytest

from graphnca.evaluation.intervals import below, quartiles, rate, rate_interval, reached, resampled, with_quartiles


def test_clopper_and_pearson() -> None:
    """0 of n: up to 1 - (alpha / 2)^(1 / n), in closed form."""
    low, high = rate_interval(0, 20)
    assert low == 0
    assert high == pytest.approx(1 - 0.025 ** (1 / 20))
    assert rate_interval(20, 20)[0] == pytest.approx(0.025 ** (1 / 20))
    assert rate(18, 20) == "18 of 20 (68 to 99 %)"
    with pytest.raises(ValueError, match="of"):
        rate_interval(0, 0)


def test_a_rate_is_reached_only_where_its_interval_allows_it() -> None:
    assert reached(20, 20, 0.9) == "open"  # five runs in six would do as well
    assert reached(20, 20, 0.8) == "yes"
    assert reached(10, 20, 0.9) == "no"


def test_a_number_is_below_only_where_its_interval_is() -> None:
    assert [below(interval, 1.25) for interval in ((1.0, 1.2), (1.2, 1.3), (1.3, 1.4))] == ["yes", "open", "no"]
    assert below((float("nan"), float("nan")), 1.25) == below((float("inf"), float("inf")), 1.25) == "no"


def test_quartiles() -> None:
    assert quartiles([1, 2, 3, 4, 5]) == (2, 3, 4)
    assert quartiles([7.0]) == (7.0, 7.0, 7.0)
    assert with_quartiles([1, 2, 3, 4, 5], 1) == "3.0 (2.0 to 4.0)"


def test_an_interval_of_a_mean_is_as_wide_as_its_error() -> None:
    """Of 100 normal numbers: 2 * 1.96 / 10."""
    values = np.random.default_rng(0).normal(size=100)
    low, high = resampled(lambda drawn: float(values[drawn[0]].mean()), [100])
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 10, rel=0.1)
    assert low < values.mean() < high
    assert resampled(lambda drawn: float(values[drawn[0]].mean()), [100]) == (low, high)
