"""Where places in space appear to a viewer."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..arguments import check_fields

NEAREST = 1.0  # radii of the surface: a viewer must stand outside of the ball around it


@dataclass(frozen=True)
class Camera:
    """A viewer who looks at the middle of a surface.

    With azimuth and elevation 0 and y upwards the viewer stands on the axis of z: x is to the right, y up.

    Attributes:
        azimuth: Radians by which the viewer walks round the surface, counterclockwise seen from above.
        elevation: Radians by which the viewer rises, -pi/2 to pi/2.
        up: The direction in space that is upwards.
        distance: From the middle, in radii of the ball around the surface; by default the viewer is infinitely far, so
            that lengths across the line of sight are kept (the parallel projection).

    Raises:
        ValueError: A number that is not finite, an elevation beyond a quarter turn, no direction, a viewer inside.
    """

    azimuth: float = 0.0
    elevation: float = 0.0
    up: tuple[float, float, float] = (0.0, 1.0, 0.0)
    distance: float | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if abs(self.elevation) > math.pi / 2:
            raise ValueError(f"`elevation` must be between -pi/2 and pi/2, got {self.elevation!r}.")
        if not math.hypot(*self.up) > 0:
            raise ValueError(f"`up` must be a direction in space, got {self.up!r}.")
        if self.distance is not None and not self.distance > NEAREST:
            raise ValueError(f"`distance` must be more than {NEAREST:g} radius of the surface, got {self.distance!r}.")

    @property
    def axes(self) -> Float[np.ndarray, "3 3"]:
        """Rows: to the right, downwards, and towards the viewer."""
        up = np.array(self.up) / np.linalg.norm(self.up)
        ahead = np.array([0.0, 0.0, 1.0]) if abs(up[2]) < 0.9 else np.array([0.0, -1.0, 0.0])
        ahead -= (ahead @ up) * up
        ahead /= np.linalg.norm(ahead)
        right = np.cross(up, ahead)
        cos, sin = math.cos(self.azimuth), math.sin(self.azimuth)
        level, right = cos * ahead + sin * right, cos * right - sin * ahead
        towards = math.cos(self.elevation) * level + math.sin(self.elevation) * up
        return np.stack([right, np.cross(right, towards), towards])

    @property
    def widening(self) -> float:
        """How much wider than its middle the outline of the ball round the surface appears in perspective."""
        return 1.0 if self.distance is None else self.distance / math.sqrt(self.distance**2 - 1)

    def seen(self, pos: Float[np.ndarray, "n 3"]) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, " n"], float]:
        """Where places appear, (x, y) from the middle of the picture, y down; how near they are; and their radius.

        Nearness is linear on the picture of a plane: with a parallel projection the distance towards the viewer, in
        perspective 1 / distance from the viewer, in units such that it is 1 in the middle.
        """
        offset = pos - (pos.min(0) + pos.max(0)) / 2
        radius = float(np.linalg.norm(offset, axis=1).max())
        x, y, towards = self.axes @ offset.T
        flat = np.stack([x, y], axis=1)
        if self.distance is None:
            return flat, towards, radius
        nearness = 1.0 / (1.0 - towards / (self.distance * radius))
        return flat * nearness[:, None], nearness, radius
