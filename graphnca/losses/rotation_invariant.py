"""Distance to a target in the best of all orientations (IsoNCA)."""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..arguments import checked
from ..rasterizers.polar import Polar
from ..rasterizers.sampling import Sampling
from .circular_correlation import CircularCorrelation
from .compared_images import Rasterizer, check_target, compared_images
from .rings import Rings

Variant = Literal["closed", "published"]
MIN_SIDE = 4  # pixels; a smaller target has no ring to speak of


class Match(NamedTuple):
    """How the target lies in each sample.

    Attributes:
        loss: the loss in the best orientation, one value per sample.
        angle: by how much to turn the target, in radians in (-pi, pi]. Positive is from x towards y, and y points down:
            clockwise on the screen. `torch.rot90(target, 1, (-2, -1))` has angle -pi/2.
        mirrored: whether the target must be flipped upside down (y -> -y) before it is turned.
    """

    loss: Float[Tensor, "*b"]
    angle: Float[Tensor, "*b"]
    mirrored: Bool[Tensor, "*b"]


class RotationInvariantLoss(nn.Module):
    """Squared distance to the target, minimal over all rotations and, if `mirror`, both chiralities.

    With X and T the sharpened polar images of sample and target, of C channels, R rings and A angles,

        loss = min over k of  s / (C R) * sum over c, r, a of  w_c (X[c, r, a] - T[c, r, a - k])^2

    and the same with T[c, r, k - a], the mirrored target. The correlation of X and T finds the best of the 2 A
    orientations; the distance to that one is then computed directly, so the gradient flows through it alone. The rings
    are weighted equally: pixels in the middle count more, as published.

    Variants (W = width of the target, 72 in the paper; both have W//2 rings from 0.5/W to 1 half-widths):

    - `"closed"` (default): A is a multiple of 4 and its step divides 2 pi (A = 228 for W = 72), so a target turned by
      90 degrees or flipped costs 0; s = pi W / A, which makes the sum over a an integral over the ring in units of the
      published step.
    - `"published"`: the angles k / (W/2), k = 0 .. floor(pi W) (227 for W = 72, s = 1). 2 pi is 226.19 steps: the ring
      does not close, and an exactly turned copy of the target costs up to 0.6 (the empty grid: 38).

    Mordvintsev, Randazzo, Fouts: Growing Isotropic Neural Cellular Automata, 2022, and its notebook. Deviation: none
    for `"published"`; the notebook evaluates the best entry as |X|^2 + |T|^2 - 2 <X, T>, which is the same number.

    Args:
        target: (C, H, W): premultiplied RGBA, then auxiliary channels. Images are compared in their first C channels.
        variant: see above.
        mirror: also try the mirrored target.
        sharpen: sharpen images and target before comparing them.
        channel_weights: w_c, one per channel of the target; 1 by default. The sum is divided by C, not by their sum.
        rasterizer: maps states (..., N, C) to images (..., C, H, W). With it, the loss takes states. Where it is one of
            `graphnca.rasterizers`, drawing is part of the first of these products and no image is made.

    Raises:
        ValueError: a target of another shape or too small, an unknown variant, not one weight per channel.
    """

    target: Tensor
    weights: Tensor
    energy: Tensor
    turned: Tensor

    @checked
    def __init__(
        self,
        target: Float[Tensor, "c h w"],
        *,
        variant: Variant = "closed",
        mirror: bool = True,
        sharpen: bool = True,
        channel_weights: Sequence[float] | None = None,
        rasterizer: Rasterizer | None = None,
    ) -> None:
        super().__init__()
        check_target(target)
        num_channels, height, width = target.shape
        if min(height, width) < MIN_SIDE:
            raise ValueError(f"`target` must be at least {MIN_SIDE} pixels wide and high, got {height}x{width}.")
        weights = [1.0] * num_channels if channel_weights is None else [float(weight) for weight in channel_weights]
        if len(weights) != num_channels or not all(0 <= weight < math.inf for weight in weights):
            raise ValueError(
                f"`channel_weights` must be {num_channels} finite values of 0 or more, one per channel of `target`, "
                f"got {channel_weights}."
            )
        self.variant, self.mirror, self.rasterizer = variant, mirror, rasterizer
        side = max(height, width)
        radii = torch.linspace(0.5 / side, 1, side // 2, dtype=torch.float64)
        if variant == "closed":
            self.num_angles = 4 * math.ceil(math.pi * side / 4)
            self.step = 2 * math.pi / self.num_angles
        else:
            self.num_angles = math.floor(math.pi * side) + 1
            self.step = 2 / side
        self.polar = Polar(height, width, radii, torch.arange(self.num_angles, dtype=torch.float64) * self.step)
        self.image_rings = Rings(self.polar, sharpen=sharpen)
        sampling = getattr(rasterizer, "sampling", None)
        drawn = isinstance(sampling, Sampling) and (sampling.height, sampling.width) == (height, width)
        self.drawing = sampling if drawn else None
        self.state_rings = Rings(self.polar, sharpen=sharpen, drawing=sampling) if drawn else None

        with torch.no_grad():
            rings = self.image_rings(_pixels(target.detach().cpu().double())).squeeze(2)  # (A, R, C)
        mirrored = rings.flip(0).roll(1, 0)  # T[-a], by the same shift rule as T
        scale = self.step * side / 2 / (num_channels * len(radii))
        weight = torch.tensor(weights, dtype=torch.float64) * scale  # s w_c / (C R)
        self.correlation = CircularCorrelation((rings * weight).to(target))
        # each ring twice over: A angles, begun at A - k, are the ring turned by k steps
        turned = torch.stack([rings, mirrored]).repeat(1, 2, 1, 1).flatten(0, 2)
        self.register_buffer("target", target.clone(), persistent=False)
        self.register_buffer("weights", weight.to(target), persistent=False)
        self.register_buffer("energy", (rings.square() * weight).sum().to(target), persistent=False)
        self.register_buffer("turned", turned.to(target), persistent=False)

    def forward(self, images: Float[Tensor, "..."]) -> Float[Tensor, "*b"]:
        """Return one loss per sample of images (..., C, H, W), or of states (..., N, C) where there is a rasterizer."""
        rings, batch = self._prepare(images)
        return self._distance(rings, self._best(rings)).reshape(batch)

    def match(self, images: Float[Tensor, "..."]) -> Match:
        """Return the loss together with the target's orientation in every sample."""
        rings, batch = self._prepare(images)
        best = self._best(rings)
        turn = (best % self.num_angles).to(rings.dtype) * self.step
        angle = torch.where(turn > math.pi, turn - 2 * math.pi, turn)
        mirrored = best >= self.num_angles
        return Match(self._distance(rings, best).reshape(batch), angle.reshape(batch), mirrored.reshape(batch))

    def landscape(self, images: Float[Tensor, "..."]) -> Float[Tensor, "*b 2 a"]:
        """Return the loss of the target turned by k steps of `self.step` radians: [0] as it is, [1] mirrored."""
        rings, batch = self._prepare(images)
        energies = _WeightedSquares.apply(rings.flatten(0, 1), self.weights) + self.energy
        return (energies[:, None, None] - 2 * self.correlation(rings)).reshape(*batch, 2, self.num_angles)

    def _prepare(self, x: Tensor) -> tuple[Float[Tensor, "a r b c"], torch.Size]:
        """The rings of images or states, and the leading axes of these; what the target lacks is left out."""
        channels = len(self.target)
        if self.drawing is not None and self.state_rings is not None and x.ndim > 0 and x.shape[-1] >= channels:
            self.drawing.check(x)
            return self.state_rings(x[..., :channels].to(self.target.dtype)), x.shape[:-2]
        images = compared_images(x, self.target, self.rasterizer)
        return self.image_rings(_pixels(images)), images.shape[:-3]

    @torch.no_grad()
    def _best(self, rings: Float[Tensor, "a r b c"]) -> Int[Tensor, " b"]:
        """The shift k of the best orientation, plus A where that is mirrored."""
        correlation = self.correlation(rings)
        return (correlation if self.mirror else correlation[:, :1]).flatten(1).argmax(1)

    def _distance(self, rings: Float[Tensor, "a r b c"], best: Int[Tensor, " b"]) -> Float[Tensor, " b"]:
        num_rings = rings.shape[1]
        begin = num_rings * (self.num_angles * (2 * (best // self.num_angles) + 1) - best % self.num_angles)
        rows = begin + torch.arange(self.num_angles * num_rings, device=begin.device)[:, None]
        wanted = self.turned.index_select(0, rows.flatten()).view_as(rings)
        return _WeightedSquares.apply((rings - wanted).flatten(0, 1), self.weights)


def _pixels(images: Float[Tensor, "*b c h w"]) -> Float[Tensor, "*b n c"]:
    return images.flatten(-2).transpose(-1, -2)


class _WeightedSquares(torch.autograd.Function):
    """sum over k, c of w_c x[k, b, c]^2. The gradient takes one pass over x, where autograd's would take three."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weights: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.save_for_backward(x, weights)
        return x.square().sum(0) @ weights

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x, weights = ctx.saved_tensors
        return x * (2 * grad[:, None] * weights), None
