"""Anyone's picture as one that can grow: its background found, its margins cut off, and how large it is to be."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from PIL import Image, ImageColor, ImageDraw
from scipy import ndimage
from torch import Tensor

from ..arguments import checked
from ..picture_files import read_picture
from .join import join_parts
from .load import OPAQUE, load_target, named_picture, target_names
from .turn import turn_target

KEEP = "keep"  # a background that belongs to the picture
LIKE = 32  # of 255: how far a channel may be from a background's colour; JPEG's ringing stays within
UNIFORM = 0.9  # of the border's pixels: so many in one colour are a background
ICON = 32  # pixels of the longer side: up to that every pixel was drawn by hand, and stays a square
ALIVE = 0.1  # alpha, or of 1: what a cell must have to live
CORNER = 8  # of a photograph's shorter side: a part of it that rounds the corners
SIZE, LARGEST = 40, 64  # pixels: as published; where thin or long parts would be lost, up to the second
THIN = 0.5  # share of a shape that an opening by 3x3 pixels takes away where it is drawn in lines
LONG = 2.5  # times its width
MIDDLE = 2  # pixels around the middle of which one must live, or the seed lies elsewhere
TURNS = (2, 3, 4, 5, 6, 8)  # parts of a full turn that are looked for
SAME = 0.1  # of the picture's own square: how far it may be from itself turned
ROUND = 1.2  # ratio of two moments below which a picture has no long axis


@dataclass(frozen=True, eq=False)
class Looked:
    """A picture that has been looked at."""

    picture: Image.Image
    """RGBA, straight alpha, without empty margins."""
    size: int | None
    """Pixels that its longer side is to have; None: as many as is usual."""
    seed_at: tuple[float, float]
    """Where the seed is to lie, in parts of `size` from above left of the square around the picture."""
    auxiliary: str
    """What tells its sides apart for an isotropic rule (`with_auxiliary`)."""
    sentences: tuple[str, ...]
    """What was found and done, in words."""

    @checked
    def target(self, size: int, padding: int) -> Float[Tensor, "4 h w"]:
        """As `load_target` gives it."""
        return load_target(self.picture, size=size, padding=padding)


@checked
def look_at(name_or_path: str | Path, *, background: str | None = None) -> Looked:
    """Looks at a picture in a file, or at one of ours, which are taken as they are.

    Without transparency, what is joined to the border in the border's one colour is its background. A border of many
    colours belongs to a photograph, which is kept whole, with round corners.

    Args:
        name_or_path: A name in `target_names()`, or the path of any picture.
        background: Its colour (`"white"`, `"#rrggbb"`), or `"keep"`: it belongs to the picture.

    Raises:
        ValueError: No picture, no such colour, or nothing is left without the background.
    """
    if isinstance(name_or_path, str) and name_or_path in target_names():
        image = named_picture(name_or_path)
        return _looked(image, None, [])
    image, found = cut_out(read_picture(name_or_path), background)
    box = Image.fromarray(np.asarray(image)[..., 3] > ALIVE * OPAQUE).getbbox()
    if box is None:
        raise ValueError(
            f"`name_or_path` must be a picture that shows something, got {str(name_or_path)!r}, which is "
            "transparent or background everywhere."
        )
    image = image.crop(box)
    size, sentences = None, [*found]
    if max(image.size) <= ICON:
        factor = max(1, SIZE // max(image.size))
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
        size = max(image.size)
        sentences.append(f"a small icon: each of its pixels becomes {factor}x{factor} cells")
    elif (wide := max(image.size) > LONG * min(image.size)) or _is_thin(image, SIZE):
        sizes = range(SIZE + 8, LARGEST, 8)
        size = next((size for size in sizes if not wide and not _is_thin(image, size)), LARGEST)
        sentences.append(f"{'long' if wide else 'drawn in thin lines'}: it grows larger than usual, {size} pixels")
    image, hairs = join_parts(image, _mature(image, size or SIZE)[1:-1, 1:-1])
    if hairs:
        sentences.append(
            f"in {hairs + 1} parts, of which none can grow from another over a gap: a faint hair joins "
            f"{'them' if hairs == 1 else 'each to the rest'}"
        )
    return _looked(image, size, sentences)


def _looked(image: Image.Image, size: int | None, sentences: list[str]) -> Looked:
    target = load_target(image, size=size or SIZE, padding=0)
    seed_at, why = _place_of_seed(target, size or SIZE)
    return Looked(image, size, seed_at, auxiliary_of(target), (*sentences, *why))


def cut_out(image: Image.Image, background: str | None = None) -> tuple[Image.Image, list[str]]:
    """The picture in RGBA without its background, and what was done, in words.

    Raises:
        ValueError: No such colour.
    """
    if background != KEEP and image.mode == "RGBA" and np.asarray(image)[..., 3].min() < OPAQUE:
        return image, []
    pixels = np.asarray(image.convert("RGB")).astype(int)
    border = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    if background is None:
        colour = np.median(border, axis=0)
        if (np.abs(border - colour).max(1) <= LIKE).mean() < UNIFORM:
            return _rounded(image), ["a photograph, it seems: it is kept whole (--background COLOUR cuts that out)"]
    elif background == KEEP:
        return _rounded(image), ["its background is kept"]
    else:
        try:
            colour = np.array(ImageColor.getrgb(background)[:3])
        except ValueError as error:
            raise ValueError(f"`background` must be a colour or {KEEP!r}, got {background!r}.") from error
    apart = np.abs(pixels - colour).max(2)
    labels = np.zeros((image.height + 2, image.width + 2), dtype=int)
    ndimage.label(
        np.pad(apart <= LIKE, 1, constant_values=True), output=labels
    )  # around it all of the border is joined
    outside = (labels == labels[0, 0])[1:-1, 1:-1]
    soft = np.clip(apart / (2 * LIKE), 0, 1) * ndimage.binary_dilation(outside, iterations=1) * ~outside
    alpha = np.where(outside, 0.0, np.where(soft > 0, soft, 1.0))
    cut = Image.fromarray(np.dstack([pixels, np.rint(255 * alpha)]).astype(np.uint8), mode="RGBA")
    name = "#{:02x}{:02x}{:02x}".format(*colour.astype(int))
    return cut, [f"no transparency: its background, {name}, is cut away (--background keep leaves it)"]


def auxiliary_of(target: Float[Tensor, "4 h w"]) -> str:
    """The auxiliary channels that tell a picture's sides apart, as far as it has any (`with_auxiliary`).

    Rings where it is the same after a part of a turn, its upper and lower half where it has no long axis, else the ends
    of that too.
    """
    side = max(target.shape[-2:]) | 1
    square = torch.zeros(4, side, side)
    y, x = ((side - length) // 2 for length in target.shape[-2:])
    square[:, y : y + target.shape[1], x : x + target.shape[2]] = target
    own = square.square().sum()
    turned = (turn_target(square, 2 * torch.pi / turns) for turns in TURNS)
    if any(float((picture - square).square().sum() / own) < SAME for picture in turned):
        return "radial4"
    rows, columns = torch.meshgrid(*map(torch.arange, target.shape[-2:]), indexing="ij")
    places = torch.stack([rows.flatten(), columns.flatten()]).float()
    short, long = torch.linalg.eigvalsh(torch.cov(places, aweights=target[3].flatten())).tolist()
    return "binary" if long < ROUND * short else "binary,axis:3"


def _rounded(image: Image.Image) -> Image.Image:
    """An opaque picture with round corners, so that it has a shape that can grow."""
    mask = Image.new("L", image.size, 0)
    last = (image.width - 1, image.height - 1)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *last), max(1, min(image.size) // CORNER), 255)
    whole = image.convert("RGB").convert("RGBA")
    whole.putalpha(mask)
    return whole


def _mature(image: Image.Image, size: int) -> Bool[np.ndarray, "h w"]:
    return load_target(image, size=size, padding=1)[3].numpy() > ALIVE


def _is_thin(image: Image.Image, size: int) -> bool:
    """Whether a shape of that size is mostly lines of one or two cells."""
    mature = _mature(image, size)
    return bool(ndimage.binary_opening(mature, np.ones((3, 3))).sum() < (1 - THIN) * mature.sum())


def _place_of_seed(target: Float[Tensor, "4 h w"], size: int) -> tuple[tuple[float, float], list[str]]:
    """The middle, or where that is empty the cell nearest to it that lives, the deepest of those; and why."""
    mature = np.pad(target[3].numpy() > ALIVE, 1)
    height, width = target.shape[-2:]
    rows, columns = np.mgrid[: height + 2, : width + 2]
    away = np.hypot(rows - 1 - height // 2, columns - 1 - width // 2)
    if mature[away <= MIDDLE].any():
        return (0.5, 0.5), []
    depth = ndimage.distance_transform_edt(mature)
    place = np.where(mature, away - depth, np.inf).argmin()
    row, column = np.unravel_index(place, mature.shape)
    at = tuple(0.5 + (index - 1 - length // 2) / size for index, length in ((column, width), (row, height)))
    return (float(at[0]), float(at[1])), ["its middle is empty: the seed lies beside it, where something grows"]
