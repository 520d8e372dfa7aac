"""The single-seed targets, with the auxiliary channels that tell their sides apart, and the loss they are scored by."""

import torch
from jaxtyping import Float
from torch import Tensor

from graphnca.losses import RotationInvariantLoss
from graphnca.targets import axis_channel, binary_channel, load_target, radial_channel, side_channel

SIZE, PADDING = 48, 12  # pixels: a target of 48 on 72x72 cells, as published
PUBLISHED_AUXILIARY = {"lizard": "binary", "spiderweb": "", "heart": "binary,radial4"}
"""The auxiliary channels of the paper's targets; of any other target, binary."""


def auxiliary_channels(auxiliary: str) -> list[tuple[str, float]]:
    """Names and weights of the auxiliary channels in a list like `binary,axis:3`; a weight is 1 if it is not given."""
    named = [entry.partition(":") for entry in filter(None, auxiliary.split(","))]
    return [(name, float(weight or 1)) for name, _, weight in named]


def target_with_auxiliary(
    target: str, auxiliary: str, *, size: int = SIZE, padding: int = PADDING
) -> Float[Tensor, "c h w"]:
    """RGBA and the auxiliary channels, (4 + n, H, W)."""
    image = load_target(target, size=size, padding=padding)
    channels = [image]
    for name, _ in auxiliary_channels(auxiliary):
        if name == "binary":
            channels.append(binary_channel(image)[None])
        elif name == "axis":
            channels.append(axis_channel(image)[None])
        elif name == "side":
            channels.append(side_channel(image)[None])
        elif name.startswith("radial") and name[6:].isdigit():
            channels.append(radial_channel(image, int(name[6:]))[None])
        else:
            raise SystemExit(f"--auxiliary: expected binary, axis, side or radialN, separated by commas, got {name!r}.")
    return torch.cat(channels)


def published_loss(target: str, auxiliary: str | None = None) -> RotationInvariantLoss:
    """The published loss of a target; by default with the auxiliary channels that the paper gave it."""
    channels = PUBLISHED_AUXILIARY.get(target, "binary") if auxiliary is None else auxiliary
    return RotationInvariantLoss(target_with_auxiliary(target, channels), variant="published")
