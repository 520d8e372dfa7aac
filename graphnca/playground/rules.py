"""A rule as a page carries it: architecture, weights as floats or in 8 bits, and how its states are shown."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ..arguments import checked
from ..layers import NCAConv, UpdateRule
from ..layers.arithmetic import ARITHMETICS
from ..rules import export_quantised

Weights = Literal["float32", "int8"]
WEIGHTS = ("float32", "int8")
LARGEST = 127  # of an 8-bit weight; -128 is left out, so that the range is symmetric
TEXTURE_SCALE, TEXTURE_OFFSET = 1.0, 0.5  # rgb = state + 0.5, as texture rules are published


@checked
def pack_rule(
    rule: NCAConv, name: str, *, card: Mapping[str, Any] | None = None, weights: Weights = "float32"
) -> dict[str, Any]:
    """The arrays and the architecture of one rule, for `pack_container`.

    In 8 bits every row of a weight matrix is stored as int8 with its own scale, the largest size in the row / 127:
    weight = scale * int8. Biases stay floats. A rule that steps in 8 bits (`in_8_bits`) is stored as its own bytes,
    whatever `weights` says, and steps in 8 bits in the page too.

    Args:
        rule: The rule, in float arithmetic or in 8 bits, with the library's own update network.
        name: What the page calls it.
        card: The rule's card: `rgb_scale` and `rgb_offset`, if there, say how states become colours (texture rules: 1
            and 0.5).
        weights: `"float32"` or `"int8"`.

    Raises:
        ValueError: For another type of weights, a rule in fixed point, or one with another update network.
    """
    if weights not in WEIGHTS:
        raise ValueError(f"`weights` must be one of {WEIGHTS}, got {weights!r}.")
    arithmetic = ARITHMETICS[rule.arithmetic]
    if arithmetic.rounding not in ("none", "levels"):
        raise ValueError(f"`rule` must step in float or in 8 bits to run in a page, got {rule.arithmetic!r}.")
    network = rule.update_rule
    if type(network) is not UpdateRule:
        raise ValueError(f"`rule` must have the update network `UpdateRule`, got {type(network).__name__}.")
    card = card or {}
    offset = card.get("rgb_offset", TEXTURE_OFFSET if rule.life_mask is None or rule.num_channels < 4 else None)
    packed = {
        "name": name,
        "channels": rule.num_channels,
        "hidden": rule.hidden_size,
        "filters": list(rule.perception.filters),  # shown to people; what engines walk is the bands
        "operators": list(rule.perception.operators),
        "bands": [list(band) for band in rule.perception.program()],
        "normFloor": arithmetic.norm_floor,
        "fullSlope": arithmetic.full_slope,
        "fireRate": rule.fire_rate,
        "firePer": rule.fire_per,
        "lifeMask": rule.life_mask,
        "aliveThreshold": rule.alive_threshold,
        "rgbScale": card.get("rgb_scale", TEXTURE_SCALE),
        "rgbOffset": offset,
        "parameters": sum(parameter.numel() for parameter in rule.parameters()),
    }
    if arithmetic.rounding == "levels":
        return {**packed, "layers": export_quantised(rule)["layers"]}
    return {
        **packed,
        "hiddenWeight": _matrix(network.hidden.weight, weights),
        "hiddenBias": None if network.hidden.bias is None else _floats(network.hidden.bias),
        "outputWeight": _matrix(network.output.weight, weights),
        "outputBias": None if network.output.bias is None else _floats(network.output.bias),
    }


def _matrix(matrix: Tensor, weights: Weights) -> dict[str, Any]:
    """Rows of a weight matrix, as they are or in 8 bits with a scale for each."""
    values = matrix.detach().cpu().double()
    if weights == "float32":
        return {"values": _floats(values)}
    scale = (values.abs().amax(1) / LARGEST).clamp(min=torch.finfo(torch.float32).tiny)
    return {"values": torch.round(values / scale[:, None]).numpy().astype(np.int8).ravel(), "scale": _floats(scale)}


def _floats(values: Tensor) -> np.ndarray:
    return values.detach().cpu().numpy().astype(np.float32).ravel()
