"""The published texture models: the atlases of the Self-Organising Textures demo."""

import io
import os
import warnings
from typing import Any

import numpy as np
from PIL import Image

from ..arguments import checked
from ..layers import NCAConv
from ..models import texture_nca
from .decoding import PublishedFileError, decode_base64, entry, fill, number, read_json, sizes

ZERO_BYTE = 127  # the byte that stands for 0
OUTPUTS_PER_PIXEL = 4  # RGBA
DEMO_GAINS = {"gradient": 1.0 / 8.0, "laplacian": 1.0 / 8.0}  # the TensorFlow model divides all its kernels by 8


@checked
def load_texture_demo(path: str | os.PathLike[str], model: str | int = 0, *, quantised: bool = True) -> NCAConv:
    """Read one model out of an atlas of the texture demo.

    The file is `{"model_names": [...], "layers": [two layers]}`. A layer has `data`, a PNG (base64, as a data URL or
    bare) in which the models' matrices lie as tiles; `shape` = [rows, outputs]; `layout` = [tiles across, tiles down];
    and `scale`, shared by all its models. Model i is the tile in column i % across, row i // across, `rows` pixels high
    and ceil(outputs / 4) wide; an RGBA pixel holds four outputs, the last row is the bias, and a byte stands for
    (byte - 127) / 255 * scale, so an error of at most scale / 510 was made when it was written. The first layer's rows
    are band-major: all channels of the state, then of d/dx, d/dy and the Laplacian.

    The rule has both biases and every kernel divided by 8 (the TensorFlow model; `texture_nca()` is the PyTorch
    revision, with raw kernels and no output bias), x right and y down, no life mask. Its colours are
    **rgb = state[..., :3] / 2 + 0.5**. It was trained in 8 bits, with states and activations clamped to +-2, and steps
    so (`graphnca.layers.arithmetic.eight_bit`), on the file's own bytes, as in the demo. The clamps are a part of it:
    in floats nearly all of the published models explode. The demo also fires exactly half of the cells in every step;
    here each fires with probability 1/2.

    Source: Niklasson, Mordvintsev, Randazzo, Levin, "Self-Organising Textures" (Distill 2021).

    Args:
        path: The JSON file.
        model: A name out of `texture_demo_names(path)`, or the index of one.
        quantised: False for a rule that steps in floats, which is no longer the published one: a warning says so.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not of this format or damaged, or it has no such model.
    """
    atlas = read_json(path)
    index = _index_of(model, _names(atlas, path))
    layers = entry(atlas, "layers", list, str(path))
    if len(layers) != 2:
        raise PublishedFileError(f"{path} must hold two layers, got {len(layers)}.")
    hidden, output = (_tile(layer, index, f"{path}: layer {number}") for number, layer in enumerate(layers))
    num_channels, hidden_size = output.shape[1], output.shape[0] - 1
    if hidden.shape != (4 * num_channels + 1, hidden_size):
        raise PublishedFileError(
            f"{path} must lead from 4 channels (and a bias row) to hidden to channels, got the shapes {hidden.shape} "
            f"and {output.shape}."
        )
    if num_channels < 3:
        raise PublishedFileError(f"{path} must have at least 3 channels (RGB), got {num_channels}.")
    first, second = (number(layer, "scale", str(path)) / 255.0 for layer in layers)
    if not (first > 0 and second > 0):
        raise PublishedFileError(f"{path} must have positive scales, got {255 * first:g} and {255 * second:g}.")
    steps: dict[str, Any] = {"arithmetic": "quantised", "weight_steps": (first, second)} if quantised else {}
    if not quantised:
        warnings.warn(
            f"{path} holds rules that were trained in 8 bits, within +-2; in floats most of them explode.", stacklevel=2
        )
    return fill(
        texture_nca(num_channels, hidden_size, gains=DEMO_GAINS, output_bias=True, **steps),
        str(path),
        hidden_weight=hidden[:-1].transpose(),
        hidden_bias=hidden[-1],
        output_weight=output[:-1].transpose(),
        output_bias=output[-1],
    )


@checked
def texture_demo_names(path: str | os.PathLike[str]) -> list[str]:
    """Return the names of the models in an atlas, in its order.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not of this format.
    """
    return _names(read_json(path), path)


def _names(atlas: Any, path: str | os.PathLike[str]) -> list[str]:
    names = entry(atlas, "model_names", list, str(path))
    if not names or not all(isinstance(name, str) for name in names):
        raise PublishedFileError(f"{path}: 'model_names' must be a list of names, got {names!r}.")
    return names


def _index_of(model: str | int, names: list[str]) -> int:
    if isinstance(model, str):
        if model not in names:
            raise ValueError(f"`model` must be one of {names}, got {model!r}.")
        return names.index(model)
    if not 0 <= model < len(names):
        raise ValueError(f"`model` must be a name or an index from 0 to {len(names) - 1}, got {model!r}.")
    return model


def _tile(layer: Any, index: int, where: str) -> np.ndarray:
    rows, outputs = sizes(layer, "shape", 2, where)
    across, down = sizes(layer, "layout", 2, where)
    scale = number(layer, "scale", where)
    width = -(-outputs // OUTPUTS_PER_PIXEL)
    data = decode_base64(entry(layer, "data", str, where), where)
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:  # reads the head alone
            mode, size = image.mode, image.size
            fits = mode == "RGBA" and size == (across * width, down * rows)
            pixels = np.asarray(image) if fits else np.zeros(0)
    except Exception as error:  # Pillow answers a broken file with errors of many kinds
        raise PublishedFileError(f"{where}: 'data' must be a whole PNG, but it cannot be read: {error}.") from error
    if not fits:
        raise PublishedFileError(
            f"{where}: the PNG must be {across * width} x {down * rows} RGBA pixels for {across} x {down} tiles of "
            f"{width} x {rows}, got {size[0]} x {size[1]} of {mode}."
        )
    if index >= across * down:
        raise PublishedFileError(
            f"{where}: the layout must have a tile for model {index}, got {across} x {down} tiles."
        )
    top, left = index // across * rows, index % across * width
    tile = pixels[top : top + rows, left : left + width].reshape(rows, width * OUTPUTS_PER_PIXEL)[:, :outputs]
    return (tile.astype(np.float64) - ZERO_BYTE) / 255.0 * scale
