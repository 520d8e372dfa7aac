r"""A step in 8 bits: weights, states and everything between are whole multiples of a few steps.

The scheme is that of Self-Organising Textures (Niklasson et al. 2021), whose rules are trained so that a browser can
run them on bytes. A byte b stands for the number (b - 127) s of a grid with the step s; below, a *unit* is one step,
and all numbers are in units:

- states, perceived values and changes: s = 4 / 255 (`STATE_STEP`), -127..128, so -1.992..2.008;
- hidden values: s = 2 / 255 (`HIDDEN_STEP`), 0..255, so 0..2;
- weights and bias of a layer: s = 2 max|w| / 255 over both (`weight_steps` of the rule fixes it), -127..128.

A step is

    p  = clip(round(perceive(x)))                                  x, p: units of 4 / 255
    h  = clip(round(2 s_1 relu(sum_k W_1 p + (255 / 4) b_1)))      h: units of 2 / 255
    dx = clip(round((s_2 / 2) (sum_k W_2 h + (255 / 2) b_2)))
    x' = clip(x + dx)

with W and b in units and ties rounded to even. The sums over k are of whole and half numbers: float32 holds them
exactly as long as they stay below 2^22 (48 perceived values: at most 8 10^5), in whatever order a machine adds. What
rounds are one product each, s_1 and s_2, and the perception; on a square grid with raw kernels the perception is whole
too, and a step has the same bits everywhere.

Rounding has the derivative 0 almost everywhere. For training, gradients pass straight through it (Bengio et al. 2013),
and where a value is clipped they are 0, as those of `clamp`. Two deviations, both at the ends of the range alone: a
state or a change that comes to lie exactly on an end counts as clipped; a weight's gradient always passes.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear

from .perception import FILTERS
from .update import UpdateRule

if TYPE_CHECKING:
    from .nca_conv import NCAConv

ZERO_BYTE = 127  # the byte that stands for 0, as in the published models
LEAST, MOST = -127, 128  # units of states, perceived values, changes and weights
MOST_HIDDEN = 255  # units of hidden values, from 0 on
STATE_UNITS, HIDDEN_UNITS = 255.0 / 4.0, 255.0 / 2.0  # units in 1; products of whole numbers with them are exact
STATE_STEP = 4.0 / 255.0  # the published range of 4, in 255 steps
HIDDEN_STEP = 2.0 / 255.0
GAIN = 1.0 / 4.0  # of raw kernels; see `in_8_bits`, docs/quantised.md compares it with 1, 1/2 and 1/8
SCALED = ("gradient", "laplacian")  # filters that are as much smaller as their gain
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


class _Units(torch.autograd.Function):
    """Weights in units of a step; gradients pass everywhere."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, step: Tensor) -> Tensor:
        ctx.save_for_backward(step)
        return (weights / step).round().clamp(LEAST, MOST)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] / ctx.saved_tensors[0], None


class NetworkInUnits(NamedTuple):
    """An update network whose sums are exact.

    Change in units = `output_scale` (w2 h + b2), hidden in units h = `hidden_scale` relu(w1 p + b1), each rounded and
    clipped.
    """

    w1: Tensor
    b1: Tensor | None
    w2: Tensor
    b2: Tensor | None
    hidden_scale: Tensor
    output_scale: Tensor


def nearest(
    values: Float[Tensor, "*shape"], least: int = LEAST, most: int = MOST, *, open_ends: bool = False
) -> Float[Tensor, "*shape"]:
    """The nearest whole numbers (ties to even) from `least` to `most`; gradients pass straight through in between.

    With `open_ends` a number that comes to lie on an end has no gradient, as if it had been clipped.
    """
    return cast(Tensor, _Nearest.apply(values, least, most, open_ends))


def state_units(x: Float[Tensor, "*b n c"], *, open_ends: bool = False) -> Float[Tensor, "*b n c"]:
    """States in units of 4 / 255: whole numbers from -127 to 128.

    Raises:
        ValueError: If their type cannot hold the step's sums.
    """
    if x.dtype not in DTYPES:
        raise ValueError(f"`x` must be float32 or float64 for a step in 8 bits, got {x.dtype}.")
    return nearest(x * STATE_UNITS, open_ends=open_ends)


