"""What the published formats share: JSON around base64, and two layers that become a rule."""

import base64
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from ..layers import NCAConv


class PublishedFileError(ValueError):
    """A model file that is not what its format promises: names the file, what was expected and what came."""


def read_json(path: str | os.PathLike[str]) -> Any:
    """Return the content of the JSON file at `path`.

    Raises:
        FileNotFoundError: If there is no such file.
        PublishedFileError: If it is no JSON text.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"`path` must be a published model file, but there is none at {os.fspath(path)!r}.")
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # broken JSON, broken UTF-8, or lists in lists without an end
        raise PublishedFileError(f"{path} must be a JSON file, but it cannot be read: {error}.") from error


def entry(mapping: Any, key: str, kind: type | tuple[type, ...], where: str) -> Any:
    """Return `mapping[key]`, which must be there and be a `kind`; `where` names the mapping in the error."""
    if not isinstance(mapping, Mapping) or key not in mapping:
        known = sorted(mapping) if isinstance(mapping, Mapping) else type(mapping).__name__
        raise PublishedFileError(f"{where} must have an entry {key!r}, got {known}.")
    value = mapping[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise PublishedFileError(f"{where}: {key!r} must be {kind}, got {type(value).__name__}.")
    return value


def number(mapping: Any, key: str, where: str) -> float:
    """Return `mapping[key]`, which must be a finite number."""
    value = entry(mapping, key, (int, float), where)
    try:
        finite = math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        finite = False
    if not finite:
        raise PublishedFileError(f"{where}: {key!r} must be a finite number, got {str(value)[:40]}.")
    return float(value)


def sizes(mapping: Any, key: str, length: int, where: str) -> tuple[int, ...]:
    """Return `mapping[key]`, which must be a list of `length` positive whole numbers."""
    values = entry(mapping, key, list, where)
    if len(values) != length or not all(type(value) is int and value > 0 for value in values):
        raise PublishedFileError(f"{where}: {key!r} must be {length} positive whole numbers, got {values}.")
    return tuple(values)


def decode_base64(text: str, where: str) -> bytes:
    """Return the bytes behind base64 text, with or without the head of a data URL."""
    body = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:  # binascii's, or for letters beyond ASCII
        raise PublishedFileError(f"{where} must be base64, but it cannot be decoded: {error}.") from error


def decode_array(text: str, dtype: str, shape: tuple[int, ...], where: str) -> np.ndarray:
    """Return the array of `shape` behind base64 text, row by row, least significant byte first."""
    data = decode_base64(text, where)
    expected = math.prod(shape) * np.dtype(dtype).itemsize
    if len(data) != expected:
        raise PublishedFileError(f"{where} must hold {expected} bytes for the shape {shape}, got {len(data)}.")
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def fill(
    rule: NCAConv,
    where: str,
    *,
    hidden_weight: Float[np.ndarray, "k p"],
    hidden_bias: Float[np.ndarray, " k"],
    output_weight: Float[np.ndarray, "c k"],
    output_bias: Float[np.ndarray, " c"] | None = None,
) -> NCAConv:
    """Return `rule` with these weights, columns of `hidden_weight` band by band (all channels of one filter together).

    Raises:
        PublishedFileError: If a weight is not finite, or too large for float32.
    """
    layers = {
        "hidden.weight": hidden_weight,
        "hidden.bias": hidden_bias,
        "output.weight": output_weight,
        "output.bias": output_bias,
    }
    tensors = {}
    for name, values in layers.items():
        if values is None:
            continue
        with np.errstate(over="ignore"):
            rounded = np.array(values, dtype=np.float32, order="C")
        if not np.isfinite(rounded).all():
            raise PublishedFileError(f"{where}: {name!r} must be finite in float32, got NaN, infinity or more.")
        tensors[name] = torch.from_numpy(rounded)
    rule.update_rule.load_state_dict(tensors)
    return rule.eval()  # as a rule from a file of ours
