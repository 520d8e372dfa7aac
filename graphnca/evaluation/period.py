"""The dominant period of a fluctuation, if it has one."""

from dataclasses import dataclass

import numpy as np

SHORTEST = 128  # steps of a recording
LONGEST = 8  # a period must fit at least so often into the recording
WINDOW, GAP = 24, 3  # bins on each side that the noise floor is taken from, but for those next to the peak
THRESHOLD = 30.0  # peak over floor; of 30,000 series of white and red noise, 200 and 600 steps long, one reached it


@dataclass(frozen=True)
class Period:
    """A period and how far its peak stands out."""

    steps: float
    """Length of the period, in steps."""
    strength: float
    """The peak's power over that of the noise around it."""


def dominant_period(values: np.ndarray) -> Period | None:
    """The period of the highest peak in the spectrum above the noise around it; None where no peak stands out.

    The series loses its trend and what each value has from the one before (which whitens red noise and changes no
    peak's height above the noise at its frequency), gets a Hann window, and its periodogram is compared bin by bin with
    the median of the bins around. Periods run from 2 steps to an eighth of the series.

    Args:
        values: One value a step, (T,), at least 128 of them.

    Raises:
        ValueError: Another shape, too few values, or some that are not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or len(values) < SHORTEST or not np.isfinite(values).all():
        raise ValueError(f"`values` must be a series of at least {SHORTEST} finite numbers, got shape {values.shape}.")
    time = np.arange(len(values))
    level = values - np.polyval(np.polyfit(time, values, 1), time)
    if level.std() <= 1e-9 * max(1.0, float(np.abs(values).max())):
        return None
    memory = float(level[1:] @ level[:-1] / (level @ level))  # of red noise of first order
    white = level[1:] - memory * level[:-1]
    power = np.square(np.abs(np.fft.rfft(white * np.hanning(len(white)))))
    bins = np.arange(len(power))
    best, strength = 0, 0.0
    for number in range(LONGEST, len(power)):
        away = np.abs(bins - number)
        floor = np.median(power[(away > GAP) & (away <= WINDOW) & (bins > 0)]) / np.log(2)
        if power[number] > strength * floor:
            best, strength = number, float(power[number] / floor)
    if strength < THRESHOLD:
        return None
    return Period(len(white) / _refined(power, best), strength)


def _refined(power: np.ndarray, best: int) -> float:
    """The place of a peak between the bins, by the parabola through its logarithm."""
    if not 0 < best < len(power) - 1:
        return float(best)
    before, peak, after = np.log(power[best - 1 : best + 2] + 1e-300)
    curvature = before - 2 * peak + after
    return best + (float(np.clip((before - after) / (2 * curvature), -0.5, 0.5)) if curvature < 0 else 0.0)
