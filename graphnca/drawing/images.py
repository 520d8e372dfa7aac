"""Images of states as pictures: arrays of bytes, Pillow images, files."""

import io
import os
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from graphnca.atomic_file import write_atomically
from graphnca.drawing.colours import state_colours

# Anonymous axes: several pictures in one call may differ in size.
Picture = Image.Image | UInt8[np.ndarray, "_ _ 3"] | Float[Tensor, "_ _ _"]


def to_rgb(image: Float[Tensor, "c h w"], *, offset: float | None = None) -> UInt8[np.ndarray, "h w 3"]:
    """An image (C, H, W) over white as bytes (H, W, 3).

    Args:
        image: Premultiplied RGBA first (C >= 4), shown as 1 - alpha + rgb with alpha clipped to [0, 1]; or RGB (C = 3).
        offset: Show the first three channels plus this number as RGB instead: 0.5 for texture rules.

    Raises:
        ValueError: Fewer than three channels.
    """
    if image.dim() != 3 or image.size(0) < 3:
        raise ValueError(f"`image` must have shape (C, H, W) with C >= 3, got {tuple(image.shape)}.")
    return np.rint(state_colours(image.movedim(0, -1), offset=offset)).astype(np.uint8)


def to_picture(image: Picture, *, scale: int = 1) -> Image.Image:
    """An RGB Pillow image of whatever shows one: a Pillow image, bytes (H, W, 3), or a tensor as `to_rgb` takes it.

    Args:
        image: The picture. A transparent Pillow image is laid over white.
        scale: Each pixel becomes a square of scale x scale pixels.

    Raises:
        ValueError: Anything else, or a scale that is not a positive whole number.
    """
    if isinstance(scale, bool) or not isinstance(scale, int) or scale < 1:
        raise ValueError(f"`scale` must be a positive whole number, got {scale!r}.")
    if isinstance(image, Image.Image):
        picture = image
        if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        picture = picture.convert("RGB")
    elif isinstance(image, Tensor):
        picture = Image.fromarray(to_rgb(image))
    elif isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3:
        picture = Image.fromarray(image)
    else:
        got = f"an array {image.shape} of {image.dtype}" if isinstance(image, np.ndarray) else f"{image!r}"
        raise ValueError(f"`image` must be a Pillow image, bytes (H, W, 3) or a tensor (C, H, W), got {got}.")
    if scale == 1:
        return picture
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def save_image(path: str | os.PathLike[str], image: Picture, *, scale: int = 1) -> None:
    """Writes a picture to a file, whole or not at all; the suffix says the format (.png, .jpg, .webp ...).

    Args:
        path: The file to create or replace, in an existing folder.
        image: A Pillow image, bytes (H, W, 3), or a tensor (C, H, W) as `to_rgb` takes it.
        scale: Each pixel becomes a square of scale x scale pixels.

    Raises:
        ValueError: A suffix that Pillow writes no format for.
        FileNotFoundError: The folder does not exist.
    """
    known = Image.registered_extensions()
    kind = known.get(Path(path).suffix.lower())
    if kind is None or kind not in Image.SAVE:
        raise ValueError(f"`path` must end in an image suffix such as .png, .jpg or .webp, got {str(path)!r}.")
    buffer = io.BytesIO()
    to_picture(image, scale=scale).save(buffer, format=kind)
    write_atomically(path, buffer.getvalue())
