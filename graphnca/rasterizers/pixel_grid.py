"""Where the pixels of a raster lie on a substrate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

Point = Sequence[float] | Float[Tensor, "2"]


@dataclass(frozen=True)
class PixelGrid:
    """A rectangle of square pixels in the plane of `pos`: x to the right, y down, row 0 on top, unless it is turned.

    With columns u and rows v counted in pixels from `origin`, and m = -1 where it is mirrored, otherwise 1, a point of
    it lies at

        x = origin_x + (m u cos angle - v sin angle) / scale
        y = origin_y + (m u sin angle + v cos angle) / scale

    So a pattern that was mirrored (x -> -x) and then turned from x towards y by the same angle, as `structured_seed`
    does it, appears in the raster as it was before.

    Attributes:
        height: Rows of pixels.
        width: Columns of pixels.
        origin: Corner (x, y) of the first pixel, in units of length.
        scale: Pixels per unit of length.
        angle: Radians by which rows and columns are turned about `origin`, from x towards y (clockwise on the screen).
        mirror: Whether the columns run the other way.
    """

    height: int
    width: int
    origin: tuple[float, float]
    scale: float
    angle: float = 0.0
    mirror: bool = False

    @classmethod
    def over(
        cls,
        topology: Data,
        height: int | None = None,
        width: int | None = None,
        *,
        origin: Point = (0.0, 0.0),
        centre: Point | None = None,
        scale: float = 1.0,
        angle: float = 0.0,
        mirror: bool = False,
    ) -> "PixelGrid":
        """The grid that covers a topology, or a part of it.

        Args:
            topology: One substrate of the contract, in the plane.
            height: Rows; by default as many as the extent has at this scale, rounded.
            width: Columns, likewise.
            origin: Corner of the top left pixel, in units. On a torus any point will do; the raster wraps.
            centre: A point that is to lie in the middle of pixel (height // 2, width // 2), instead of `origin`. That
                is the cell the published works seed on a square grid, so the raster centred on a seeded cell of a
                square grid is the grid itself, rolled: no pixel falls between cells.
            scale: Pixels per unit of length.
            angle: Radians by which the grid is turned, about `centre` or else about `origin`.
            mirror: Whether the columns run the other way from there.

        Raises:
            ValueError: A size or scale that is not positive and finite, an angle that is not finite, a centre together
                with an origin, or a topology that is a batch or does not lie in the plane.
        """
        check_planar(topology)
        check_scale(scale)
        extent_x, extent_y = topology["extent"][0].tolist()
        rows = pixel_count("height", height, extent_y * scale)
        columns = pixel_count("width", width, extent_x * scale)
        corner = _point("origin", origin)
        if centre is not None:
            if corner != (0.0, 0.0):
                raise ValueError(f"`origin` and `centre` exclude each other, got {corner} and {centre!r}.")
            return cls.centred(rows, columns, centre, scale=scale, angle=angle, mirror=mirror)
        return cls(rows, columns, corner, float(scale), _angle(angle), mirror)

    @classmethod
    def centred(
        cls,
        height: int,
        width: int,
        centre: Point = (0.0, 0.0),
        *,
        scale: float = 1.0,
        angle: float = 0.0,
        mirror: bool = False,
    ) -> "PixelGrid":
        """The grid with a point in the middle of pixel (height // 2, width // 2).

        The arguments are those of `over`.
        """
        check_scale(scale)
        x, y = _point("centre", centre)
        rows, columns = pixel_count("height", height), pixel_count("width", width)
        at_zero = cls(rows, columns, (0.0, 0.0), float(scale), _angle(angle), mirror)
        middle_x, middle_y = at_zero.position(columns // 2 + 0.5, rows // 2 + 0.5)
        return replace(at_zero, origin=(x - middle_x, y - middle_y))

    @property
    def num_pixels(self) -> int:
        """Pixels of the raster, height * width."""
        return self.height * self.width

    def position(self, u: Any, v: Any) -> tuple[Any, Any]:
        """The point (x, y), in units, at u columns and v rows from the corner of the first pixel: numbers or arrays."""
        cos, sin, along = math.cos(self.angle), math.sin(self.angle), -u if self.mirror else u
        x = self.origin[0] + (along * cos - v * sin) / self.scale
        y = self.origin[1] + (along * sin + v * cos) / self.scale
        return x, y

    def points(self, samples: int = 1, pixels: np.ndarray | None = None) -> np.ndarray:
        """Sampling points (P, samples^2, 2), float64: the centres of samples x samples equal parts of each pixel.

        Args:
            samples: Parts per pixel side.
            pixels: Numbers (P,) of the pixels, row by row; by default all of them.
        """
        numbers = np.arange(self.num_pixels) if pixels is None else pixels
        row, column = np.divmod(numbers, self.width)
        fine = (np.arange(samples) + 0.5) / samples
        u = column[:, None, None] + fine[None, None, :]
        v = row[:, None, None] + fine[None, :, None]
        points = np.empty((len(numbers), samples, samples, 2))
        points[..., 0], points[..., 1] = self.position(u, v)
        return points.reshape(len(numbers), samples * samples, 2)


def check_planar(topology: Data) -> None:
    """Raises ValueError unless `topology` is one substrate with positions in the plane."""
    pos, extent = topology.get("pos"), topology.get("extent")
    if pos is None or pos.dim() != 2 or pos.size(1) != 2:
        shape = None if pos is None else tuple(pos.shape)
        raise ValueError(f"`topology` must have positions in the plane, `pos` of shape (N, 2), got {shape}.")
    if extent is None or tuple(extent.shape) != (1, 2):
        shape = None if extent is None else tuple(extent.shape)
        raise ValueError(f"`topology` must be one substrate, `extent` of shape (1, 2), got {shape}.")


def check_samples(samples: int) -> None:
    """Raises ValueError unless `samples` is a positive whole number."""
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise ValueError(f"`samples` must be a positive whole number of points per pixel side, got {samples!r}.")


def check_scale(scale: float) -> None:
    """Raises ValueError unless `scale` is a positive number."""
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"`scale` must be a positive number of pixels per unit, got {scale!r}.")


def pixel_count(name: str, given: int | None, default: float = 1.0) -> int:
    """A side of a raster, by default rounded from a length in pixels; raises ValueError unless it is 1 or more."""
    count = max(1, round(default)) if given is None else given
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"`{name}` must be a positive whole number of pixels, got {given!r}.")
    return count


def _angle(angle: float) -> float:
    if not math.isfinite(angle):
        raise ValueError(f"`angle` must be a finite number of radians, got {angle!r}.")
    return float(angle)


def _point(name: str, point: Point) -> tuple[float, float]:
    values = [float(value) for value in point]
    if len(values) != 2 or not all(math.isfinite(value) for value in values):
        raise ValueError(f"`{name}` must be a point (x, y) of two finite numbers, got {point!r}.")
    return values[0], values[1]
