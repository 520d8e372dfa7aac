r"""A step whose sums have no rounding, so that no order of summation can change them.

Floating-point addition is not associative: the sum over a cell's neighbours, and the sums of the update network, depend
in their last bits on the order in which a machine adds. Two cells that are images of each other under a symmetry of
the substrate list their neighbours in different orders, drift apart by a last bit, and a synchronous rule amplifies the
difference until the pattern has lost its symmetry (Mordvintsev et al. 2022, figure 8, who replaced their Laplacian by a
fixed-point one).

Here every factor is rounded to a multiple of q = 2^-16 (`QUANTUM`) before it enters a sum, and sums are formed in
float64. A product of two such factors is a multiple of 2^-32. If the absolute values of all terms of a sum add up to at
most 2^21, then every partial sum, in any order and any grouping, is an integer of at most 2^53 times 2^-32: a float64
holds it exactly, and so the result is the exact one, whatever the order, the thread, the matrix library, the row's
place in a product, or the machine. The limits that keep the terms there:

- Perception: |x_j - x_i| <= 2 * 2^7 (`STATE_LIMIT`), and the absolute coefficients of a cell add up to at most 2^13
  (`COEFFICIENT_LIMIT`), so the terms add up to at most 2^21.
- Network: perceived and hidden values are at most 2^12, and every row of a layer keeps sum_k |W_k| 2^12 + |b| <= 2^21;
  without a bias, sum_k |W_k| <= 512.

States, perceived and hidden values saturate at their limits; trained rules stay far below (states about 2). The weights
of the perception and the network cannot saturate without becoming others, so they are checked.

Everything that is no sum acts on one number or one cell alone (gains, ReLU, the root of the gradient
norm): one correctly rounded float64 operation after another, and the result is rounded to a multiple of q again. A
state, a multiple of 2^-16 within 2^7, has at most 23 bits, so it passes through float32 unchanged.

Rounding has the derivative 0 almost everywhere. For training it passes gradients straight through (Bengio et al. 2013),
except where a value is saturated: there they are 0, as those of `clamp`.
"""

from typing import Any, cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.functional import linear
from torch_geometric.utils import scatter

from ..coefficients import Coefficients
from ..update import UpdateRule
from .base import Arithmetic

QUANTUM = 2.0**-16  # what every factor of a sum is a multiple of
STATE_LIMIT = 2.0**7  # states saturate here: 2^23 quanta, which a float32 holds exactly
VALUE_LIMIT = 2.0**12  # perceived, hidden and output values saturate here
TERMS_LIMIT = 2.0**21  # the absolute values of a sum's terms, multiples of QUANTUM^2, may add up to this: 2^53 units
COEFFICIENT_LIMIT = 2.0**13  # sum of a cell's absolute coefficients, of some 25 on two rings of a mesh
DTYPES = (torch.float32, torch.float64)  # that hold a state without rounding


class _Rounded(torch.autograd.Function):
    """The nearest multiple of the quantum within +-limit; gradients pass straight through within the limit."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, limit: float) -> Tensor:
        ctx.save_for_backward(values)
        ctx.limit = limit
        return (values * (1.0 / QUANTUM)).round_().mul_(QUANTUM).clamp_(-limit, limit)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (values,) = ctx.saved_tensors
        return torch.where(values.abs() <= ctx.limit, gradients[0], 0.0), None


def rounded(values: Float[Tensor, "*shape"], limit: float = VALUE_LIMIT) -> Float[Tensor, "*shape"]:
    """The nearest multiples of `QUANTUM` (ties to even) in float64, saturated at +-`limit`, itself a multiple."""
    return cast(Tensor, _Rounded.apply(values.double(), limit))


class FixedPoint(Arithmetic):
    """Every factor of a sum is a multiple of `QUANTUM`; a step is taken in float64."""

    name = "fixed_point"
    rounding = "factors"

    def enter(self, x: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b n c"]:
        """States rounded; zeros are positive, so that equal states have equal bits.

        Raises:
            ValueError: If their type cannot hold the step's result without rounding it.
        """
        if x.dtype not in DTYPES:
            raise ValueError(f"`x` must be float32 or float64 for a step in fixed point, got {x.dtype}.")
        return rounded(x, STATE_LIMIT) + 0.0

    def asked(self, cells: Bool[Tensor, "*b n"] | None) -> Bool[Tensor, "*b n"] | None:
        """Without gradients those that count: no exact sum depends on which others are formed."""
        return None if torch.is_grad_enabled() or torch.compiler.is_compiling() else cells

    def coefficients(self, read: Coefficients, num_nodes: int) -> Coefficients:
        """Rounded.

        Raises:
            ValueError: If those of a cell are too large for exact sums.
        """
        index, weight, gradient = read
        weight = rounded(weight, float("inf"))
        _check("weights", "sum_j |w_ij| of a cell", scatter(weight.abs(), index[1], 0, num_nodes), COEFFICIENT_LIMIT)
        if gradient is not None:
            gradient = rounded(gradient, float("inf"))
            sums = scatter(gradient.abs(), index[1], 0, num_nodes)
            _check("gradients", "sum_j |g_ij| of a cell", sums, COEFFICIENT_LIMIT)
        return read._replace(weight=weight, gradient=gradient)

    def factor(self, values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Rounded."""
        return rounded(values, float("inf"))

    def perceived(self, values: Float[Tensor, "*b n p"]) -> Float[Tensor, "*b n p"]:
        """Rounded, and saturated."""
        return rounded(values)

    def change(
        self, network: nn.Module, perceived: Float[Tensor, "*b n p"], among: Bool[Tensor, "*b n"] | None
    ) -> Float[Tensor, "*b n c"]:
        """Rounded too.

        Raises:
            ValueError: If the network is no `UpdateRule`, or its weights are too large for exact sums.
        """
        if type(network) is not UpdateRule:
            raise ValueError(f"`update_rule` must be an `UpdateRule` for a step in fixed point, got {type(network)}.")
        values = perceived if among is None else perceived[among]
        for name, layer in (("hidden", network.hidden), ("output", network.output)):
            weight = rounded(layer.weight, float("inf"))
            bias = None if layer.bias is None else rounded(layer.bias, float("inf"))
            terms = weight.abs().sum(1) * VALUE_LIMIT + (0.0 if bias is None else bias.abs())
            _check(f"update_rule.{name}", f"{VALUE_LIMIT:g} * sum |W| + |b| of a row", terms, TERMS_LIMIT)
            values = linear(values, weight, bias)
            values = rounded(torch.relu(values) if name == "hidden" else values)
        if among is None:
            return values
        change = perceived.new_zeros(*among.shape, values.shape[-1])
        change[among] = values
        return change

    def add(
        self, state: Float[Tensor, "*b n c"], change: Float[Tensor, "*b n c"], fired: Bool[Tensor, "*b n #c"]
    ) -> Float[Tensor, "*b n c"]:
        """States that saturate."""
        return self.enter(state + torch.where(fired, change, 0.0))


def _check(argument: str, meaning: str, sums: Tensor, limit: float) -> None:
    """Refuses sums beyond a limit; a compiled step has been checked where it ran uncompiled."""
    if torch.compiler.is_compiling() or sums.numel() == 0:
        return
    largest = float(sums.detach().max())
    if largest > limit:  # NaN passes: it shows in the states
        raise ValueError(
            f"`{argument}` must keep {meaning} at most {limit:g}, so that fixed-point sums are exact, got {largest:g}."
        )
