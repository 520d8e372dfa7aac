"""Makes pictures move."""

from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import checked
from .compared_images import Rasterizer
from .texture import COLOURS


class MotionLoss(nn.Module):
    """How far a picture is from an earlier one that has moved on: the mean squared difference of their colours.

    Ours; learnt together with what a picture is to look like, as motion is in dynamic textures (Pajouheshgar et al.
    2023, who compare optic flows). Whatever the cells are, the later raster lies farther on in the direction and shows
    there what the earlier one shows here.

    Args:
        earlier: States (..., N, C) to images (..., C, H, W).
        later: The same, of a raster that has been moved.
    """

    @checked
    def __init__(self, earlier: Rasterizer, later: Rasterizer) -> None:
        super().__init__()
        self.earlier, self.later = earlier, later

    def forward(self, states: Float[Tensor, "*b n c"], later_states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b"]:
        """The difference of every sample."""
        before, after = self.earlier(states[..., list(COLOURS)]), self.later(later_states[..., list(COLOURS)])
        return (after - before).square().mean((-3, -2, -1))
