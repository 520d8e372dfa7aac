"""The patches of an image as features: all that a small window sees, wherever it lies."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import unfold

SIDE = 11  # pixels: wider than a published texture's strokes, narrower than its motifs


class Patches(nn.Module):
    """Every patch of `side` x `side` pixels, as one column of numbers: images (B, 3, H, W) -> one map.

    With them, `TextureLoss` is the sliced transport between the patches of two images: what of colour and form there is
    within a window, and how much of each. Nothing is trained. Only whole patches count; the borders don't wrap around.

    Args:
        side: Pixels along a side of a patch.

    Shape:
        images (B, 3, H, W) -> [(B, 3 side^2, H - side + 1, W - side + 1)]

    Raises:
        ValueError: A patch without a pixel.
    """

    def __init__(self, side: int = SIDE) -> None:
        super().__init__()
        if side < 1:
            raise ValueError(f"`side` must be at least 1, got {side}.")
        self.side = side
        self.description = f"patches of {side} x {side} pixels (no trained weights)"

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Return the one map.

        Raises:
            ValueError: Images smaller than a patch.
        """
        height, width = (size - self.side + 1 for size in images.shape[-2:])
        if min(height, width) < 1:
            raise ValueError(f"`images` must be {self.side} pixels wide and high at least, got {tuple(images.shape)}.")
        return [unfold(images, self.side).unflatten(-1, (height, width))]

    def extra_repr(self) -> str:
        """What `print` shows of the module."""
        return f"side={self.side}"
