r"""A step in 8 bits: weights, states and everything between are whole multiples of a few steps.

The scheme is that of Self-Organising Textures (Niklasson et al. 2021), whose rules are trained so that a browser can
run them on bytes. A byte b stands for the number (b - 127) s of a grid with the step s; below, all numbers are counted
in such steps, the *levels*:

- states, perceived values and changes: s = 4 / 255 (`STATE_STEP`), -127..128, so -1.992..2.008;
- hidden values: s = 2 / 255 (`HIDDEN_STEP`), 0..255, so 0..2;
- weights and bias of a layer: s = 2 max|w| / 255 over both (`weight_steps` of the rule fixes it), -127..128.

A step is

    p  = clip(round(perceive(x)))                                  x, p: levels of 4 / 255
    h  = clip(round(2 s_1 relu(sum_k W_1 p + (255 / 4) b_1)))      h: levels of 2 / 255
    dx = clip(round((s_2 / 2) (sum_k W_2 h + (255 / 2) b_2)))
    x' = clip(x + dx)

with W and b in levels and ties rounded to even. The sums over k are of whole and half numbers: float32 holds them
exactly as long as they stay below 2^22 (48 perceived values: at most 8 10^5), in whatever order a machine adds. What
rounds are one product each, s_1 and s_2, and the perception; on a square grid with raw kernels the perception is whole
too, and a step has the same bits everywhere.

Rounding has the derivative 0 almost everywhere. For training, gradients pass straight through it (Bengio et al. 2013),
and where a value is clipped they are 0, as those of `clamp`. Two deviations, both at the ends of the range alone: a
state or a change that comes to lie exactly on an end counts as clipped; a weight's gradient always passes.
"""

from typing import Any, cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import linear

from ..update import UpdateRule
from .base import Arithmetic, ScaledNetwork

ZERO_BYTE = 127  # the byte that stands for 0, as in the published models
LEAST, MOST = -127, 128  # levels of states, perceived values, changes and weights
MOST_HIDDEN = 255  # levels of hidden values, from 0 on
STATE_LEVELS, HIDDEN_LEVELS = 255.0 / 4.0, 255.0 / 2.0  # levels in 1; products of whole numbers with them are exact
STATE_STEP = 4.0 / 255.0  # the published range of 4, in 255 steps
HIDDEN_STEP = 2.0 / 255.0
DTYPES = (torch.float32, torch.float64)  # that hold the sums without rounding


class _Nearest(torch.autograd.Function):
    """The nearest whole number in a range; gradients pass where it was not clipped, with `open` nor lies on an end."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, least: int, most: int, open_ends: bool) -> Tensor:
        whole = values.round()
        ctx.save_for_backward((whole > least) & (whole < most) if open_ends else (whole >= least) & (whole <= most))
        return whole.clamp(least, most)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (passes,) = ctx.saved_tensors
        return torch.where(passes, gradients[0], 0.0), None, None, None


class _Levels(torch.autograd.Function):
    """Weights in whole steps; gradients pass everywhere."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, step: Tensor) -> Tensor:
        ctx.save_for_backward(step)
        return (weights / step).round().clamp(LEAST, MOST)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] / ctx.saved_tensors[0], None


def nearest(
    values: Float[Tensor, "*shape"], least: int = LEAST, most: int = MOST, *, open_ends: bool = False
) -> Float[Tensor, "*shape"]:
    """The nearest whole numbers (ties to even) from `least` to `most`; gradients pass straight through in between.

    With `open_ends` a number that comes to lie on an end has no gradient, as if it had been clipped.
    """
    return cast(Tensor, _Nearest.apply(values, least, most, open_ends))


def weight_step(layer: nn.Linear) -> Float[Tensor, ""]:
    """The step of a layer's weights and bias, 2 max|w| / 255 over both; 1 where all are zero."""
    parameters = [parameter.detach() for parameter in (layer.weight, layer.bias) if parameter is not None]
    largest = torch.stack([parameter.abs().max() for parameter in parameters]).max()
    return torch.where(largest > 0, 2.0 * largest / 255.0, torch.ones_like(largest))


def layer_levels(layer: nn.Linear, step: Tensor) -> tuple[Tensor, Tensor | None]:
    """Weight and bias of a layer as whole multiples of a step, -127..128."""
    bias = None if layer.bias is None else cast(Tensor, _Levels.apply(layer.bias, step))
    return cast(Tensor, _Levels.apply(layer.weight, step)), bias


class EightBit(Arithmetic):
    """A step in whole levels of 4 / 255."""

    name = "quantised"
    rounding = "levels"
    levels = STATE_LEVELS

    def enter(self, x: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b n c"]:
        """States in levels: whole numbers from -127 to 128.

        Raises:
            ValueError: If their type cannot hold the step's sums.
        """
        if x.dtype not in DTYPES:
            raise ValueError(f"`x` must be float32 or float64 for a step in 8 bits, got {x.dtype}.")
        return nearest(x * STATE_LEVELS)

    def perceived(self, values: Float[Tensor, "*b n p"]) -> Float[Tensor, "*b n p"]:
        """Whole levels."""
        return nearest(values)

    def change(
        self, network: nn.Module, perceived: Float[Tensor, "*b n p"], among: Bool[Tensor, "*b n"] | None
    ) -> Float[Tensor, "*b n c"]:
        """Whole levels, of all cells.

        Raises:
            ValueError: If the network is no `UpdateRule`.
        """
        if type(network) is not UpdateRule:
            raise ValueError(f"`update_rule` must be an `UpdateRule` for a step in 8 bits, got {type(network)}.")
        net = self.network(network)
        hidden = nearest(net.hidden_scale * torch.relu(linear(perceived, net.w1, net.b1)), 0, MOST_HIDDEN)
        return nearest(net.output_scale * linear(hidden, net.w2, net.b2), open_ends=True)

    def add(
        self, state: Float[Tensor, "*b n c"], change: Float[Tensor, "*b n c"], fired: Bool[Tensor, "*b n #c"]
    ) -> Float[Tensor, "*b n c"]:
        """Clipped."""
        return torch.where(fired, nearest(state + change, open_ends=True), state)

    def leave(self, state: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Levels as the numbers that they stand for."""
        return state * STATE_STEP

    def network(self, network: UpdateRule) -> ScaledNetwork:
        """Parameters in levels, whose sums are exact; they pass gradients on to the network's own.

        Change = `output_scale` (w2 h + b2) and hidden values h = `hidden_scale` relu(w1 p + b1), each rounded, clipped.
        """
        steps = network.weight_steps
        if steps is None:
            first, second = weight_step(network.hidden), weight_step(network.output)
        else:
            first, second = (network.hidden.weight.new_tensor(step) for step in steps)
        (w1, b1), (w2, b2) = layer_levels(network.hidden, first), layer_levels(network.output, second)
        return ScaledNetwork(
            w1,
            None if b1 is None else b1 * STATE_LEVELS,  # quarters of whole numbers
            w2,
            None if b2 is None else b2 * HIDDEN_LEVELS,
            first * (HIDDEN_LEVELS / STATE_LEVELS),
            second * (STATE_LEVELS / HIDDEN_LEVELS),
        )
