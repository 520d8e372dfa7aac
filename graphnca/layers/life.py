"""Which cells are alive."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.utils import scatter

ALPHA = 3  # the channel that is opacity and life at once


def alive_mask(
    x: Float[Tensor, "*b n c"], edge_index: Int[Tensor, "2 e"], threshold: float = 0.1
) -> Bool[Tensor, "*b n"]:
    """A cell is alive when its own alpha or that of any neighbour exceeds `threshold`, or is NaN.

    What is no number counts as life, so that a state that has diverged stays to be seen and does not pass for death.
    On the square Moore grid this is the 3x3 max-pool of alpha compared with the threshold (Growing NCA); no maximum is
    formed: the number of mature neighbours is summed and compared with zero.
    """
    mature = is_mature(x[..., ALPHA], threshold)
    counts = scatter(mature.index_select(-1, edge_index[0]).to(x.dtype), edge_index[1], dim=-1, dim_size=x.shape[-2])
    return mature | (counts > 0)


def is_mature(alpha: Float[Tensor, "*s"], threshold: float) -> Bool[Tensor, "*s"]:
    """Whether an alpha keeps its cell and its neighbours alive: it exceeds the threshold, or is NaN."""
    return ~(alpha <= threshold)


def keep_alive(x: Float[Tensor, "*b n c"], alive: Bool[Tensor, "*b n"]) -> Float[Tensor, "*b n c"]:
    """The state with the cells that are not alive set to exactly zero (also where the state is not finite)."""
    return torch.where(alive.unsqueeze(-1), x, torch.zeros((), dtype=x.dtype, device=x.device))
