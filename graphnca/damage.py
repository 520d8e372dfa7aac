"""Wounds: regions of the plane in which every cell is set to zero."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch_geometric.data import Data

CENTRE_RANGE = 0.5  # of the half-width: how far from the middle the centre of a random disk lies
RADIUS_RANGE = (0.1, 0.4)  # of the half-width (all published trainings)


def random_disks(topology: Data, count: int, *, generator: torch.Generator | None = None) -> Bool[Tensor, "b n"]:
    """`count` random disks, as masks over the cells: centre uniform in +-0.5, radius uniform in 0.1-0.4 half-widths.

    The half-width is half the shorter side of the domain, so a disk is a disk on every substrate.
    """
    extent = topology["extent"].view(2)
    half = extent.min() / 2
    numbers = torch.rand(count, 3, generator=generator)
    centres = extent.cpu() / 2 + half.cpu() * CENTRE_RANGE * (2 * numbers[:, :2] - 1)
    radii = half.cpu() * (RADIUS_RANGE[0] + (RADIUS_RANGE[1] - RADIUS_RANGE[0]) * numbers[:, 2])
    return disks(topology, centres, radii)


def disks(topology: Data, centres: Float[Tensor, "b 2"], radii: Float[Tensor, " b"]) -> Bool[Tensor, "b n"]:
    """The cells whose centres lie inside each disk; centres and radii in units, round the seam of a torus."""
    pos = topology["pos"][:, :2]
    offset = pos[None] - centres.to(pos)[:, None]
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        offset = offset - extent * torch.round(offset / extent)
    return offset.square().sum(-1) < radii.to(pos)[:, None] ** 2


def wound(x: Float[Tensor, "*b n c"], mask: Bool[Tensor, "*m n"]) -> Float[Tensor, "*b n c"]:
    """The states with the masked cells, `(N,)` or one mask for each, set to zero in all channels."""
    return x.masked_fill(mask.unsqueeze(-1), 0.0)
