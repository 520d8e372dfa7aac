"""The linear operators of the perception, applied: Laplacian, d/dx and d/dy by message passing."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..filters import ALONG_X, ALONG_Y, LAPLACIAN
from .arithmetic import Arithmetic
from .coefficients import Neighbourhood, coefficients_of


def operated(
    state: Float[Tensor, "*b n c"],
    through: Neighbourhood,
    arithmetic: Arithmetic,
    propagate: Callable[..., Tensor],
    operators: Sequence[str],
    asked: Bool[Tensor, "*b n"] | None = None,
) -> list[Float[Tensor, "*b n c"]]:
    """What some operators make of states, in the order in which they are named; of cells not asked it may be anything.

    `propagate` is the layer's: into every cell the sums of w_ij (x_j - x_i) and of g_ij (x_j - x_i), one behind the
    other.

    Raises:
        ValueError: As `coefficients_of`.
    """
    (num_nodes, channels), dtype = state.shape[-2:], state.dtype
    index, weight, gradient = arithmetic.coefficients(coefficients_of(through, operators, num_nodes), num_nodes)
    if asked is not None:
        into = asked.flatten(0, -2).any(0)[index[1]] if asked.dim() > 1 else asked[index[1]]
        index, weight, gradient = index[:, into], weight[into], None if gradient is None else gradient[into]
    gradient = None if gradient is None else gradient.to(dtype)
    sums = propagate(index, x=state, edge_weight=weight.to(dtype), edge_gradient=gradient)
    if gradient is None:
        return [sums for _ in operators]
    laplacian, along_x, along_y = sums.split(channels, dim=-1)
    if through.angle is not None:
        turn = torch.as_tensor(through.angle, dtype=dtype, device=state.device).unsqueeze(-1)
        cos, sin = arithmetic.factor(torch.cos(turn)), arithmetic.factor(torch.sin(turn))
        along_x, along_y = cos * along_x - sin * along_y, sin * along_x + cos * along_y
    made = {LAPLACIAN: laplacian, ALONG_X: along_x, ALONG_Y: along_y}
    return [made[name] for name in operators]
