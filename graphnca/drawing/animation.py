"""Animations: WebP and GIF with Pillow alone, MP4 with the extra `[video]`."""

import contextlib
import io
import math
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.spatial import KDTree

from ..arguments import checked
from ..atomic_file import write_atomically
from ..optional_module import optional_module
from .images import Picture, to_picture

GIF_TICK = 0.01  # seconds: GIF delays are whole hundredths
# Frames per second: browsers slow down a GIF's delays below two hundredths of a second, and a WebP's up to one.
FASTEST = {".gif": 50.0, ".webp": 90.0, ".mp4": math.inf}
PALETTE_COLOURS = 255  # one of GIF's 256 is kept for "as before"
PALETTE_FRAMES = 32  # frames from which the palette is chosen, evenly spread
# Of libwebp's 0-100, its default: a third of the GIF's bytes (324 against 988, 287 against 709, 112 against 385 kB) at
# 29-38 dB, no difference to be seen in motion; lossless is as large as the GIF. Few colours come out lossless.
WEBP_QUALITY = 75
WEBP_EFFORT = 3  # of 0-6; Pillow's 0 takes a tenth to a third more bytes, from 4 on a frame takes ten times as long
VIDEO_QUALITY = 18  # x264 constant rate factor; 18 is hardly distinguishable from lossless


@checked
def save_animation(
    path: str | os.PathLike[str], frames: Iterable[Picture], *, fps: float = 30.0, loop: bool = True
) -> None:
    """Writes frames as an animation, whole or not at all; the suffix says the format, .webp, .gif or .mp4.

    A WebP is a third of the GIF, in all colours, each frame lossy or lossless, whichever is smaller. A GIF has one
    palette for all frames, without dithering, so that what stands still does not flicker, and stores of each frame only
    what changed. In both, frames that equal their predecessor lengthen it. An MP4 (H.264) needs the extra `[video]` and
    is written frame by frame, so a generator of many frames is fine.

    Args:
        path: The file to create or replace, in an existing folder.
        frames: Pillow images, bytes (H, W, 3) or tensors (C, H, W), all of one size.
        fps: Frames per second. A GIF counts hundredths of a second, a WebP thousandths: delays are rounded so that the
            whole keeps its length; more than 50 (GIF) or 90 (WebP) is an error.
        loop: Whether a GIF or WebP starts again at its end. An MP4 leaves that to the player.

    Raises:
        ValueError: No frames, frames of different sizes, an unknown suffix, or `fps` out of range.
        FileNotFoundError: The folder does not exist.
        ImportError: .mp4 without the extra `[video]`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FASTEST:
        raise ValueError(f"`path` must end in .webp, .gif or .mp4, got {str(path)!r}.")
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"`fps` must be a positive number of frames per second, got {fps!r}.")
    if fps > FASTEST[suffix]:
        kind = {".gif": "GIF", ".webp": "WebP"}[suffix]
        raise ValueError(
            f"`fps` of a {kind} must be at most {FASTEST[suffix]:g}, got {fps:g}; draw fewer frames, or an .mp4."
        )
    if not Path(path).resolve().parent.is_dir():  # before the work, not after it
        raise FileNotFoundError(f"`path` must lie in an existing folder, got {str(path)!r}.")
    pictures = _same_size(frames)
    if suffix == ".mp4":
        data = _mp4(pictures, fps)
    else:
        data = (_gif if suffix == ".gif" else _webp)(list(pictures), fps, loop)
    write_atomically(path, data)


def _same_size(frames: Iterable[Picture]) -> Iterator[Image.Image]:
    pictures = (to_picture(frame) for frame in frames)
    first = next(pictures, None)
    if first is None:
        raise ValueError("`frames` must have at least one frame, got none.")

    def checked() -> Iterator[Image.Image]:
        for number, picture in enumerate(chain([first], pictures)):
            if picture.size != first.size:
                raise ValueError(
                    f"`frames` must all be of one size, got {picture.size} after {first.size}, at frame {number}."
                )
            yield picture

    return checked()


def _webp(frames: list[Image.Image], fps: float, loop: bool) -> bytes:
    ends = [round((number + 1) / fps * 1000) for number in range(len(frames))]  # milliseconds
    pages: list[Image.Image] = []
    durations: list[int] = []
    for number, frame in enumerate(frames):
        milliseconds = ends[number] - (ends[number - 1] if number else 0)
        if number and frame.tobytes() == frames[number - 1].tobytes():
            durations[-1] += milliseconds
            continue
        pages.append(frame)
        durations.append(milliseconds)
    return webp_animation(pages, durations, loop=loop)


def webp_animation(
    frames: list[Image.Image], milliseconds: list[int], *, loop: bool = True, quality: int = WEBP_QUALITY
) -> bytes:
    """The bytes of an animated WebP of RGB pictures, each shown for so long; `quality` is libwebp's, 0 to 100."""
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        format="WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=milliseconds,
        loop=0 if loop else 1,
        quality=quality,
        method=WEBP_EFFORT,
        allow_mixed=True,
        minimize_size=True,
    )
    return buffer.getvalue()


