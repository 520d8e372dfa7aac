"""Errors of patterns that have walked: raw, around the seed, and where they lie.

A rule that perceives gradients grows upright, but every mesh pushes its pattern its own way, by a unit in 500 steps and
by several in 20,000. The raw error counts that as much as a lost limb; the other one moves the target by whole units to
where it fits best. Results give both, and how far it has gone.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d
from torch_geometric.data import Data

from .pixel_error import NOTHING
from .scores import bounded, raster

REACH = 12  # units that a pattern is looked for around its seed


def error_where_it_lies(
    states: Float[Tensor, "b n c"], topology: Data, target: Float[Tensor, "4 h w"], *, reach: int = REACH
) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """Mean squared error of RGBA to a target that is moved to where it fits best, and by how many units; one a run.

    Args:
        states: What has grown.
        topology: The substrate.
        target: Around the seed, one pixel a unit.
        reach: Units up, down, left and right that it is moved by at most; all of them whole.
    """
    _, height, width = target.shape
    view = raster(topology, height + 2 * reach, width + 2 * reach)
    images, wanted = view(bounded(states)[..., :4]).double(), target.double()[None]
    energy = conv2d(images.square(), torch.ones_like(wanted))[:, 0]
    errors = (energy - 2 * conv2d(images, wanted)[:, 0] + wanted.square().sum()) / wanted.numel()
    best = errors.flatten(1).argmin(1)
    row, column = best // errors.shape[2] - reach, best % errors.shape[2] - reach
    least = errors.flatten(1).gather(1, best[:, None])[:, 0].clamp_min(NOTHING)
    return least.to(target), torch.hypot(row.to(target), column.to(target))
