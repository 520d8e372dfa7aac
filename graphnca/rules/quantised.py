"""A rule in 8 bits as bytes and two steps, for whoever runs it without this library."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..arguments import checked
from ..layers import NCAConv
from ..layers.arithmetic.eight_bit import HIDDEN_STEP, STATE_STEP, ZERO_BYTE, layer_levels, weight_step

QUANTISED_FORMAT = 1
LAYERS = ("hidden", "output")


@checked
def export_quantised(rule: NCAConv) -> dict[str, Any]:
    """The bytes of a rule that steps in 8 bits.

        {"format": 1,
         "architecture": {...},
         "zero": 127,
         "state_step": 4 / 255,
         "hidden_step": 2 / 255,
         "layers": [{"name": "hidden", "step": s_1, "weight": bytes, "bias": bytes or None},
                    {"name": "output", "step": s_2, "weight": bytes, "bias": bytes or None}]}

    A byte b of a layer stands for the weight (b - 127) * step, as in the published models. `weight` is a NumPy array of
    uint8, `(out, in)`, row by row; columns of the first are band-major (all channels of the first filter, then of the
    next); `bias` is `(out,)`. `architecture` holds every argument of `NCAConv`, `weight_steps` = [s_1, s_2] among them.
    Steps are float32 numbers. `graphnca.layers.arithmetic.eight_bit` says what a step computes of them.
    `import_quantised` reads it back, to the last bit; the page's container (`graphnca.playground.pack_container`) takes
    it as it is.

    Args:
        rule: With `arithmetic="quantised"`; `in_8_bits` makes one of a float rule.

    Raises:
        ValueError: If it steps otherwise, or a parameter is not finite.
    """
    if rule.arithmetic != "quantised":
        raise ValueError(f"`rule` must step in 8 bits (`in_8_bits`), got arithmetic {rule.arithmetic!r}.")
    layers, steps = [], []
    for number, name in enumerate(LAYERS):
        layer: nn.Linear = getattr(rule.update_rule, name)
        for parameter in layer.parameters():
            if not parameter.isfinite().all():
                raise ValueError(f"`rule` must have finite parameters, got NaN or infinity in {name!r}.")
        step = weight_step(layer) if rule.weight_steps is None else layer.weight.new_tensor(rule.weight_steps[number])
        weight, bias = layer_levels(layer, step)
        layers.append(
            {
                "name": name,
                "step": float(step),
                "weight": _bytes(weight),
                "bias": None if bias is None else _bytes(bias),
            }
        )
        steps.append(float(step))
    return {
        "format": QUANTISED_FORMAT,
        "architecture": {**rule.config, "weight_steps": steps},
        "zero": ZERO_BYTE,
        "state_step": STATE_STEP,
        "hidden_step": HIDDEN_STEP,
        "layers": layers,
    }


@checked
def import_quantised(content: Mapping[str, Any]) -> NCAConv:
    """The rule of `export_quantised`: it makes the same steps, to the last bit, and exports the same bytes.

    Raises:
        ValueError: If something is missing, of another format, or of another size than the architecture says.
    """
    missing = {"format", "architecture", "zero", "layers"} - content.keys()
    if missing or content["format"] != QUANTISED_FORMAT or content["zero"] != ZERO_BYTE:
        raise ValueError(
            f"`content` must be of format {QUANTISED_FORMAT} with zero {ZERO_BYTE}, got format "
            f"{content.get('format')!r}, zero {content.get('zero')!r}, without {sorted(missing)}."
        )
    rule = NCAConv(**content["architecture"])
    if rule.arithmetic != "quantised" or rule.weight_steps is None or len(content["layers"]) != len(LAYERS):
        raise ValueError("`content` must describe two layers of a quantised architecture with its `weight_steps`.")
    with torch.no_grad():
        for name, stored, step in zip(LAYERS, content["layers"], rule.weight_steps, strict=True):
            layer: nn.Linear = getattr(rule.update_rule, name)
            for kind in ("weight", "bias"):
                parameter, values = getattr(layer, kind), stored[kind]
                if (parameter is None) != (values is None) or (values is not None and values.size != parameter.numel()):
                    raise ValueError(
                        f"`content` must hold {0 if parameter is None else parameter.numel()} bytes as {kind} of "
                        f"{name!r}, got {0 if values is None else values.size}."
                    )
                if parameter is not None:
                    units = torch.from_numpy(np.array(values, dtype=np.float32)) - ZERO_BYTE
                    parameter.copy_(units.view_as(parameter) * parameter.new_tensor(step))
    return rule


def _bytes(units: Tensor) -> np.ndarray:
    return (units.detach().cpu() + ZERO_BYTE).to(torch.uint8).numpy()