def _gif(frames: list[Image.Image], fps: float, loop: bool) -> bytes:
    colours = _shared_palette(frames)
    tree = KDTree(colours.astype(np.float64))
    nearest = np.full(1 << 24, -1, dtype=np.int16)  # palette number of each colour, filled as colours occur
    ends = [round((number + 1) / fps / GIF_TICK) for number in range(len(frames))]
    pages: list[Image.Image] = []
    durations: list[int] = []
    previous = np.empty(0)
    for number, frame in enumerate(frames):
        milliseconds = (ends[number] - (ends[number - 1] if number else 0)) * 10
        packed = _packed(frame)
        unknown = np.unique(packed[nearest[packed] < 0])
        nearest[unknown] = tree.query(_unpacked(unknown))[1]
        indexed = nearest[packed].astype(np.uint8)
        if number and np.array_equal(indexed, previous):
            durations[-1] += milliseconds
            continue
        shown = np.where(indexed == previous, PALETTE_COLOURS, indexed).astype(np.uint8) if number else indexed
        previous = indexed
        page = Image.fromarray(shown.reshape(frame.height, frame.width))
        page.putpalette(colours.tobytes())
        pages.append(page)
        durations.append(milliseconds)
    buffer = io.BytesIO()
    pages[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=pages[1:],
        duration=durations,
        transparency=PALETTE_COLOURS,
        disposal=1,
        optimize=False,
        **({"loop": 0} if loop else {}),
    )
    return buffer.getvalue()


def _shared_palette(frames: list[Image.Image]) -> np.ndarray:
    """Up to 255 colours (K, 3) that suit all frames; the most frequent one, the background, is exact."""
    chosen = np.linspace(0, len(frames) - 1, min(len(frames), PALETTE_FRAMES)).round().astype(int)
    packed, counts = np.unique(np.concatenate([_packed(frames[number]) for number in chosen]), return_counts=True)
    if len(packed) <= PALETTE_COLOURS:
        return _unpacked(packed)
    # Every colour counts by the root of how often it occurs: a white background must not use up the palette.
    sample = np.repeat(_unpacked(packed), np.ceil(np.sqrt(counts)).astype(np.int64), axis=0)
    quantized = Image.fromarray(sample[None]).quantize(PALETTE_COLOURS - 1, method=Image.Quantize.MEDIANCUT, kmeans=1)
    colours = np.asarray(quantized.getpalette(), dtype=np.uint8).reshape(-1, 3)[: PALETTE_COLOURS - 1]
    return np.concatenate([_unpacked(packed[[counts.argmax()]]), colours])


def _packed(frame: Image.Image) -> np.ndarray:
    """The colours of the pixels, row by row, as one number each."""
    pixels = np.asarray(frame).reshape(-1, 3).astype(np.int32)
    return pixels[:, 0] << 16 | pixels[:, 1] << 8 | pixels[:, 2]


def _unpacked(packed: np.ndarray) -> np.ndarray:
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1).astype(np.uint8)


def video_writer() -> Any:
    """The module that films are written with, so that its absence is found before there are frames.

    Raises:
        ImportError: It is not installed.
    """
    return optional_module("imageio_ffmpeg", extra="video", doing="Writing .mp4, unlike .webp,")


def _mp4(frames: Iterator[Image.Image], fps: float) -> bytes:
    ffmpeg = video_writer()
    first = next(frames)
    width, height = first.width + first.width % 2, first.height + first.height % 2  # H.264 halves the colours' size
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{fps:.6g}", "-i", "-"]
    coding = ["-an", "-c:v", "libx264", "-crf", str(VIDEO_QUALITY), "-pix_fmt", "yuv420p", "-movflags", "+faststart"]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as messages:
        file = Path(folder) / "animation.mp4"  # ffmpeg goes back to its beginning, so it cannot be a pipe
        command = [ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *source, *coding, str(file)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=messages) as process:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # ffmpeg gave up: it says why in its messages
                for frame in chain([first], frames):
                    margin = ((0, height - frame.height), (0, width - frame.width), (0, 0))
                    process.stdin.write(np.pad(np.asarray(frame), margin, mode="edge").tobytes())
                process.stdin.close()
        if process.returncode:
            messages.seek(0)
            raise RuntimeError(f"ffmpeg failed to write the video: {messages.read().decode(errors='replace').strip()}")
        return file.read_bytes()
