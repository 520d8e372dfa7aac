"""Copies of a rule in another arithmetic."""

import copy

import torch

from ..arguments import checked
from .nca_conv import NCAConv
from .perception import FILTERS

GAIN = 1.0 / 4.0  # of raw kernels in 8 bits; docs/quantised.md compares it with 1, 1/2 and 1/8


@checked
def in_fixed_point(rule: NCAConv) -> NCAConv:
    """A copy of a rule, with parameters of its own, that steps in fixed point: `arithmetic="fixed_point"`."""
    twin = copy.deepcopy(rule)
    twin.arithmetic = "fixed_point"
    return twin


@checked
def in_float(rule: NCAConv) -> NCAConv:
    """A copy of a rule, with parameters of its own, that steps in floating point: `arithmetic="float"`."""
    twin = copy.deepcopy(rule)
    twin.arithmetic = "float"
    return twin


@checked
def in_8_bits(rule: NCAConv, *, gain: float = GAIN) -> NCAConv:
    """A copy of a rule, with parameters of its own, that steps in 8 bits: `arithmetic="quantised"`.

    Its parameters are no whole numbers: they are rounded in every step, so that it can be trained on.

    Raw kernels see up to 8 and more where states differ by 2, and perceived values end at 2. So gradient and Laplacian
    are perceived with at most `gain` of the raw kernels, and their weights are so much larger: in float, the copy would
    be the same rule. The published textures have 1/8; a smaller gain clips less and rounds more.

    Args:
        rule: In any arithmetic.
        gain: Of gradient and Laplacian; those that are smaller stay. 1: all stay.

    Raises:
        ValueError: If `gain` is not positive.
    """
    if not 0 < gain < float("inf"):
        raise ValueError(f"`gain` must be positive, got {gain!r}.")
    twin = copy.deepcopy(rule)
    twin.arithmetic = "quantised"
    first = 0
    for name in twin.perception.filters:
        bands = FILTERS[name].bands
        columns = slice(first, first + len(bands) * rule.num_channels)
        first = columns.stop
        linear = all(len(band) % 2 for band in bands)  # as much smaller as its gain: no norm, and not the state itself
        if linear and (before := twin.perception.gains[name]) > gain:
            twin.perception.gains[name] = gain
            with torch.no_grad():
                twin.update_rule.hidden.weight[:, columns] *= before / gain
    return twin
