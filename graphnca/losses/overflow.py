"""Keeps states in bounds."""

from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import checked
from ..regularisers import OVERFLOW_BOUND, overflow


class OverflowLoss(nn.Module):
    """Sum over cells and channels of |x - clamp(x, -bound, bound)|^power, one value per sample of states (..., N, C).

    IsoNCA (Mordvintsev et al. 2022) adds it at every step, summed over the batch, with bound 2, power 2 and weight 1;
    the texture notebook (Niklasson et al. 2021, PyTorch revision) at the last step only, with bound 1 and power 1. A
    sum, not a mean: it stays 0 unless something overflows, and then it dominates.

    Args:
        bound: Largest |x| that costs nothing.
        power: 1 or 2.

    Raises:
        ValueError: For a bound that is not positive, another power.
    """

    @checked
    def __init__(self, bound: float = OVERFLOW_BOUND, power: int = 2) -> None:
        super().__init__()
        if not bound > 0:
            raise ValueError(f"`bound` must be positive, got {bound}.")
        if power not in (1, 2):
            raise ValueError(f"`power` must be 1 or 2, got {power!r}.")
        self.bound, self.power = bound, power

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b"]:
        """The overflow of every sample."""
        return overflow(states, self.bound, self.power)
