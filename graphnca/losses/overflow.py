"""Keeps states in bounds."""

from jaxtyping import Float
from torch import Tensor, nn


class OverflowLoss(nn.Module):
    """Sum over cells and channels of (x - clamp(x, -bound, bound))^2, one value per sample of states (..., N, C).

    IsoNCA (Mordvintsev et al. 2022) adds it at every step, summed over the batch, with bound 2 and weight 1. A sum, not
    a mean: it stays 0 unless something overflows, and then it dominates.

    Args:
        bound: largest |x| that costs nothing.

    Raises:
        ValueError: a bound that is not positive.
    """

    def __init__(self, bound: float = 2.0) -> None:
        super().__init__()
        if not bound > 0:
            raise ValueError(f"`bound` must be positive, got {bound}.")
        self.bound = bound

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b"]:
        """Return the overflow of every sample."""
        return (states - states.clamp(-self.bound, self.bound)).square().sum((-2, -1))
