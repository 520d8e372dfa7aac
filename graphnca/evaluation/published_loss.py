"""The single-seed targets with the auxiliary channels that distinguish their sides, and what rules are measured by."""

import math
from statistics import median

import torch
from jaxtyping import Float
from torch import Tensor

from ..losses import RotationInvariantLoss
from ..targets import auxiliary_channels as auxiliary_channels
from ..targets import load_target, turn_target, with_auxiliary

SIZE, PADDING = 48, 12  # pixels: a target of 48 on 72x72 cells, as published
PUBLISHED_AUXILIARY = {"lizard": "binary", "spiderweb": "", "heart": "binary,radial4"}
"""The auxiliary channels of the paper's targets; of any other target, binary."""
TURNS = 25  # no divisor of the turn that a lattice has


def target_with_auxiliary(
    target: str, auxiliary: str, *, size: int = SIZE, padding: int = PADDING, on_pixel: bool = False
) -> Float[Tensor, "c h w"]:
    """RGBA and the auxiliary channels, (4 + n, H, W); `on_pixel` as in `load_target`."""
    image = load_target(target, size=size, padding=padding, on_pixel=on_pixel)
    return with_auxiliary(image, auxiliary)


def isotropic_loss(
    target: str, auxiliary: str | None = None, *, size: int = SIZE, padding: int = PADDING
) -> RotationInvariantLoss:
    """What isotropic rules are measured by everywhere: the published loss with a closed ring around the seed.

    The paper's rings lie around the middle of 72x72 pixels, which is the corner of four of them, and its seed in the
    cell beside that: every pattern that stands on its seed lies half a pixel off in both directions, and an isotropic
    rule cannot know which. Here the raster has 73x73 pixels with the seed's cell in the middle one, and the angles
    close, so that a pattern costs the same however it lies. Results give it as a share of an empty substrate's.

    Args:
        target: Its name.
        auxiliary: Auxiliary channels that are compared too; by default those that the paper gave the target.
        size: Pixels of the target's longer side.
        padding: Empty pixels around it.
    """
    return RotationInvariantLoss(_scored(target, auxiliary, size=size, padding=padding, on_pixel=True))


def published_loss(target: str, auxiliary: str | None = None) -> RotationInvariantLoss:
    """The published convention, to compare with what others report: rings of 227 angles on 72x72 pixels."""
    return RotationInvariantLoss(_scored(target, auxiliary, on_pixel=False), variant="published")


def perfect_loss(target: str, auxiliary: str | None = None, *, published: bool = False) -> float:
    """The loss of a perfect pattern: the target around its seed, in the median of `TURNS` orientations.

    Args:
        target: Its name.
        auxiliary: As of the losses.
        published: By the published convention.
    """
    loss = published_loss(target, auxiliary) if published else isotropic_loss(target, auxiliary)
    height, width = loss.target.shape[-2:]
    image = _scored(target, auxiliary, on_pixel=True)
    turned = [turn_target(image, 2 * math.pi * number / TURNS)[:, :height, :width] for number in range(TURNS)]
    return median(loss(torch.stack(turned)).tolist())


def _scored(target: str, auxiliary: str | None, *, on_pixel: bool, **shape: int) -> Float[Tensor, "c h w"]:
    channels = PUBLISHED_AUXILIARY.get(target, "binary") if auxiliary is None else auxiliary
    return target_with_auxiliary(target, channels, on_pixel=on_pixel, **shape)
