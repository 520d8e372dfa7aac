"""Upright patterns on surfaces in space, unrolled, against what the same rule shows on squares."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from ..layers import NCAConv
from ..rasterizers import NearestCell, TangentPatch
from .pixel_error import REFERENCE_SEED
from .runs import grow
from .scores import bounded, raster

UNROLLED_SIDE = 57  # pixels and units: an odd number, so that the seed's cell is in the middle one, as on a patch


def patch(topology: Data, cell: int | None = None, side: int = UNROLLED_SIDE) -> NearestCell | TangentPatch:
    """One pixel a unit, 2x2 samples a pixel, around a seed.

    Args:
        topology: A surface in space, or a substrate of the plane, where the seed lies in the middle.
        cell: The seed on a surface.
        side: Of the image, in pixels.
    """
    if "frame" not in topology:
        return raster(topology, side, side)
    return TangentPatch(topology, side, at=cell, interpolation="nearest", samples=2)


@torch.no_grad()
def pattern_on_squares(rule: NCAConv, square: Data, step: int, *, seed: int = REFERENCE_SEED) -> Float[Tensor, "4 h w"]:
    """RGBA of one run on the square torus around its seed."""
    return patch(square)(bounded(grow(rule, square, 1, (step,), seed)[step][0, :, :4]))


@torch.no_grad()
def unrolled_errors(
    states: Float[Tensor, "b n c"], view: NearestCell | TangentPatch, pattern: Float[Tensor, "4 h w"]
) -> Float[Tensor, " b"]:
    """Mean squared error of RGBA to a pattern, one a run."""
    return (view(bounded(states)[..., :4]) - pattern).square().mean((-3, -2, -1))


def one_to_one(topology: Data, cell: int, side: int = UNROLLED_SIDE) -> bool:
    """Whether the disk of half the side around a cell unrolls without a part that is missing or shown twice."""
    return TangentPatch(topology, side, at=cell).one_to_one
