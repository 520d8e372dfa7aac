"""The texture rules of the PyTorch revision: their arrays, or the state dict of the notebook's module."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..arguments import checked
from ..layers import NCAConv
from ..models import texture_nca
from .decoding import PublishedFileError, fill
from .npz import arrays_of_npz, holds_arrays

ARRAYS = {"w1": 2, "b1": 1, "w2": 2}  # name -> number of axes
STATE = {"w1": "w1.weight", "b1": "w1.bias", "w2": "w2.weight"}  # what the notebook's module calls them
BANDS = 4  # of each channel: the state, d/dx, d/dy, Laplacian


@checked
def load_texture_pytorch(path: str | os.PathLike[str]) -> NCAConv:
    """Read a texture rule of the PyTorch revision.

    The file has three arrays of floats: `w1` (hidden, 4C), `b1` (hidden) and `w2` (C, hidden). It is an `.npz` with
    these names, or what `torch.save` wrote of the state dict of the notebook's module, where they are the 1x1
    convolutions `w1.weight`, `w1.bias`, `w2.weight`. The columns of `w1` are channel-major: four of each channel, its
    state, d/dx, d/dy and Laplacian. The published ones have C = 12 and 96 hidden units: 5,856 parameters.

    The rule is `texture_nca()`: raw kernels, x right and y down, no life mask, fire rate 1/2. It steps in floats, as in
    the notebook, and its colours are **rgb = state[..., :3] + 0.5**.

    A state dict is read without running anything that the file may contain. The notebooks' own files are whole pickled
    modules, which cannot be read so: load them there, and save `module.state_dict()`.

    Source: Niklasson, Mordvintsev, Randazzo, Levin, "Self-Organising Textures" (Distill 2021), notebook of 2022.

    Args:
        path: The file; its content decides.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not of this format, damaged, or its arrays do not fit each other.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"`path` must be a published model file, but there is none at {os.fspath(path)!r}.")
    arrays = arrays_of_npz(path, ARRAYS) if holds_arrays(path) else _arrays_of_state(path)
    w1, b1, w2 = (arrays[name] for name in ARRAYS)
    num_channels, hidden_size = w2.shape
    if w1.shape != (hidden_size, BANDS * num_channels) or b1.shape != (hidden_size,):
        raise PublishedFileError(
            f"{path} must hold w1 (hidden, 4 channels), b1 (hidden,), w2 (channels, hidden), got {w1.shape}, "
            f"{b1.shape}, {w2.shape}."
        )
    if num_channels < 3:
        raise PublishedFileError(f"{path} must have at least 3 channels (RGB), got {num_channels}.")
    by_channel = w1.reshape(hidden_size, num_channels, BANDS)
    return fill(
        texture_nca(num_channels, hidden_size),
        str(path),
        hidden_weight=by_channel.transpose(0, 2, 1).reshape(w1.shape),
        hidden_bias=b1,
        output_weight=w2,
    )


def _arrays_of_state(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch answers a broken file with errors of many kinds
        raise PublishedFileError(
            f"{path} must hold arrays (.npz) or a state dict, but it cannot be read as one: a whole pickled module has "
            f"to be saved again as its `state_dict()`. ({str(error).strip().splitlines()[0]})"
        ) from error
    known = sorted(map(str, content)) if isinstance(content, dict) else type(content).__name__
    if not isinstance(content, dict) or set(content) != set(STATE.values()):
        raise PublishedFileError(f"{path} must hold a state dict of {sorted(STATE.values())}, got {known}.")
    return {name: _array(content[key], ARRAYS[name], f"{path}: {key!r}") for name, key in STATE.items()}


def _array(tensor: Any, axes: int, where: str) -> np.ndarray:
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point() or tensor.layout != torch.strided:
        raise PublishedFileError(f"{where} must be a tensor of floats, got {type(tensor).__name__}.")
    if tensor.ndim < axes or any(size != 1 for size in tensor.shape[axes:]):
        raise PublishedFileError(f"{where} must have {axes} axes and then 1x1, got {tuple(tensor.shape)}.")
    return tensor.detach().double().numpy().reshape(tensor.shape[:axes])
