"""Target images: the shipped emoji and our own drawings by name, any image with alpha by path."""

import math
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ..arguments import checked
from ..picture_files import read_picture
from .hollow_bone import draw_hollow_bone
from .newt import draw_newt

EMOJI = Path(__file__).with_name("emoji")
DRAWINGS = {"hollow-bone": draw_hollow_bone, "newt": draw_newt}
OPAQUE = 255  # alpha of a fully covered pixel, in bytes


def target_names() -> list[str]:
    """Return the names of the shipped emoji and of our own drawings, in alphabetical order."""
    return sorted([*(path.stem for path in EMOJI.glob("*.png")), *DRAWINGS])


@checked
def load_target(
    name_or_path: str | Path | Image.Image, *, size: int = 48, padding: int = 12, on_pixel: bool = False
) -> Float[Tensor, "4 h w"]:
    """Load an image with alpha as a target: premultiplied RGBA in [0, 1], row 0 on top.

    As in the source works the image is resized first (antialiased by Lanczos's filter, proportions kept), then
    premultiplied, then padded with zeros. Growing NCA uses size 40 and padding 16, IsoNCA 48 and 12: both give 72x72.
    Unlike the works' thumbnail, an image smaller than `size` is enlarged.

    Args:
        name_or_path: a name in `target_names()`, the path of an image file that has an alpha channel, or an RGBA image.
        size: the longer side of the resized image, in pixels.
        padding: empty pixels added on each of the four sides.
        on_pixel: whether the image's middle is to lie in the middle of a pixel, as a seed does, and not between four of
            them, as that of a picture of even size. The image is drawn as large as without, half a pixel further right
            and down, on one row and one column of pixels more.

    Raises:
        FileNotFoundError: a path (something with a folder or a suffix) that does not exist.
        ValueError: an unknown name, a file that is no image, an image without alpha, opaque everywhere or transparent
            everywhere, a size below 1 or a negative padding.
    """
    if size < 1:
        raise ValueError(f"`size` must be at least 1 pixel, got {size}.")
    if padding < 0:
        raise ValueError(f"`padding` must be 0 or more pixels, got {padding}.")
    image = name_or_path.convert("RGBA") if isinstance(name_or_path, Image.Image) else named_picture(name_or_path)
    if on_pixel:
        image = _resized_on_pixel(image, size)
    elif max(image.size) > size:
        image.thumbnail((size, size), Image.Resampling.LANCZOS)
    elif max(image.size) < size:
        image = image.resize(_fitting(image, size), Image.Resampling.LANCZOS)
    rgba = torch.from_numpy(np.array(image, dtype=np.float32) / OPAQUE).permute(2, 0, 1)
    premultiplied = torch.cat([rgba[:3] * rgba[3:], rgba[3:]])
    return functional.pad(premultiplied, (padding, padding, padding, padding))


def _fitting(image: Image.Image, size: int) -> tuple[int, int]:
    """Width and height of the image when its longer side is `size`."""
    scale = size / max(image.size)
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def _resized_on_pixel(image: Image.Image, size: int) -> Image.Image:
    """The image with half a pixel more on each side, so that its middle lies in the middle of a pixel."""
    width, height = _fitting(image, size)
    x, y = image.width / width / 2, image.height / height / 2  # half a pixel, in those of the given image
    margin = math.ceil(max(x, y))
    canvas = Image.new("RGBA", (image.width + 2 * margin, image.height + 2 * margin))
    canvas.paste(image, (margin, margin))
    box = (margin - x, margin - y, margin + image.width + x, margin + image.height + y)
    return canvas.resize((width + 1, height + 1), Image.Resampling.LANCZOS, box=box)


def named_picture(name_or_path: str | Path) -> Image.Image:
    """The picture of a name in `target_names()`, or of a path, in RGBA with straight alpha, at its own size.

    Raises:
        FileNotFoundError: As of `load_target`.
        ValueError: Likewise.
    """
    drawing = DRAWINGS.get(str(name_or_path))
    return _open(_find(name_or_path)) if drawing is None else drawing()


def _find(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    path = Path(text)
    shipped = EMOJI / f"{text}.png"
    if isinstance(name_or_path, str) and text in target_names():
        return shipped
    if path.is_file():
        return path
    if path.suffix or path.name != text:
        raise FileNotFoundError(
            f"`name_or_path` must be an image file with alpha or one of {target_names()}; {text!r} does not exist."
        )
    raise ValueError(
        f"`name_or_path` must be one of {target_names()} or the path of an image with alpha, got {text!r}."
    )


def _open(path: Path) -> Image.Image:
    picture = read_picture(path)
    image = picture.convert("RGBA")
    lowest, highest = image.getchannel("A").getextrema()
    remedy = "make its background transparent and save it as PNG."
    if picture.mode != "RGBA":
        raise ValueError(
            f"`name_or_path` must be an image with an alpha channel, got {str(path)!r} without one: {remedy}"
        )
    if lowest == OPAQUE:
        raise ValueError(
            f"`name_or_path` must be an image with alpha, got {str(path)!r}, which is opaque everywhere: {remedy}"
        )
    if highest == 0:
        raise ValueError(
            f"`name_or_path` must be an image with alpha, got {str(path)!r}, which is transparent everywhere."
        )
    return image
