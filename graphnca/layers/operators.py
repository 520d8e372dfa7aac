"""The linear operators of the perception, from edges: Laplacian, d/dx and d/dy.

With w_ij the weight of the edge by which cell i perceives cell j, and v_ij the direction vector to it,

    laplacian         sum_j w_ij (x_j - x_i)
    along_x, along_y  8 M_i^-1 sum_j w_ij v_ij (x_j - x_i),   M_i = sum_j w_ij v_ij v_ij^T

which on the square Moore grid are the raw 3x3 Laplacian (centre -12) and the raw Sobel pair.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.utils import degree, scatter

from .arithmetic import Arithmetic
from .perception import ALONG_X, ALONG_Y, LAPLACIAN

LAPLACIAN_GAIN = 12.0  # neighbour sum of the 3x3 kernel [1 2 1; 2 -12 2; 1 2 1]; 16 makes square-trained rules explode
SQUARE_MOMENT = 8.0  # M_i = 8 I on the square Moore grid with weights 2 and 1, so raw Sobel gains come out there
SINGULAR_BELOW = 1e-6  # determinant of M_i over the square of its trace, below which its neighbours lie on one line


class Neighbourhood(NamedTuple):
    """Through what cells perceive: arguments of `NCAConv.forward`."""

    edge_index: Int[Tensor, "2 e"]
    edge_weight: Float[Tensor, " e"] | None
    edge_attr: Float[Tensor, "e 2"] | None
    smoothing: Float[Tensor, " n"] | None
    angle: float | Float[Tensor, "*a"] | None


def operated(
    state: Float[Tensor, "*b n c"],
    through: Neighbourhood,
    arithmetic: Arithmetic,
    propagate: Callable[..., Tensor],
    operators: Sequence[str],
    asked: Bool[Tensor, "*b n"] | None = None,
) -> list[Float[Tensor, "*b n c"]]:
    """What some operators make of states, in the order in which they are named; of cells not asked it may be anything.

    `propagate` is the layer's: into every cell the sum of w_ij (x_j - x_i), and where direction vectors are given, the
    sums of the same times v_x and v_y behind it.

    Raises:
        ValueError: If a gradient is asked for and there are no direction vectors.
    """
    edge_index, edge_weight, edge_attr, smoothing, angle = through
    upright = ALONG_X in operators
    if upright and edge_attr is None:
        raise ValueError(
            "A gradient is perceived, so `edge_attr` must hold the direction vectors pos_j - pos_i, shape (E, 2); "
            "got None."
        )
    (num_nodes, channels), dtype = state.shape[-2:], state.dtype
    if edge_weight is None:
        incoming = degree(edge_index[1], num_nodes, dtype=dtype)
        edge_weight = (LAPLACIAN_GAIN / incoming.clamp(min=1.0))[edge_index[1]]
    edge_weight, edge_attr = arithmetic.geometry(edge_index, edge_weight, edge_attr, num_nodes)
    if asked is not None and not upright:  # a smoothed gradient needs that of the neighbours too
        into = asked.flatten(0, -2).any(0)[edge_index[1]] if asked.dim() > 1 else asked[edge_index[1]]
        edge_index, edge_weight = edge_index[:, into], edge_weight[into]
    weight = edge_weight.to(dtype)
    if edge_attr is None or not upright:
        laplacian = propagate(edge_index, x=state, edge_weight=weight, edge_attr=None)
        return [laplacian for _ in operators]
    sums = propagate(edge_index, x=state, edge_weight=weight, edge_attr=edge_attr.to(dtype))
    laplacian, weighted_x, weighted_y = sums.split(channels, dim=-1)
    correction = moment_correction(edge_index, edge_weight, edge_attr, num_nodes, term=arithmetic.moments).to(dtype)
    along_x = correction[:, 0, 0:1] * weighted_x + correction[:, 0, 1:2] * weighted_y
    along_y = correction[:, 1, 0:1] * weighted_x + correction[:, 1, 1:2] * weighted_y
    if smoothing is not None:
        both = arithmetic.factor(torch.cat([along_x, along_y], dim=-1), saturate=True)
        total = scatter(edge_weight, edge_index[1], dim_size=num_nodes)
        share = (smoothing / total.clamp(min=torch.finfo(total.dtype).tiny)).to(dtype)
        away = propagate(edge_index, x=both, edge_weight=weight, edge_attr=None)
        along_x, along_y = (both + share[:, None] * away).split(channels, dim=-1)
    if angle is not None:
        turn = torch.as_tensor(angle, dtype=dtype, device=state.device).unsqueeze(-1)
        cos, sin = arithmetic.factor(torch.cos(turn)), arithmetic.factor(torch.sin(turn))
        along_x, along_y = cos * along_x - sin * along_y, sin * along_x + cos * along_y
    made = {LAPLACIAN: laplacian, ALONG_X: along_x, ALONG_Y: along_y}
    return [made[name] for name in operators]


def gradient_weights(
    edge_index: Int[Tensor, "2 e"], edge_weight: Float[Tensor, " e"], edge_attr: Float[Tensor, "e 2"], num_nodes: int
) -> Float[Tensor, "e 2"]:
    """8 M_i^-1 w_ij v_ij of every edge: with these weights d/dx and d/dy are sums of differences, as the Laplacian."""
    correction = moment_correction(edge_index, edge_weight, edge_attr, num_nodes)
    return edge_weight[:, None] * torch.einsum("eij,ej->ei", correction[edge_index[1]], edge_attr)


def moment_correction(
    edge_index: Int[Tensor, "2 e"],
    edge_weight: Float[Tensor, " e"],
    edge_attr: Float[Tensor, "e 2"],
    num_nodes: int,
    *,
    term: Callable[[Tensor], Tensor] | None = None,
) -> Float[Tensor, "n 2 2"]:
    """The matrices 8 M_i^-1 with M_i = sum_j w_ij v_ij v_ij^T.

    Multiplied with sum_j w_ij v_ij (x_j - x_i) they give 8 times the gradient of any linear field x, whatever the
    arrangement of the neighbours. Where the neighbours of a cell lie on one line (a single neighbour, a border chain),
    M_i has rank one and its pseudo-inverse is taken: the gradient along the line.

    `term`, if given, is applied to the terms of M_i before they are summed (fixed point: rounding).
    """
    outer = edge_weight[:, None, None] * edge_attr[:, :, None] * edge_attr[:, None, :]
    if term is not None:
        outer = term(outer)
    moments = outer.new_zeros(num_nodes, 2, 2).index_add(0, edge_index[1], outer)
    a, b, d = moments[:, 0, 0], moments[:, 0, 1], moments[:, 1, 1]
    trace, determinant = a + d, a * d - b * b
    regular = determinant > SINGULAR_BELOW * trace**2
    adjugate = torch.stack([torch.stack([d, -b], -1), torch.stack([-b, a], -1)], -2)
    inverse = adjugate / torch.where(regular, determinant, torch.ones_like(determinant))[:, None, None]
    safe_trace = torch.where(trace > 0, trace, torch.ones_like(trace))
    pseudo_inverse = moments / (safe_trace**2)[:, None, None]  # of a rank-one symmetric matrix
    return SQUARE_MOMENT * torch.where(regular[:, None, None], inverse, pseudo_inverse)
