"""The picture that a rule was trained to show, small, for the page's list of rules and beside the pattern."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from ..targets import load_target, target_names
from ..templates import load_template, template_names

SIDE = 96  # pixels
FULL = 255  # of a colour, in bytes


def picture_of(card: Mapping[str, Any]) -> np.ndarray | None:
    """The bytes of a PNG with the shipped target or template that a card names; None if it names no shipped one.

    Of several targets it is the first. Where a target is empty the picture is transparent.
    """
    template = card.get("template")
    if template in template_names():
        return _png(load_template(template, SIDE).numpy())
    target = card.get("target") or next(iter(card.get("targets") or []), None)
    if target not in target_names():
        return None
    rgba = load_target(target, size=SIDE, padding=0).numpy()
    alpha = np.maximum(rgba[3:], 1 / FULL)
    return _png(np.concatenate([rgba[:3] / alpha, rgba[3:]]))


def _png(image: np.ndarray) -> np.ndarray:
    """An image (C, H, W) in [0, 1] as the bytes of a PNG."""
    pixels = np.rint(image.clip(0, 1) * FULL).astype(np.uint8).transpose(1, 2, 0)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", optimize=True)
    return np.frombuffer(file.getvalue(), np.uint8)
