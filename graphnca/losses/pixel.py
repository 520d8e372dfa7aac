"""Distance to a target in one fixed orientation."""

from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import checked
from .compared_images import Rasterizer, check_target, compared_images


class PixelLoss(nn.Module):
    """Mean over channels, rows and columns of (image - target)^2, one value per sample.

    Growing NCA's loss (Mordvintsev et al. 2020) on RGBA; the structured seeds of IsoNCA use 1000 times it.

    Args:
        target: (C, H, W), premultiplied RGBA and whatever else is to match. Images are compared in their first C
            channels.
        rasterizer: maps states (..., N, C) to images (..., C, H, W). With it, the loss takes states.

    Raises:
        ValueError: a target that is no finite float image.
    """

    target: Tensor

    @checked
    def __init__(self, target: Float[Tensor, "c h w"], *, rasterizer: Rasterizer | None = None) -> None:
        super().__init__()
        check_target(target)
        self.rasterizer = rasterizer
        self.register_buffer("target", target.clone(), persistent=False)

    def forward(self, images: Float[Tensor, "..."]) -> Float[Tensor, "*b"]:
        """Return one loss per sample of images (..., C, H, W), or of states (..., N, C) where there is a rasterizer."""
        difference = compared_images(images, self.target, self.rasterizer) - self.target
        return difference.square().mean((-3, -2, -1))
