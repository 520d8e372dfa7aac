"""Picture files of all kinds as upright 8-bit colours: what targets and templates are read with."""

import os
import warnings

import numpy as np
from PIL import Image, ImageOps

INTEGERS = 65535  # white, where a pixel is one number of 16 bits


def read_picture(path: str | os.PathLike[str]) -> Image.Image:
    """The picture in a file: in mode RGBA if it has an alpha channel or a transparent colour, otherwise in RGB.

    It is turned as its EXIF entry says. Grey pixels of 16 bits and floats in [0, 1] are scaled to bytes. Of several
    pictures in one file, as in an animation, the first is taken, with a warning.

    Raises:
        ValueError: If Pillow cannot read the file, it claims more pixels than `PIL.Image.MAX_IMAGE_PIXELS`, or its
            numbers are out of range.
    """
    expected = f"`name_or_path` must be an image file, got {os.fspath(path)!r}, which"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                number = getattr(opened, "n_frames", 1)
                upright = ImageOps.exif_transpose(opened)
                has_alpha = "A" in upright.getbands() or "transparency" in upright.info
                image = _in_bytes(upright) if upright.mode.startswith(("I", "F")) else upright
                image = image.convert("RGBA" if has_alpha else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"{expected} is too large: {error}") from error
    except Exception as error:  # Pillow answers a broken file with errors of many kinds
        raise ValueError(f"{expected} Pillow cannot read: {error}") from error
    if number > 1:
        warnings.warn(f"{os.fspath(path)} holds {number} pictures; the first is taken.", stacklevel=4)
    return image


def _in_bytes(image: Image.Image) -> Image.Image:
    """A picture of one number a pixel, integers of 16 bits or floats in [0, 1], as grey, with alpha if it says so."""
    values, white = np.asarray(image), 1 if image.mode == "F" else INTEGERS
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= white):  # NaN neither
        raise ValueError(f"its pixels must be numbers from 0 to {white}, got {low} to {high}")
    grey = np.rint(values * (255 / white)).astype(np.uint8)
    alpha = np.uint8(255) * (values != image.info.get("transparency"))
    return Image.fromarray(np.stack([grey, alpha.astype(np.uint8)], axis=-1), mode="LA")
