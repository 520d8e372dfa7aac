"""The published Growing NCA models: the uint8 JSON files of the article's WebGL demo."""

import os
from typing import Any

import numpy as np

from ..arguments import checked
from ..layers import NCAConv
from ..models import growing_nca
from .decoding import PublishedFileError, decode_array, entry, fill, number, read_json


@checked
def load_growing_demo(path: str | os.PathLike[str]) -> NCAConv:
    """Read a model file of the Growing NCA demo.

    The file is a list of two layers `{"data_b64", "in_ch", "out_ch", "weight_scale", "bias_scale", "type"}`. `data_b64`
    is a uint8 array (in_ch + 1, out_ch) whose last row is the bias; a byte stands for (byte / 255 - 0.5) * scale, with
    one scale for the weights and one for the biases, so an error of at most scale / 510 was made when it was written.
    The first layer's rows are band-major: all channels of the state, then of d/dx, then of d/dy. (The notebook's
    TensorFlow weights are channel-major; the demo's files are not.)

    The rule is `growing_nca()`: Sobel pair / 8 with x right and y down, life mask before and after the step, fire rate
    1/2. The demo keeps its activations in bytes; here they are floats.

    Source: Mordvintsev, Randazzo, Niklasson, Levin, "Growing Neural Cellular Automata" (Distill 2020).

    Args:
        path: The JSON file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not of this format, damaged, or its layers do not fit each other.
    """
    layers = read_json(path)
    if not isinstance(layers, list) or len(layers) != 2:
        raise PublishedFileError(f"{path} must hold a list of two layers, got {_summary(layers)}.")
    (hidden_weight, hidden_bias), (output_weight, output_bias) = (
        _dequantise(layer, f"{path}: layer {number}") for number, layer in enumerate(layers)
    )
    hidden_size, num_channels = output_weight.shape
    if hidden_weight.shape != (3 * num_channels, hidden_size):
        raise PublishedFileError(
            f"{path} must lead from 3 channels to hidden to channels, got {hidden_weight.shape} and "
            f"{output_weight.shape} (in_ch, out_ch)."
        )
    if num_channels < 4:
        raise PublishedFileError(f"{path} must have at least 4 channels (RGBA), got {num_channels}.")
    return fill(
        growing_nca(num_channels, hidden_size),
        str(path),
        hidden_weight=hidden_weight.transpose(),
        hidden_bias=hidden_bias,
        output_weight=output_weight.transpose(),
        output_bias=output_bias,
    )


def _dequantise(layer: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    if (kind := entry(layer, "type", str, where)) != "uint8":
        raise PublishedFileError(f"{where}: 'type' must be 'uint8', got {kind!r}.")
    shape = (entry(layer, "in_ch", int, where) + 1, entry(layer, "out_ch", int, where))
    if min(shape[0] - 1, shape[1]) < 1:
        raise PublishedFileError(f"{where}: 'in_ch' and 'out_ch' must be positive, got {shape[0] - 1} and {shape[1]}.")
    data = decode_array(entry(layer, "data_b64", str, where), "u1", shape, where)
    values = data.astype(np.float64) / 255.0 - 0.5
    weight_scale, bias_scale = (number(layer, key, where) for key in ("weight_scale", "bias_scale"))
    return values[:-1] * weight_scale, values[-1] * bias_scale


def _summary(content: object) -> str:
    return f"a {type(content).__name__}" + (f" of {len(content)}" if isinstance(content, list | dict) else "")
