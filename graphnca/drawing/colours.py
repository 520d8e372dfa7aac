"""What colour a state has: premultiplied RGBA over a background, plain RGB, or one channel on a diverging map."""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import ImageColor
from torch import Tensor

NOT_FINITE = (255, 0, 255)  # magenta, in no pattern: a cell whose state is NaN or infinite

# Blue, white, red-brown for values -1 .. 1; blue against orange also holds for the colour-blind.
DIVERGING = np.array(
    [
        (23, 58, 102),
        (54, 114, 170),
        (139, 184, 216),
        (247, 246, 243),
        (240, 178, 124),
        (205, 102, 56),
        (120, 36, 28),
    ],
    dtype=np.float64,
)


def state_colours(
    states: Float[Tensor, "*n c"],
    *,
    channel: int | None = None,
    offset: float | None = None,
    limit: float | None = None,
    background: tuple[int, int, int] = (255, 255, 255),
) -> Float[np.ndarray, "*n 3"]:
    """The colours of states, channels last, as float32 in [0, 255]; states that are not finite are magenta.

    By default the first four channels are premultiplied RGBA and lie over the background:
    colour = rgb + (1 - alpha) * background with alpha clipped to [0, 1], and the result clipped.

    Args:
        states: States of cells, or pixels of an image turned channels last.
        channel: Show this one channel on the diverging map instead; negative numbers count from the end.
        offset: Show the first three channels plus this number as RGB, without alpha. Texture rules are published with
            0.5; it is also what three channels without an offset are taken with as 0.
        limit: The size of a channel's value that has the full colour; by default the largest there is.
        background: Colour (red, green, blue) behind transparent cells.

    Raises:
        ValueError: A channel that does not exist, `channel` together with `offset`, a `limit` that is not positive, or
            states of fewer than three channels without `channel`.
    """
    values = states.detach().to("cpu", torch.float32).numpy()
    channels = values.shape[-1]
    if channel is not None:
        if offset is not None:
            raise ValueError(f"`channel` and `offset` exclude each other, got {channel} and {offset}.")
        if not -channels <= channel < channels:
            raise ValueError(f"`channel` must be one of the {channels} channels of the states, got {channel}.")
        shown = values[..., channel]
        colours, finite = diverging_colours(shown, limit), np.isfinite(shown)
    elif channels >= 4 and offset is None:
        shown = values[..., :4]
        finite = np.isfinite(shown).all(-1)
        alpha = np.clip(shown[..., 3:], 0.0, 1.0)
        colours = 255.0 * shown[..., :3] + (1.0 - alpha) * np.asarray(background, dtype=np.float32)
    elif channels >= 3:
        shown = values[..., :3]
        finite = np.isfinite(shown).all(-1)
        colours = 255.0 * (shown + (offset or 0.0))
    else:
        raise ValueError(
            f"`states` must have at least 3 channels (RGB, or premultiplied RGBA), got {channels}; "
            "`channel` shows a single one."
        )
    return np.where(np.expand_dims(finite, -1), np.clip(colours, 0.0, 255.0), NOT_FINITE).astype(np.float32)


def diverging_colours(values: np.ndarray, limit: float | None = None) -> np.ndarray:
    """Colours (..., 3) in [0, 255] of values in [-limit, limit]: blue below zero, near white at zero, red above.

    Args:
        values: Any shape; values beyond the limit have the last colour.
        limit: By default the largest finite size among the values, or 1 if they are all 0.

    Raises:
        ValueError: A limit that is not positive and finite.
    """
    finite = np.where(np.isfinite(values), values, 0.0)
    if limit is None:
        limit = float(np.abs(finite).max(initial=0.0)) or 1.0
    if not (math.isfinite(limit) and limit > 0):
        raise ValueError(f"`limit` must be a positive number, got {limit!r}.")
    place = (np.clip(finite / limit, -1.0, 1.0) + 1.0) / 2.0 * (len(DIVERGING) - 1)
    lower = np.minimum(place.astype(np.int64), len(DIVERGING) - 2)
    share = (place - lower)[..., None]
    return (1.0 - share) * DIVERGING[lower] + share * DIVERGING[lower + 1]


def parse_colour(name: str, colour: Any) -> tuple[int, int, int, int]:
    """A colour as (red, green, blue, alpha) in 0..255, from such a tuple, one of three numbers, or a name or #rrggbb.

    Raises:
        ValueError: No colour; `name` is the argument it was given as.
    """
    try:
        values = ImageColor.getrgb(colour) if isinstance(colour, str) else tuple(int(value) for value in colour)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}` must be a colour name, '#rrggbb' or (r, g, b), got {colour!r}.") from error
    if len(values) not in (3, 4) or not all(0 <= value <= 255 for value in values):
        raise ValueError(f"`{name}` must be a colour name, '#rrggbb' or (r, g, b) in 0..255, got {colour!r}.")
    return values[0], values[1], values[2], values[3] if len(values) == 4 else 255
