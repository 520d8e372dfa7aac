"""The three published rules as everybody writes them on a pixel grid, with `conv2d`: what the graph is compared with.

Images are (B, C, H, W) in the memory format channels_last, and what autograd lets happen in place happens in place: no
other way to write this program was measured to be faster on a processor.
"""

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from ..layers import NCAConv

SOBEL_X = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
LAPLACIAN = torch.tensor([[1.0, 2.0, 1.0], [2.0, -12.0, 2.0], [1.0, 2.0, 1.0]])
KERNELS = {"gradient": (SOBEL_X, SOBEL_X.T), "laplacian": (LAPLACIAN,)}
OVERFLOW_BOUND = 2.0  # IsoNCA

Padding = Literal["circular", "zero"]
MeasuredStep = Callable[["DenseNCA", Tensor], tuple[Tensor, Tensor, Tensor]]


def as_images(states: Float[Tensor, "b n c"], height: int, width: int) -> Float[Tensor, "b c h w"]:
    """States of a square grid as images, in the memory format channels_last: no number moves."""
    return states.view(len(states), height, width, -1).permute(0, 3, 1, 2)


class DenseNCA(nn.Module):
    """One step on images: a depthwise convolution, two 1x1 convolutions, firing and life masks on every cell.

    Args:
        rule: The rule whose parameters are copied: its perception must be the identity followed by gradients or a
            Laplacian, its cells must fire as a whole.
        padding: `"circular"` (IsoNCA, textures) or `"zero"` (Growing NCA), which needs no copy of the state and so is
            faster.
    """

    kernel: Tensor

    def __init__(self, rule: NCAConv, padding: Padding = "circular") -> None:
        super().__init__()
        filters = rule.perception.filters
        if filters[0] != "identity" or not set(filters[1:]) <= KERNELS.keys() or rule.fire_per != "cell":
            raise ValueError(f"`rule` must perceive its state and {sorted(KERNELS)}, firing by the cell, got {rule}.")
        self.channels, self.padding = rule.num_channels, padding
        self.life_mask, self.threshold, self.rate = rule.life_mask, rule.alive_threshold, rule.fire_rate
        bands = torch.stack([rule.perception.gains[name] * kernel for name in filters[1:] for kernel in KERNELS[name]])
        # conv2d gives all bands of a channel, then those of the next; the rule has all channels of a band together
        weight = rule.update_rule.hidden.weight.detach()
        self.register_buffer("kernel", bands.repeat(self.channels, 1, 1).unsqueeze(1).to(weight))
        own, others = weight[:, : self.channels], weight[:, self.channels :]
        others = others.view(len(weight), len(bands), self.channels).transpose(1, 2).flatten(1)
        self.hidden_weight = nn.Parameter(torch.cat([own, others], dim=1)[:, :, None, None].contiguous())
        self.hidden_bias = _copy(rule.update_rule.hidden.bias)
        self.output_weight = nn.Parameter(rule.update_rule.output.weight.detach()[:, :, None, None].clone())
        self.output_bias = _copy(rule.update_rule.output.bias)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """The next state."""
        if self.padding == "circular":
            around, margin = functional.pad(x, (1, 1, 1, 1), "circular"), 0
        else:
            around, margin = x, 1
        sums = functional.conv2d(around, self.kernel, padding=margin, groups=self.channels)
        hidden = functional.conv2d(torch.cat([x, sums], 1), self.hidden_weight, self.hidden_bias).relu_()
        change = functional.conv2d(hidden, self.output_weight, self.output_bias)
        if self.rate < 1:
            change = change.mul_(torch.rand_like(x[:, :1]) < self.rate)
        following = change.add_(x) if change.dtype == x.dtype else x + change  # autocast: the state stays float32
        if self.life_mask is None:
            return following
        alive = self._alive(around, margin) if self.life_mask.startswith("pre") else None
        if self.life_mask.endswith("post"):
            after = following.detach()
            after = functional.pad(after, (1, 1, 1, 1), "circular") if margin == 0 else after
            also = self._alive(after, margin)
            alive = also if alive is None else alive & also
        return following if alive is None else following.mul_(alive)

    def _alive(self, around: Tensor, margin: int) -> Tensor:
        return functional.max_pool2d(around.detach()[:, 3:4], 3, stride=1, padding=margin) > self.threshold


def _copy(bias: Tensor | None) -> nn.Parameter | None:
    return None if bias is None else nn.Parameter(bias.detach().clone())


def measured_step(rule: DenseNCA, x: Float[Tensor, "b c h w"]) -> tuple[Tensor, Tensor, Tensor]:
    """The next state, and the overflow and the mean change of this step, one per sample: what one may compile."""
    following = rule(x)
    overflow = (following - following.clamp(-OVERFLOW_BOUND, OVERFLOW_BOUND)).square().sum((1, 2, 3))
    return following, overflow, (following - x).abs().mean((1, 2, 3))


def dense_trajectory(
    rule: DenseNCA, x: Float[Tensor, "b c h w"], num_steps: int, step: MeasuredStep = measured_step
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The states after the first step and the last, and the sums of overflow and of mean change, one per sample."""
    first, overflow, change = x, x.new_zeros(len(x)), x.new_zeros(len(x))
    for number in range(num_steps):
        x, more_overflow, more_change = step(rule, x)
        overflow, change = overflow + more_overflow, change + more_change
        if number == 0:
            first = x
    return first, x, overflow, change


def dense_rollout(
    rule: DenseNCA,
    x: Float[Tensor, "b c h w"],
    num_steps: int,
    step: Callable[[DenseNCA, Tensor], Tensor] | None = None,
) -> Float[Tensor, "b c h w"]:
    """The state after the last step, and nothing measured on the way."""
    advance = step or DenseNCA.__call__
    for _ in range(num_steps):
        x = advance(rule, x)
    return x
