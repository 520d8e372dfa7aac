"""The moment correction that makes gradients exact on every mesh."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

SQUARE_MOMENT = 8.0  # M_i = 8 I on the square Moore grid with weights 2 and 1, so raw Sobel gains come out there
SINGULAR_BELOW = 1e-6  # determinant of M_i over the square of its trace, below which its neighbours lie on one line


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
