"""What may change where: cells that grow, cells that keep what is visible, frozen cells.

Regions are one integer per cell, `(N,)` or `(..., N)`. They serve grafts and growth by chambers (Studying Growth).
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

GROWING = 0  # everything may change
MATURE = 1  # only the hidden channels may change; the visible four are kept
FROZEN = 2  # nothing may change

VISIBLE = 4  # premultiplied RGBA


def kept_channels(regions: Int[Tensor, "*g"], num_channels: int) -> Int[Tensor, "*g"]:
    """How many channels of each cell are kept, the first ones: none, the visible four, or all."""
    kept = torch.where(regions == MATURE, min(VISIBLE, num_channels), 0)
    return torch.where(regions == FROZEN, num_channels, kept)


def protect(
    x: Float[Tensor, "*b n c"], next_x: Float[Tensor, "*b n c"], regions: Int[Tensor, "*g"]
) -> Float[Tensor, "*b n c"]:
    """`next_x` with the channels that the regions protect taken from `x`, also where the life mask has zeroed them.

    Raises:
        ValueError: If the regions are of other cells.
    """
    if regions.shape[-1:] != x.shape[-2:-1] or regions.dim() >= x.dim():
        raise ValueError(
            f"`regions` must be one number for each of the {x.shape[-2]} cells, got shape {tuple(regions.shape)}."
        )
    channel = torch.arange(x.shape[-1], device=x.device)
    return torch.where(channel < kept_channels(regions, x.shape[-1]).unsqueeze(-1), x, next_x)
