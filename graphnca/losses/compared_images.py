"""What of a batch a loss compares with its target."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

Rasterizer = Callable[[Tensor], Tensor]  # states (..., N, C) -> images (..., C, H, W)


def compared_images(
    x: Float[Tensor, "..."], target: Float[Tensor, "c h w"], rasterizer: Rasterizer | None
) -> Float[Tensor, "*b c h w"]:
    """Return the channels of `x` that have a counterpart in `target`: the first c, as images, in the target's dtype.

    Args:
        x: images (..., C, h, w) with C >= c; states (..., N, C) if there is a rasterizer.
        target: what `x` is compared with.
        rasterizer: draws the states; only the channels that count are drawn.

    Raises:
        ValueError: fewer channels than the target has, another height or width.
    """
    channels, height, width = target.shape
    images = x if rasterizer is None else rasterizer(x[..., :channels])
    if images.ndim < 3 or images.shape[-3] < channels or images.shape[-2:] != (height, width):
        name = "`images`" if rasterizer is None else "the `rasterizer`'s images"
        raise ValueError(
            f"{name} must be (..., {channels} or more channels, {height}, {width}) to be compared with the target, "
            f"got shape {tuple(images.shape)}."
        )
    return images[..., :channels, :, :].to(target.dtype)


def seen_images(
    x: Float[Tensor, "..."], rasterizer: Rasterizer | None, channels: int, offset: float
) -> Float[Tensor, "*b c h w"]:
    """Return what features see of `x`: so many channels, as images.

    Args:
        x: images (..., c, h, w); states (..., N, C) if there is a rasterizer.
        rasterizer: draws the states.
        channels: c.
        offset: added to what is drawn.

    Raises:
        ValueError: no floats, or another number of channels.
    """
    images = x if rasterizer is None else rasterizer(x[..., :channels]) + offset
    if images.ndim < 3 or images.shape[-3] != channels or not images.is_floating_point():
        name = "`images`" if rasterizer is None else "the `rasterizer`'s images"
        expected = f"(..., {channels}, height, width)"
        raise ValueError(f"{name} must be floats {expected}, got {images.dtype} of shape {tuple(images.shape)}.")
    return images


def check_target(target: Tensor) -> None:
    """Raises ValueError unless a target has pixels, of finite numbers."""
    if target.numel() == 0:
        raise ValueError(f"`target` must have pixels, got shape {tuple(target.shape)}.")
    if not target.isfinite().all():
        raise ValueError("`target` must be finite everywhere, got NaN or infinity.")
