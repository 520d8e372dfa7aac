"""What cells read of each other: the coefficients of the perception's linear operators.

Laplacian, d/dx and d/dy are sums over the cells that a cell i reads,

    laplacian         sum_j w_ij (x_j - x_i)
    along_x, along_y  sum_j g_ij (x_j - x_i)

with the coefficients of a substrate's stencil, or of its edges.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.utils import degree

from ..filters import ALONG_X

LAPLACIAN_GAIN = 12.0  # neighbour sum of the 3x3 kernel [1 2 1; 2 -12 2; 1 2 1]; 16 makes square-trained rules explode
GRADIENT_GAIN = 8.0  # of the raw Sobel pair; M_i = 8 I on the square Moore grid with weights 2 and 1
SINGULAR_BELOW = 1e-6  # determinant of M_i over the square of its trace, below which its neighbours lie on one line


class Neighbourhood(NamedTuple):
    """Through what cells perceive: arguments of `NCAConv.forward`."""

    edge_index: Int[Tensor, "2 e"]
    edge_weight: Float[Tensor, " e"] | None = None
    edge_attr: Float[Tensor, "e 2"] | None = None
    stencil_index: Int[Tensor, "2 s"] | None = None
    stencil_weight: Float[Tensor, " s"] | None = None
    stencil_gradient: Float[Tensor, "s 2"] | None = None
    angle: float | Float[Tensor, "*a"] | None = None


def neighbourhood(topology: Data) -> dict[str, Tensor]:
    """What a substrate says of it, as arguments of a step: `rule(x, **neighbourhood(topology))`."""
    held = topology.to_dict()
    return {name: held[name] for name in Neighbourhood._fields if name in held}


class Coefficients(NamedTuple):
    """What a cell reads: of every entry (j, i) the coefficients of x_j - x_i.

    Attributes:
        index: Row 0 the cell j that is read, row 1 the perceiving cell i.
        weight: In the Laplacian.
        gradient: In d/dx and d/dy; None where no gradient is perceived.
    """

    index: Int[Tensor, "2 s"]
    weight: Float[Tensor, " s"]
    gradient: Float[Tensor, "s 2"] | None


def coefficients_of(through: Neighbourhood, operators: Sequence[str], num_nodes: int) -> Coefficients:
    """The coefficients of a stencil, if there is one, or of the edges.

    Raises:
        ValueError: If a gradient is asked for and nothing says where neighbours lie, or parts of a stencil are missing.
    """
    upright = ALONG_X in operators
    index, weight, gradient = through.stencil_index, through.stencil_weight, through.stencil_gradient
    if index is not None:
        if weight is None or (upright and gradient is None):
            raise ValueError(
                "`stencil_index` goes with `stencil_weight` (S,) and, for rules that perceive a gradient, "
                f"`stencil_gradient` (S, 2), got {weight if weight is None else tuple(weight.shape)} and "
                f"{gradient if gradient is None else tuple(gradient.shape)}."
            )
        return Coefficients(index, weight, gradient if upright else None)
    if upright and through.edge_attr is None:
        raise ValueError(
            "A gradient is perceived, so `edge_attr` must hold the direction vectors pos_j - pos_i, shape (E, 2), or "
            "a stencil its coefficients; got None."
        )
    return along_edges(through.edge_index, through.edge_weight, through.edge_attr if upright else None, num_nodes)


def along_edges(
    edge_index: Int[Tensor, "2 e"],
    edge_weight: Float[Tensor, " e"] | None,
    edge_attr: Float[Tensor, "e 2"] | None,
    num_nodes: int,
) -> Coefficients:
    """The coefficients of a graph without a stencil, differentiable in weights and vectors.

    The Laplacian is that of the weights; without them those of every cell are equal and sum to 12. The gradient's
    coefficients are w_ij 8 M_i^-1 v_ij with M_i = sum_j w_ij v_ij v_ij^T, which make 8 times the slope of any linear
    field, whatever the arrangement of the neighbours. On the square Moore grid these are the raw 3x3 Laplacian (centre
    -12) and the raw Sobel pair. Where the neighbours of a cell lie on one line (a single neighbour, a border chain),
    M_i has rank one and its pseudo-inverse is taken: the gradient along the line.

    Args:
        edge_index: Neighbour j in row 0, perceiving cell i in row 1.
        edge_weight: w_ij.
        edge_attr: v_ij; None: no gradient.
        num_nodes: Number of cells.
    """
    receiver = edge_index[1]
    if edge_weight is None:
        dtype = torch.get_default_dtype() if edge_attr is None else edge_attr.dtype
        edge_weight = (LAPLACIAN_GAIN / degree(receiver, num_nodes, dtype=dtype).clamp(min=1.0))[receiver]
    if edge_attr is None:
        return Coefficients(edge_index, edge_weight, None)
    wide = torch.float32 if edge_attr.device.type == "mps" else torch.float64  # sums that no order of edges changes
    outer = edge_weight.to(wide)[:, None, None] * edge_attr.to(wide)[:, :, None] * edge_attr.to(wide)[:, None, :]
    moments = outer.new_zeros(num_nodes, 2, 2).index_add(0, receiver, outer)
    a, b, d = moments[:, 0, 0], moments[:, 0, 1], moments[:, 1, 1]
    trace, determinant = a + d, a * d - b * b
    regular = determinant > SINGULAR_BELOW * trace**2
    adjugate = torch.stack([torch.stack([d, -b], -1), torch.stack([-b, a], -1)], -2)
    inverse = adjugate / torch.where(regular, determinant, torch.ones_like(determinant))[:, None, None]
    safe_trace = torch.where(trace > 0, trace, torch.ones_like(trace))
    pseudo_inverse = moments / (safe_trace**2)[:, None, None]  # of a rank-one symmetric matrix
    correction = GRADIENT_GAIN * torch.where(regular[:, None, None], inverse, pseudo_inverse)
    gradient = edge_weight.to(wide)[:, None] * (correction[receiver] * edge_attr.to(wide)[:, None, :]).sum(-1)
    return Coefficients(edge_index, edge_weight, gradient.to(edge_weight.dtype))
