"""A surface in space that turns before the viewer."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

from torch_geometric.data import Data

from ..arguments import checked, finite
from ..rasterizers import Camera
from .surface import SurfaceCanvas


@checked
def turntable(
    topology: Data, camera: Camera, count: int, *, turns: float = 1.0, **options: Any
) -> Iterator[SurfaceCanvas]:
    """Canvases for `count` frames, in which the viewer walks round a surface; the last step leads back to the first.

    For example `save_animation("bunny.webp", (canvas.draw(state) for canvas in turntable(bunny, Camera(), 90)))`.

    Args:
        topology: A surface in space.
        camera: Where the viewer stands in the first frame.
        count: How many frames.
        turns: Rounds; negative ones the other way, 0 stands still.
        options: Of `SurfaceCanvas`.

    Raises:
        ValueError: A count below 1, or a wrong option.
    """
    if count < 1:
        raise ValueError(f"`count` must be at least 1 frame, got {count}.")
    finite(turns=turns)
    first = SurfaceCanvas(topology, camera=camera, **options)
    if not turns:
        return repeat(first, count)
    angles = (camera.azimuth + 2 * math.pi * turns * frame / count for frame in range(1, count))
    others = (SurfaceCanvas(topology, camera=replace(camera, azimuth=angle), **options) for angle in angles)
    return chain([first], others)
