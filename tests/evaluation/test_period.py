"""Oscillations of known periods, and noise that has none."""

import numpy as np
import pytest
from scipy.signal import lfilter

from graphnca.evaluation.period import dominant_period

STEPS = np.arange(600)


def red(generator: np.random.Generator, memory: float, length: int = 600) -> np.ndarray:
    return lfilter([1.0], [1.0, -memory], generator.standard_normal(length))


@pytest.mark.parametrize("period", [2.0, 3.0, 5.5, 17.3, 64.0])
@pytest.mark.parametrize("memory", [0.0, 0.9])
def test_a_known_period_is_found_in_noise(period: float, memory: float) -> None:
    generator = np.random.default_rng(0)
    noise = red(generator, memory)
    found = dominant_period(3 * noise.std() * np.cos(2 * np.pi * STEPS / period + 0.4) + noise)
    assert found is not None
    assert found.steps == pytest.approx(period, rel=0.02)


def test_a_pure_oscillation_on_a_slope() -> None:
    found = dominant_period(100 + 3 * STEPS + np.sin(2 * np.pi * STEPS / 7))
    assert found is not None
    assert found.steps == pytest.approx(7, rel=0.005)


@pytest.mark.parametrize("memory", [0.0, 0.7, 0.95, 1.0])
def test_noise_of_any_colour_has_no_period(memory: float) -> None:
    generator = np.random.default_rng(1)
    assert [dominant_period(red(generator, memory)) for _ in range(60)] == [None] * 60


def test_a_faint_oscillation_is_not_claimed() -> None:
    noise = np.random.default_rng(2).standard_normal(600)
    assert dominant_period(0.05 * np.cos(2 * np.pi * STEPS / 9) + noise) is None


@pytest.mark.parametrize("values", [np.full(600, 3.0), 5.0 + 0.1 * STEPS])
def test_what_does_not_fluctuate_has_no_period(values: np.ndarray) -> None:
    assert dominant_period(values) is None


@pytest.mark.parametrize("values", [np.zeros(127), np.zeros((2, 300)), np.full(300, np.nan)])
def test_a_series_must_be_long_and_finite(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="at least 128 finite numbers"):
        dominant_period(values)
