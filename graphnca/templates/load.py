"""Template images: our own drawings and a photograph by name, any image by path."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from ..arguments import checked
from ..picture_files import read_picture
from .banded import draw_banded
from .bubbly import draw_bubbly
from .canvas import Canvas
from .chequered import draw_chequered
from .cobbled import cobbled
from .dotted import draw_dotted
from .furry import furry
from .glassy import glassy
from .interlaced import draw_interlaced
from .relief import Relief
from .scaly import scaly
from .woven import woven

RELIEFS: dict[str, tuple[Callable[[Canvas], Relief], int]] = {
    "cobbled": (cobbled, 6),
    "furry": (furry, 7),
    "glassy": (glassy, 8),
    "scaly": (scaly, 9),
    "woven": (woven, 10),
}
"""Surfaces with depth, and the seed of each."""
DRAWINGS: dict[str, Callable[[int], Float[np.ndarray, "3 h w"]]] = {
    "banded": draw_banded,
    "bubbly": draw_bubbly,
    "chequered": draw_chequered,
    "dotted": draw_dotted,
    "interlaced": draw_interlaced,
    **{name: lambda size, name=name: draw_material(name, size)[:3] for name in RELIEFS},
}
PHOTOGRAPHS = {"gravel": Path(__file__).with_name("gravel.png")}
"""Photographs that are free to use: `gravel`, 256x256 pixels from the upper left of scikit-image's
`skimage.data.gravel()` ("Gravel04" of cc0textures.com, CC0 1.0), made 128x128 with Lanczos's filter."""
SMALLEST = 16  # pixels: one period of the drawings, and one pixel of VGG's last layer
FULL = 255  # of a colour, in bytes


def template_names() -> list[str]:
    """The names of the templates that come with the library, in alphabetical order."""
    return sorted([*DRAWINGS, *PHOTOGRAPHS])


def material_names() -> list[str]:
    """The names of those that have a height and a roughness too, in alphabetical order."""
    return sorted(RELIEFS)


def draw_material(name: str, size: int) -> Float[np.ndarray, "5 h w"]:
    """One of these: see `load_material`."""
    draw, seed = RELIEFS[name]
    canvas = Canvas(size, seed)
    return draw(canvas).maps(canvas)


@checked
def load_material(name: str, size: int = 128) -> Float[Tensor, "5 h w"]:
    """A drawn template with depth: red, green and blue as it is lit, height and roughness, all in [0, 1].

    A height of 1 is `DEEPEST` pixels over the ground; a roughness of 0 is a mirror, of 1 matt.

    Args:
        name: One of `material_names()`.
        size: Pixels along a side, at least 16.

    Raises:
        ValueError: Another name, or a size below 16.
    """
    if name not in RELIEFS:
        raise ValueError(f"`name` must be one of {material_names()}, got {name!r}.")
    _check_size(size)
    return torch.from_numpy(draw_material(name, size))


def _check_size(size: int) -> None:
    if size < SMALLEST:
        raise ValueError(f"`size` must be at least {SMALLEST} pixels, got {size}.")


@checked
def load_template(name_or_path: str | Path, size: int = 128) -> Float[Tensor, "3 h w"]:
    """A texture as RGB in [0, 1], row 0 on top.

    The drawn templates are squares that tile the plane without a seam. Their features have the same size in pixels (8
    to 24 for what repeats, nothing below about 3) whatever `size` is, so a larger one shows more of the same texture.
    `gravel` is a photograph of 128 pixels; it, as any image, is resized until its longer side is `size` (Lanczos's
    filter, proportions kept) and may have seams. Where an image is transparent, it is laid on white.

    Args:
        name_or_path: a name in `template_names()`, or the path of an image file.
        size: the longer side, in pixels, at least 16.

    Raises:
        FileNotFoundError: a path (something with a folder or a suffix) that does not exist.
        ValueError: an unknown name, a file that is no image, or a size below 16.
    """
    _check_size(size)
    text = str(name_or_path)
    if text in DRAWINGS:
        return torch.from_numpy(DRAWINGS[text](size))
    return _resized(_open(PHOTOGRAPHS.get(text, name_or_path)), size)


def _open(name_or_path: str | Path) -> Image.Image:
    path, text = Path(name_or_path), str(name_or_path)
    if not path.is_file():
        expected = f"`name_or_path` must be one of {template_names()} or the path of an image, got {text!r}"
        if path.suffix or path.name != text:
            raise FileNotFoundError(f"{expected}, which does not exist.")
        raise ValueError(f"{expected}.")
    image = read_picture(path).convert("RGBA")
    white = Image.new("RGBA", image.size, (FULL, FULL, FULL, FULL))
    return Image.alpha_composite(white, image).convert("RGB")


def _resized(image: Image.Image, size: int) -> Float[Tensor, "3 h w"]:
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    pixels = np.array(image.resize((width, height), Image.Resampling.LANCZOS), dtype=np.float32) / FULL
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()
