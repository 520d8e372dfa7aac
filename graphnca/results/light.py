"""Light copies of a result's pictures: what is published stays in a repository's history, in every clone.

A result is drawn as large as it is worth looking at, into its own folder; the documentation shows it in the width of a
page. The limits let a hundred results with a figure and an animation each fit into 15 MB.
"""

import os
from collections.abc import Iterator

from PIL import Image, ImageSequence

from ..atomic_file import write_atomically
from ..drawing.animation import webp_animation
from ..drawing.images import Picture, to_picture, webp_image

WIDTH = 1200  # pixels of a figure: a page of the documentation is no wider
ANIMATION_WIDTH = 640  # three patterns of 200 pixels side by side
FIGURE_BYTES = 70_000
ANIMATION_BYTES = 70_000
FIGURE_QUALITY = 75  # of libwebp's 0-100: two thirds of the bytes of 85, at which a result draws for itself
SMALLER = 0.9  # each try of a figure that is still too heavy
SMALLEST = 0.6  # of the width that a page can show: below it captions can't be read
# Every how many frames, at which quality of libwebp's 0-100, the gentlest first: a texture that moves in a third of its
# frames is better to look at than one that has lost its strands.
GENTLEST_FIRST = ((1, 75), (1, 55), (2, 65), (2, 50), (2, 40), (3, 55), (3, 45), (4, 45), (5, 45))


def light_picture(path: str | os.PathLike[str], picture: Picture, most: int = FIGURE_BYTES) -> None:
    """Writes a picture as WebP, at most `WIDTH` wide, and smaller until it takes at most `most` bytes.

    It never becomes smaller than `SMALLEST` of that; one that is still heavier is written as it then is.
    """
    whole = to_picture(picture)
    full = min(1.0, WIDTH / whole.width)
    scale = full
    while True:
        size = (round(whole.width * scale), round(whole.height * scale))
        shown = whole if scale == 1 else whole.resize(size, Image.Resampling.LANCZOS)
        data = webp_image(shown, FIGURE_QUALITY)
        if len(data) <= most or scale * SMALLER < full * SMALLEST:
            write_atomically(path, data)
            return
        scale *= SMALLER


def light_figure(source: str | os.PathLike[str], path: str | os.PathLike[str], most: int = FIGURE_BYTES) -> None:
    """Writes a still picture's file again, as `light_picture` does."""
    with Image.open(source) as opened:
        light_picture(path, opened, most)


def light_animation(source: str | os.PathLike[str], path: str | os.PathLike[str], most: int = ANIMATION_BYTES) -> None:
    """Writes an animation again as WebP, with fewer frames and a lower quality until it takes at most `most` bytes.

    It keeps its first and its last frame and its length, and becomes at most `ANIMATION_WIDTH` wide; one that is still
    heavier is written as it then is.
    """
    with Image.open(source) as opened:
        frames, durations = zip(*_frames(opened), strict=True)
        loop = opened.info.get("loop", 1) == 0
    scale = min(1.0, ANIMATION_WIDTH / frames[0].width)
    size = (round(frames[0].width * scale), round(frames[0].height * scale))
    frames = [frame.resize(size, Image.Resampling.LANCZOS) if scale < 1 else frame for frame in frames]
    data = b""
    for every, quality in GENTLEST_FIRST:
        kept = sorted({*range(0, len(frames), every), len(frames) - 1})
        ends = [*kept[1:], len(frames)]
        lengths = [sum(durations[start:end]) for start, end in zip(kept, ends, strict=True)]
        data = webp_animation([frames[number] for number in kept], lengths, loop=loop, quality=quality)
        if len(data) <= most:
            break
    write_atomically(path, data)


def _frames(opened: Image.Image) -> Iterator[tuple[Image.Image, int]]:
    """The frames with their milliseconds."""
    for frame in ImageSequence.Iterator(opened):
        yield frame.convert("RGB"), round(frame.info.get("duration", 0))
