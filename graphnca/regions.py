"""What may change where: cells that grow, cells that only think, cells that are stone.

Regions are one integer per cell, `(N,)` or `(..., N)`. They serve grafts and growth by chambers (Studying Growth).
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

GROWING = 0  # everything may change
MATURE = 1  # only the hidden channels may change; the visible four are kept
FROZEN = 2  # nothing may change

VISIBLE = 4  # premultiplied RGBA


def protect(
    x: Float[Tensor, "*b n c"], next_x: Float[Tensor, "*b n c"], regions: Int[Tensor, "*g"]
) -> Float[Tensor, "*b n c"]:
    """`next_x` with the channels that the regions protect taken from `x`, also where the life mask has zeroed them."""
    visible = torch.arange(x.shape[-1], device=x.device) < VISIBLE
    kept = (regions == FROZEN).unsqueeze(-1) | ((regions == MATURE).unsqueeze(-1) & visible)
    return torch.where(kept, x, next_x)
