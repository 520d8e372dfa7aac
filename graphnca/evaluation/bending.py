"""Two fields of frames about the seed, under which a pattern grows bent or twisted, and how a bent one is unbent."""

import math

import torch
from torch import Tensor
from torch_geometric.data import Data

from ..rasterizers.locate import CellLocator
from .scores import bounded, seeded_position

DISTANCE = 30.0  # units from the seed down to the point that a bent pattern lies around
TWIST = 30.0  # units from the seed for each quarter turn of a twisted pattern


def from_seed(topology: Data) -> Tensor:
    """Where each cell `(N, 2)` lies from the seed, in units; on a torus the shortest way."""
    offset = topology["pos"][:, :2] - torch.tensor(seeded_position(topology))
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        offset = offset - extent * torch.round(offset / extent)
    return offset


def bent(topology: Data) -> Tensor:
    """By how many radians a bent pattern lies turned at every cell `(N,)`, from x towards y."""
    x, y = from_seed(topology).unbind(-1)
    return torch.atan2(x, DISTANCE - y)


def twisted(topology: Data) -> Tensor:
    """By how many radians a twisted pattern lies turned at every cell `(N,)`."""
    return from_seed(topology).norm(dim=-1) / TWIST * (math.pi / 2)


def unbent(states: Tensor, topology: Data, height: int, width: int) -> Tensor:
    """Images `(runs, 4, H, W)` in which circles around the point are rows again.

    The pixel at (u, v) from the seed shows the point at the angle u / DISTANCE on the circle of radius DISTANCE - v, so
    lengths are kept on the seed's own circle. 2x2 samples a pixel; nothing where that radius is negative.
    """
    fine = torch.tensor([-0.25, 0.25], dtype=torch.float64)
    v = (torch.arange(height)[:, None] - height // 2 + fine).flatten()
    u = (torch.arange(width)[:, None] - width // 2 + fine).flatten()
    v, u = torch.meshgrid(v, u, indexing="ij")
    radius, angle = DISTANCE - v, u / DISTANCE
    offset = torch.stack([radius * angle.sin(), DISTANCE - radius * angle.cos()], -1)
    places = (offset + torch.tensor(seeded_position(topology), dtype=torch.float64)).reshape(-1, 2).numpy()
    cells = torch.from_numpy(CellLocator(topology).nearest(places)[1][:, 0])
    images = bounded(states)[..., :4][:, cells].movedim(-1, 1).unflatten(-1, (2 * height, 2 * width))
    images = images * (radius > 0)
    return torch.nn.functional.avg_pool2d(images, 2)
