"""Images of states as pictures: arrays of bytes, Pillow images, files."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from ..arguments import checked
from ..atomic_file import write_atomically
from .colours import state_colours

# Anonymous axes: several pictures in one call may differ in size.
Picture = Image.Image | UInt8[np.ndarray, "_ _ 3"] | Float[Tensor, "_ _ _"]

PALETTE_COLOURS = 256  # a palette PNG's
# Measured on 13 of this repository's pictures (drawn cells, curves, captioned strips, textures, a screenshot): root
# mean square error of 256 colours in levels of 255. Curves 0.2-0.6, lizards 1.2-1.5, not to be seen at twice the size;
# 2.1-2.2 is the first that shows, as bands in a large smooth drawing.
INVISIBLE = 2.0
MANY_COLOURS = 1 << 16  # textures and photographs: 256 colours never do (3.6 and more), and choosing them takes seconds
# The lowest of 95, 90, 85, 80, 75, 60 whose SSIM stays above 0.977 on all 13 (0.965 at 80, 0.948 at 75, on a drawing of
# a million cells); on textures half the bytes of 256 colours (68 to 159, 138 to 207 kB) and a quarter of lossless.
WEBP_QUALITY = 85
WEBP_EFFORT = 6  # the slowest of 0-6: fewest bytes, still a fraction of a second


@checked
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


@checked
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


@checked
def save_image(path: str | os.PathLike[str], image: Picture, *, scale: int = 1) -> None:
    """Writes a picture to a file, whole or not at all; the suffix says the format (.png, .webp, .jpg ...).

    A file takes no more bytes than the eye needs. Up to 256 colours are kept exactly, in .png and .webp. Where 256
    colours, without dithering, are within `INVISIBLE` of the picture, a .png stores these. A .webp is the smaller of
    two: that picture lossless, or the whole one at quality `WEBP_QUALITY`. So lines and text come out lossless (29
    against 59 kB for a page of curves, 90 as a .png of all colours), textures do not (68 against 267 and 365 kB).
    For every last bit of a picture of many colours: `to_picture(image).save("x.png")`.

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
    picture = to_picture(image, scale=scale)
    if kind == "PNG":
        data = _encoded(_few_colours(picture) or picture, kind, optimize=True)
    elif kind == "WEBP":
        data = webp_image(picture)
    else:
        data = _encoded(picture, kind)
    write_atomically(path, data)


def webp_image(picture: Image.Image, quality: int = WEBP_QUALITY) -> bytes:
    """The bytes of an RGB picture as WebP, lossless or at a quality of libwebp's 0-100, whichever is smaller."""
    few = (_few_colours(picture) or picture).convert("RGB")
    lossless = _encoded(few, "WEBP", lossless=True, method=WEBP_EFFORT)
    lossy = _encoded(picture, "WEBP", quality=quality, method=WEBP_EFFORT, use_sharp_yuv=True)
    return min(lossless, lossy, key=len)


def _few_colours(picture: Image.Image) -> Image.Image | None:
    """The RGB picture in at most 256 colours: exactly, or without a visible difference; None where that can't be."""
    counted = picture.getcolors(MANY_COLOURS)
    if counted is None:
        return None
    pixels = np.asarray(picture)
    if len(counted) <= PALETTE_COLOURS:
        colours, numbers = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
        exact = Image.fromarray(numbers.reshape(pixels.shape[:2]).astype(np.uint8))
        exact.putpalette(colours.tobytes())
        return exact
    few = picture.quantize(PALETTE_COLOURS, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    error = np.asarray(few.convert("RGB"), dtype=np.float32) - pixels
    return few if np.square(error).mean() <= INVISIBLE**2 else None


def _encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=kind, **options)
    return buffer.getvalue()
