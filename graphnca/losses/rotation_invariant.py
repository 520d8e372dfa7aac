"""Distance to a target in the best of all orientations (IsoNCA)."""

import math
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, get_args

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..rasterizers.polar import Polar
from .sharpening import Sharpen

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

    and the same with T[c, r, k - a], the mirrored target. All A shifts of both chiralities come from one FFT correlation;
    then the distance to the chosen one is computed directly, so the gradient flows through it alone and needs no FFT.
    The rings are weighted equally: pixels in the middle count more, as published.

    Variants (W = width of the target, 72 in the paper; both have W//2 rings from 0.5/W to 1 half-widths):

    - `"closed"` (default): A is a multiple of 4 and its step divides 2 pi (A = 228 for W = 72), so a target turned by
      90 degrees or flipped costs 0; s = pi W / A, which makes the sum over a an integral over the ring in units of the
      published step.
    - `"published"`: the angles k / (W/2), k = 0 .. floor(pi W) (227 for W = 72, s = 1). The ring ends 0.19 steps short of
      closing and an exactly turned copy of the target costs up to 0.6 (the empty grid: 38).

    Mordvintsev, Randazzo, Fouts: Growing Isotropic Neural Cellular Automata, 2022, and its notebook. Deviation: none for
    `"published"`; the notebook evaluates the chosen entry as |X|^2 + |T|^2 - 2 <X, T>, which is the same number.

    Args:
        target: (C, H, W): premultiplied RGBA, then auxiliary channels. Images are compared in their first C channels.
        variant: see above.
        mirror: also try the mirrored target.
        sharpen: sharpen images and target before comparing them.
        channel_weights: w_c, one per channel of the target; 1 by default. The sum is divided by C, not by the sum of w_c.
        rasterizer: maps states (..., N, C) to images (..., C, H, W). With it, the loss takes states.

    Raises:
        ValueError: a target of another shape or too small, an unknown variant, not one weight per channel.
    """

    def __init__(
        self,
        target: Float[Tensor, "c h w"],
        *,
        variant: Variant = "closed",
        mirror: bool = True,
        sharpen: bool = True,
        channel_weights: Sequence[float] | None = None,
        rasterizer: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        if target.ndim != 3 or not target.is_floating_point():
            raise ValueError(f"`target` must be a float tensor (c, h, w), got {target.dtype} {tuple(target.shape)}.")
        self.num_channels, height, width = target.shape
        if min(height, width) < MIN_SIDE:
            raise ValueError(f"`target` must be at least {MIN_SIDE} pixels wide and high, got {height}x{width}.")
        if variant not in get_args(Variant):
            raise ValueError(f"`variant` must be one of {get_args(Variant)}, got {variant!r}.")
        weights = [1.0] * self.num_channels if channel_weights is None else [float(w) for w in channel_weights]
        if len(weights) != self.num_channels or min(weights) < 0:
            raise ValueError(
                f"`channel_weights` must be {self.num_channels} values of 0 or more, one per channel of `target`,"
                f" got {channel_weights}."
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
        angles = torch.arange(self.num_angles, dtype=torch.float64) * self.step
        scale = self.step * side / 2 / (self.num_channels * len(radii))

        self.sharpen = Sharpen(height, width, dtype=target.dtype) if sharpen else nn.Identity()
        self.polar = Polar(height, width, radii, angles, dtype=target.dtype)
        # sqrt(s w_c / (C R)) goes into both polar images, so that a plain sum of squares is the loss
        gains = (torch.tensor(weights, dtype=torch.float64) * scale).sqrt()
        self.register_buffer("gains", gains.to(target.dtype)[:, None, None], persistent=False)
        self.to(target.device)
        with torch.no_grad():
            polar_target = self._polar(target)
        self.register_buffer("polar_target", polar_target, persistent=False)
        self.register_buffer("target_spectrum", torch.fft.rfft(polar_target), persistent=False)

    def forward(self, images: Float[Tensor, "*b _ _ _"] | Float[Tensor, "*b _ _"]) -> Float[Tensor, "*b"]:
        """Return one loss per sample of images (..., C, H, W), or of states (..., N, C) where there is a rasterizer."""
        polar, batch = self._prepare(images)
        return self._distance(polar, self._best(polar.detach())).reshape(batch)

    def match(self, images: Float[Tensor, "*b _ _ _"] | Float[Tensor, "*b _ _"]) -> Match:
        """Return the loss together with the target's orientation in every sample."""
        polar, batch = self._prepare(images)
        best = self._best(polar.detach())
        turn = (best % self.num_angles).to(polar.dtype) * self.step
        angle = torch.where(turn > math.pi, turn - 2 * math.pi, turn)
        return Match(
            self._distance(polar, best).reshape(batch),
            angle.reshape(batch),
            (best >= self.num_angles).reshape(batch),
        )

    def landscape(self, images: Float[Tensor, "*b _ _ _"] | Float[Tensor, "*b _ _"]) -> Float[Tensor, "*b 2 a"]:
        """Return the loss of the target turned by k steps of `self.step` radians: [0] as it is, [1] mirrored."""
        polar, batch = self._prepare(images)
        return self._landscape(polar).reshape(*batch, 2, self.num_angles)

    def _prepare(self, images: Tensor) -> tuple[Tensor, torch.Size]:
        if self.rasterizer is not None:
            images = self.rasterizer(images[..., : self.num_channels])
        expected = f"(..., {self.num_channels} or more, {self.polar.height}, {self.polar.width})"
        shape = tuple(images.shape)
        if images.ndim < 3 or shape[-3] < self.num_channels or shape[-2:] != (self.polar.height, self.polar.width):
            raise ValueError(f"`images` must be {expected} as the target is, got shape {shape}.")
        images = images[..., : self.num_channels, :, :]
        return self._polar(images.reshape(-1, *images.shape[-3:])), images.shape[:-3]

    def _polar(self, images: Float[Tensor, "*b c h w"]) -> Float[Tensor, "*b c r a"]:
        return self.polar(self.gains * self.sharpen(images))

    def _landscape(self, polar: Float[Tensor, "b c r a"]) -> Float[Tensor, "b 2 a"]:
        spectrum = torch.fft.rfft(polar)
        direct = torch.einsum("bcrf,crf->bf", spectrum, self.target_spectrum.conj())
        mirrored = torch.einsum("bcrf,crf->bf", spectrum, self.target_spectrum)
        products = torch.fft.irfft(torch.stack([direct, mirrored], dim=1), n=self.num_angles)
        energies = polar.square().sum((1, 2, 3)) + self.polar_target.square().sum()
        return energies[:, None, None] - 2 * products

    @torch.no_grad()
    def _best(self, polar: Float[Tensor, "b c r a"]) -> Int[Tensor, " b"]:
        landscape = self._landscape(polar)
        return (landscape if self.mirror else landscape[:, :1]).flatten(1).argmin(1)

    def _distance(self, polar: Float[Tensor, "b c r a"], best: Int[Tensor, " b"]) -> Float[Tensor, " b"]:
        positions = torch.arange(self.num_angles, device=best.device)
        sign = torch.where(best < self.num_angles, 1, -1)[:, None]
        source = (sign * (positions - (best % self.num_angles)[:, None])) % self.num_angles
        matched = self.polar_target[..., source].movedim(2, 0)
        return (polar - matched).square().sum((1, 2, 3))
