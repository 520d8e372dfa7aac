"""Several pictures on one canvas, with captions."""

import math
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from ..arguments import checked
from .colours import parse_colour
from .images import Picture, to_picture

INK = (38, 42, 48)
LINE_HEIGHT = 1.3  # of the font size


@checked
def montage(
    images: Sequence[Picture],
    *,
    captions: Sequence[str] | None = None,
    columns: int | None = None,
    title: str | None = None,
    pad: int = 16,
    font_size: int = 15,
    background: Any = "white",
) -> Image.Image:
    """A canvas of pictures in rows, each in the middle of its place, with its caption below.

    Args:
        images: Pillow images, bytes (H, W, 3) or tensors (C, H, W); they may differ in size.
        captions: One text for each image; long ones are broken at spaces, and a line break stays one.
        columns: Images in a row; by default all in one row up to five, else about a square.
        title: A text above all of them.
        pad: Space around each image, in pixels.
        font_size: Of the captions, in pixels; the title is larger by a third.
        background: Colour of the canvas.

    Raises:
        ValueError: No images, captions of another number, or `columns`, `pad` or `font_size` out of range.
    """
    pictures = [to_picture(image) for image in images]
    if not pictures:
        raise ValueError("`images` must have at least one image, got none.")
    if captions is not None and len(captions) != len(pictures):
        raise ValueError(f"`captions` must have one text for each of {len(pictures)} images, got {len(captions)}.")
    if columns is None:
        columns = len(pictures) if len(pictures) <= 5 else math.ceil(math.sqrt(len(pictures)))
    if columns < 1:
        raise ValueError(f"`columns` must be at least 1, got {columns}.")
    if pad < 0:
        raise ValueError(f"`pad` must not be negative, got {pad}.")
    if font_size < 1:
        raise ValueError(f"`font_size` must be at least 1 pixel, got {font_size}.")
    columns = min(columns, len(pictures))
    title_size = round(font_size * 4 / 3)
    font, title_font = ImageFont.load_default(font_size), ImageFont.load_default(title_size)
    line = math.ceil(font_size * LINE_HEIGHT)

    rows = [list(range(start, min(start + columns, len(pictures)))) for start in range(0, len(pictures), columns)]
    widths = [
        max(pictures[number].width for number in range(column, len(pictures), columns)) for column in range(columns)
    ]
    lines = [
        _broken(caption, font, widths[number % columns] + pad)
        for number, caption in enumerate(captions or [""] * len(pictures))
    ]
    heights = [max(pictures[number].height for number in row) for row in rows]
    texts = [max(len(lines[number]) for number in row) * line for row in rows]
    gap = round(font_size * 0.4)  # between a picture and its caption
    below = [text + gap if text else 0 for text in texts]
    width = sum(widths) + pad * (columns + 1)
    title_lines = [] if not title else _broken(title, title_font, width - 2 * pad)
    title_line = math.ceil(title_size * LINE_HEIGHT)
    top = len(title_lines) * title_line + (pad if title_lines else 0)
    height = top + sum(heights) + sum(below) + pad * (len(rows) + 1)

    canvas = Image.new("RGB", (width, height), parse_colour("background", background)[:3])
    pen = ImageDraw.Draw(canvas)
    for number, text in enumerate(title_lines):
        pen.text((width / 2, pad + (number + 0.5) * title_line), text, INK, title_font, anchor="mm")
    y = top + pad
    for row, row_height, text_height in zip(rows, heights, below, strict=True):
        x = pad
        for place, number in enumerate(row):
            picture = pictures[number]
            canvas.paste(picture, (x + (widths[place] - picture.width) // 2, y + (row_height - picture.height) // 2))
            for count, text in enumerate(lines[number]):
                position = (x + widths[place] / 2, y + row_height + gap + (count + 0.5) * line)
                pen.text(position, text, INK, font, anchor="mm")
            x += widths[place] + pad
        y += row_height + text_height + pad
    return canvas


def _broken(text: str, font: Any, width: float) -> list[str]:
    """The text in lines that are at most `width` wide where its words allow it; no lines for an empty text."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        lines.append("")
        for word in paragraph.split(" "):
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and font.getlength(longer) > width:
                lines.append(word)
            else:
                lines[-1] = longer
    return lines
