"""Auxiliary target channels: fixed patterns on the target that tell its sides apart (IsoNCA).

A rotation-invariant loss on the colours alone lets the lizard grow two heads. An extra state channel that must match a
pattern painted on the target (dark above, bright below; rings) breaks that symmetry.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ..arguments import checked

AMPLITUDE = 0.5  # both channels lie in [-0.5, 0.5]
SOFT_STEP = 0.2  # the ring pattern's sign changes linearly where |sin| or |cos| is below this (IsoNCA notebook)


@checked
def auxiliary_channels(auxiliary: str) -> list[tuple[str, float]]:
    """Names and weights of the auxiliary channels in a list like `binary,axis:3`; a weight is 1 if it is not given.

    Raises:
        ValueError: If a weight is no number.
    """
    named = [entry.partition(":") for entry in filter(None, auxiliary.split(","))]
    return [(name, float(weight or 1)) for name, _, weight in named]


@checked
def with_auxiliary(target: Float[Tensor, "4 h w"], auxiliary: str) -> Float[Tensor, "c h w"]:
    """The target (premultiplied RGBA) and its auxiliary channels, (4 + n, H, W).

    Args:
        target: As `load_target` gives it.
        auxiliary: Names out of binary, axis, side and radialN, separated by commas, with or without weights.

    Raises:
        ValueError: If there is no channel of that name.
    """
    channels = [target]
    for name, _ in auxiliary_channels(auxiliary):
        if name in NAMED:
            channels.append(NAMED[name](target)[None])
        elif name.startswith("radial") and name[6:].isdigit():
            channels.append(radial_channel(target, int(name[6:]))[None])
        else:
            raise ValueError(f"`auxiliary` must be binary, axis, side or radialN, separated by commas, got {name!r}.")
    return torch.cat(channels)


@checked
def binary_channel(target: Float[Tensor, "c h w"]) -> Float[Tensor, "h w"]:
    """Return the channel that is negative in the target's upper half and positive in its lower half.

    The value is -0.5 alpha^2 above the middle and +0.5 alpha^2 below it (alpha enters twice in the IsoNCA notebook, so
    that the half-covered border pixels count less); the middle row of an odd height is 0.
    """
    alpha = _alpha(target)
    rows = torch.linspace(-1, 1, alpha.shape[0], dtype=alpha.dtype, device=alpha.device)
    return AMPLITUDE * torch.sign(rows)[:, None] * alpha**2


@checked
def axis_channel(target: Float[Tensor, "c h w"]) -> Float[Tensor, "h w"]:
    """Return the channel that tells the two ends of the target's long axis apart.

    As `binary_channel`, but split through the centroid of alpha, across the principal axis of its second moments. A
    lizard's body lies aslant: split by rows, the pattern that is its own mirror image and fits best has two tails;
    split across the body, it has one head and one tail. Ours; not in the IsoNCA notebook.
    """
    return _split(target, direction=1)


@checked
def side_channel(target: Float[Tensor, "c h w"]) -> Float[Tensor, "h w"]:
    """Return the channel that tells the two sides of the target's long axis apart.

    As `axis_channel`, but split along that axis. No pattern that is its own mirror image in the body fits it, so a
    lizard has to choose a chirality before its tail can curl. Ours; not in the IsoNCA notebook.
    """
    return _split(target, direction=0)


@checked
def radial_channel(target: Float[Tensor, "c h w"], mode: int) -> Float[Tensor, "h w"]:
    """Return alternating rings around the middle of the target.

    The value is 0.5 s(f(mode * pi * r)) alpha with f = sin for an even and cos for an odd `mode`, r the distance from
    the middle (1 at the edge of the padded target, along its longer side) and s the sign, softened to a linear slope
    where |f| < 0.2. IsoNCA's heart uses mode 4.

    Raises:
        ValueError: `mode` is below 1.
    """
    if mode < 1:
        raise ValueError(f"`mode` must be 1 or more, got {mode}.")
    alpha = _alpha(target)
    height, width = alpha.shape
    longer = max(height, width)
    options = {"dtype": alpha.dtype, "device": alpha.device}
    y = torch.linspace(-1, 1, height, **options) * ((height - 1) / max(longer - 1, 1))
    x = torch.linspace(-1, 1, width, **options) * ((width - 1) / max(longer - 1, 1))
    phase = torch.hypot(y[:, None], x[None, :]) * (mode * math.pi)
    wave = torch.sin(phase) if mode % 2 == 0 else torch.cos(phase)
    return AMPLITUDE * (wave / SOFT_STEP).clamp(-1, 1) * alpha


NAMED = {"binary": binary_channel, "axis": axis_channel, "side": side_channel}


def _split(target: Tensor, direction: int) -> Tensor:
    """-0.5 alpha^2 on one side of the centroid and +0.5 on the other, along the long (1) or the short (0) axis."""
    alpha = _alpha(target)
    options = {"dtype": alpha.dtype, "device": alpha.device}
    y = torch.arange(alpha.shape[0], **options)[:, None].expand_as(alpha)
    x = torch.arange(alpha.shape[1], **options)[None, :].expand_as(alpha)
    offsets = torch.stack([x, y]).flatten(1)
    mass = alpha.flatten()
    offsets = offsets - (offsets * mass).sum(1, keepdim=True) / mass.sum()
    axis = torch.linalg.eigh((offsets * mass) @ offsets.T).eigenvectors[:, direction]
    axis = axis * torch.where(axis[1] < 0, -1.0, 1.0)  # positive is the lower end
    return AMPLITUDE * torch.sign(axis @ offsets).view_as(alpha) * alpha**2


def _alpha(target: Tensor) -> Tensor:
    if target.ndim != 3 or target.shape[0] < 4:
        raise ValueError(f"`target` must be (c, h, w) with alpha in channel 3, got shape {tuple(target.shape)}.")
    return target[3]
