"""A target in another orientation, for rules whose seed says which."""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ..arguments import checked

SAMPLES = 4  # rows and columns of points a pixel is the mean of


@checked
def turn_target(
    target: Float[Tensor, "c h w"],
    angle: float,
    *,
    mirror: bool = False,
    about: tuple[float, float] | None = None,
) -> Float[Tensor, "c h w"]:
    """Return the target turned by an angle, and mirrored first if asked, as `structured_seed` turns a seed.

    A pixel is the mean of 4x4 points of the bilinear interpolation; what lies outside of the target is 0. Turning blurs
    a little (a turn by 0 is the target itself).

    Args:
        target: premultiplied RGBA and whatever else belongs to it.
        angle: radians, from x towards y: clockwise on the screen.
        mirror: whether x is negated before.
        about: the fixed point (x, y), in pixels from the top left corner of the picture; by default the middle of pixel
            (h // 2, w // 2), where a single seed lies on a square grid.
    """
    height, width = target.shape[-2:]
    if math.remainder(angle, 2 * math.pi) == 0 and not mirror:
        return target.clone()
    x0, y0 = (width // 2 + 0.5, height // 2 + 0.5) if about is None else about
    offsets = (torch.arange(SAMPLES) + 0.5) / SAMPLES
    y = (torch.arange(height)[:, None] + offsets).flatten() - y0
    x = (torch.arange(width)[:, None] + offsets).flatten() - x0
    cos, sin = math.cos(angle), math.sin(angle)
    from_x = cos * x[None, :] + sin * y[:, None]  # where each point comes from: turned back,
    from_y = cos * y[:, None] - sin * x[None, :]
    from_x = x0 + (-from_x if mirror else from_x)  # and mirrored back
    grid = torch.stack([2 * from_x / width - 1, 2 * (from_y + y0) / height - 1], dim=-1).to(target)
    fine = functional.grid_sample(target[None], grid[None], padding_mode="zeros", align_corners=False)
    return functional.avg_pool2d(fine, SAMPLES)[0]
