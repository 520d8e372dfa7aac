"""Numbers on the command line, within their range."""

import argparse
import math
from collections.abc import Callable

LARGEST_SIDE = 100_000  # units or pixels: ten thousand million cells
CELLS_AT_MOST = 10_000_000  # on a surface in space
SEEDS = 2**63 - 1  # what torch's generators take
THREADS = 10_000


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A reader of whole numbers from `least` on, up to `most`."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            bound = "" if most is None else f", at most {most}"
            raise argparse.ArgumentTypeError(f"expected a whole number, at least {least}{bound}, got {text!r}")
        return value

    return read


def share(text: str) -> float:
    """A number above 0, at most 1."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, at most 1, got {text!r}")
    return value


def rate(text: str) -> float:
    """A positive finite number."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def minutes(text: str) -> float:
    """A positive finite number of minutes."""
    return rate(text)


def degrees(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r}")
    return value