def on_state_grid(x: Float[Tensor, "*b n c"], *, open_ends: bool = False) -> Float[Tensor, "*b n c"]:
    """States rounded to whole multiples of 4 / 255 and clipped to -1.992..2.008; those that are already stay the same.

    Raises:
        ValueError: If their type cannot hold the step's sums.
    """
    return state_units(x, open_ends=open_ends) * STATE_STEP


def weight_step(layer: nn.Linear) -> Float[Tensor, ""]:
    """The step of a layer's weights and bias, 2 max|w| / 255 over both; 1 where all are zero."""
    parameters = [parameter.detach() for parameter in (layer.weight, layer.bias) if parameter is not None]
    largest = torch.stack([parameter.abs().max() for parameter in parameters]).max()
    return torch.where(largest > 0, 2.0 * largest / 255.0, torch.ones_like(largest))


def layer_units(layer: nn.Linear, step: Tensor) -> tuple[Tensor, Tensor | None]:
    """Weight and bias of a layer as whole multiples of a step, -127..128."""
    bias = None if layer.bias is None else cast(Tensor, _Units.apply(layer.bias, step))
    return cast(Tensor, _Units.apply(layer.weight, step)), bias


def network_in_units(network: nn.Module, steps: tuple[float, float] | None = None) -> NetworkInUnits:
    """An update network as the 8-bit step has it; its tensors pass gradients on to the parameters.

    Args:
        network: An `UpdateRule`.
        steps: Of the weights of its two layers; None: of each by its largest weight.

    Raises:
        ValueError: If it is no `UpdateRule`.
    """
    if not isinstance(network, UpdateRule) or type(network) is not UpdateRule:
        raise ValueError(f"`update_rule` must be an `UpdateRule` for a step in 8 bits, got {type(network)}.")
    layers = (network.hidden, network.output)
    if steps is None:
        first, second = (weight_step(layer) for layer in layers)
    else:
        first, second = (layer.weight.new_tensor(step) for layer, step in zip(layers, steps, strict=True))
    (w1, b1), (w2, b2) = layer_units(network.hidden, first), layer_units(network.output, second)
    return NetworkInUnits(
        w1,
        None if b1 is None else b1 * STATE_UNITS,  # quarters of whole numbers
        w2,
        None if b2 is None else b2 * HIDDEN_UNITS,
        first * (HIDDEN_UNITS / STATE_UNITS),
        second * (STATE_UNITS / HIDDEN_UNITS),
    )


def change_in_8_bits(
    network: nn.Module, perceived: Float[Tensor, "*b n p"], steps: tuple[float, float] | None = None
) -> Float[Tensor, "*b n c"]:
    """What an update network makes of perceived vectors on the grid of states, itself on that grid."""
    net = network_in_units(network, steps)
    hidden = torch.relu(linear(nearest(perceived * STATE_UNITS), net.w1, net.b1))
    hidden = nearest(net.hidden_scale * hidden, 0, MOST_HIDDEN)
    change = net.output_scale * linear(hidden, net.w2, net.b2)
    return nearest(change, open_ends=True) * STATE_STEP


def in_8_bits(rule: NCAConv, *, gain: float = GAIN) -> NCAConv:
    """A copy of a rule, with parameters of its own, that steps in 8 bits: `arithmetic="quantised"`.

    Its parameters are no whole numbers: they are rounded in every step, so that it can be trained on.

    Raw kernels see up to 8 and more where states differ by 2, and perceived values end at 2. So gradient and Laplacian
    are perceived with at most `gain` of the raw kernels, and their weights are so much larger: in float, the copy would
    be the same rule. The published textures have 1/8; a smaller gain clips less and rounds more.

    Args:
        rule: In any arithmetic.
        gain: Of gradient and Laplacian; those that are smaller stay. 1: all stay.

    Raises:
        ValueError: If `gain` is not positive.
    """
    if not 0 < gain < float("inf"):
        raise ValueError(f"`gain` must be positive, got {gain!r}.")
    twin = copy.deepcopy(rule)
    twin.arithmetic = "quantised"
    first = 0
    for name in twin.perception.filters:
        columns = slice(first, first + FILTERS[name] * rule.num_channels)
        first = columns.stop
        if name in SCALED and (before := twin.perception.gains[name]) > gain:
            twin.perception.gains[name] = gain
            with torch.no_grad():
                twin.update_rule.hidden.weight[:, columns] *= before / gain
    return twin
