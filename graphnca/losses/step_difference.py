"""Keeps patterns still."""

from jaxtyping import Float
from torch import Tensor, nn

from ..regularisers import step_difference


class StepDifferenceLoss(nn.Module):
    """Mean over cells and channels of |next - current|, one value per sample of states (..., N, C).

    IsoNCA (Mordvintsev et al. 2022) adds it at every step with weight 10, so that a grown pattern settles.
    """

    def forward(self, states: Float[Tensor, "*b n c"], next_states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b"]:
        """The mean absolute change of every sample over one step."""
        return step_difference(states, next_states)
