"""Each pixel interpolates between the three cells around it."""

import numpy as np
from jaxtyping import Float
from scipy.spatial import Delaunay, QhullError
from torch import Tensor, nn
from torch_geometric.data import Data

from ..arguments import checked
from .locate import CellLocator
from .pixel_grid import PixelGrid, Point, check_samples
from .sampling import Sampling

FIRST_MARGIN = 4.0  # units of torus repeated around the substrate at first; doubled until the triangulation is certain
ROUNDING = 1e-9  # share of a cell that is rounding error: float64 geometry at distances of order one


class Barycentric(nn.Module):
    """States of cells as an image, linear on each triangle of the Delaunay triangulation of the cell centres.

    A field that is linear in the position is drawn exactly, and a pixel centred on a cell has that cell's state: on
    `square_grid` with one pixel per unit the raster equals that of `NearestCell`. On a torus it wraps. On an open
    domain a pixel beyond the outermost centres has the state of the nearest cell, and a pixel outside the extent is 0.

    The arguments are those of `NearestCell`, and so is the shape: states (..., N, C) -> images (..., C, height,
    width), differentiable in the states, three weights a pixel.

    Args:
        topology: One substrate of the contract, in the plane.
        height: Rows of the image; by default those of the extent, round(extent * scale).
        width: Columns of the image, likewise.
        origin: Corner (x, y) of the top left pixel, in units; may be negative.
        centre: Instead of `origin`: a point (x, y) in the middle of pixel (height // 2, width // 2).
        scale: Pixels per unit of length.
        angle: Radians by which the raster is turned about `centre` or `origin`, from x towards y (clockwise on the
            screen): a pattern that is turned by as much stands upright in it.
        mirror: Whether the raster's columns run the other way, before it is turned: a pattern grown from
            `structured_seed(..., angle=angle, mirror=mirror)` looks as if it had been grown without either.
        samples: Points per pixel side over which each pixel is averaged.

    Raises:
        ValueError: A size, scale, angle, point or `samples` out of range, a topology that is a batch or not planar, or
            a bounded domain whose centres all lie on one line.
    """

    @checked
    def __init__(
        self,
        topology: Data,
        height: int | None = None,
        width: int | None = None,
        *,
        origin: Point = (0.0, 0.0),
        centre: Point | None = None,
        scale: float = 1.0,
        angle: float = 0.0,
        mirror: bool = False,
        samples: int = 1,
    ) -> None:
        super().__init__()
        check_samples(samples)
        self.grid = PixelGrid.over(
            topology, height, width, origin=origin, centre=centre, scale=scale, angle=angle, mirror=mirror
        )
        locator = CellLocator(topology)
        points = self.grid.points(samples).reshape(-1, 2)
        pixel = np.repeat(np.arange(self.grid.num_pixels), samples**2)
        inside = locator.inside(points)
        cell, share = interpolation_weights(locator, points[inside])
        self.sampling = Sampling(
            np.repeat(pixel[inside], 3),
            cell.reshape(-1),
            share.reshape(-1) / samples**2,
            topology["pos"].size(0),
            self.grid.height,
            self.grid.width,
        )

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b c h w"]:
        """The images (..., C, height, width) of states (..., N, C)."""
        return self.sampling(states)


def interpolation_weights(locator: CellLocator, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The three cells around each point (P, 2) and their barycentric weights, both (P, 3).

    Beyond the outermost centres of a bounded domain, and in triangles without area, the nearest cell has weight 1.

    Raises:
        ValueError: A bounded domain whose centres all lie on one line.
    """
    points = locator.wrap(points)
    corners, owner, simplex = _triangles_around(locator, points)
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    double_area = _cross(b - a, c - a)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = _cross(b - points, c - points) / double_area
        second = _cross(c - points, a - points) / double_area
    share = np.stack([first, second, 1.0 - first - second], axis=1)
    share = np.where(np.abs(share) < ROUNDING, 0.0, share)
    share = np.where(np.abs(share - 1.0) < ROUNDING, 1.0, share)
    alone = (simplex < 0) | (np.abs(double_area) < ROUNDING) | (share < 0.0).any(1)
    owner[alone, 0] = locator.nearest(points[alone])[1][:, 0]
    share[alone] = [1.0, 0.0, 0.0]
    return owner, share


def _triangles_around(locator: CellLocator, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each point the corners (P, 3, 2) of its triangle, the cells at them (P, 3), and the triangle's number.

    On a torus the substrate is repeated around its border. A triangle of that larger set is one of the torus if its
    circumscribed circle, which contains no centre, lies within the set; until that holds for all of them, more of
    the torus is repeated. A circle wider than the torus' diagonal cannot be empty, so this ends.
    """
    margin = FIRST_MARGIN if locator.periodic else 0.0
    while True:
        centres, owner = _repeat(locator, margin)
        try:
            mesh = Delaunay(centres)
        except (QhullError, ValueError) as error:
            if not locator.periodic:
                raise ValueError(
                    f"`topology` must have three cells that are not on one line to interpolate between, got "
                    f"{len(centres)} cells without a triangle; NearestCell draws them."
                ) from error
            margin *= 2.0
            continue
        simplex = mesh.find_simplex(points)
        triangle = mesh.simplices[simplex]
        corners = centres[triangle]
        if not locator.periodic or margin > 2.0 * np.hypot(*locator.extent):
            return corners, owner[triangle], simplex
        if (simplex >= 0).all() and _circles_within(corners, -margin, locator.extent + margin):
            return corners, owner[triangle], simplex
        margin *= 2.0


def _repeat(locator: CellLocator, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """The centres of a torus and of its copies within `margin` around it, and the cells they belong to."""
    centres, cells = locator.wrap(locator.pos), np.arange(len(locator.pos))
    if margin == 0.0:
        return centres, cells
    turns_x, turns_y = np.ceil(margin / locator.extent).astype(int)
    parts = []
    for i in range(-turns_x, turns_x + 1):
        for j in range(-turns_y, turns_y + 1):
            moved = centres + locator.extent * [i, j]
            near = ((moved >= -margin) & (moved <= locator.extent + margin)).all(1)
            parts.append((moved[near], cells[near]))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _circles_within(corners: np.ndarray, low: float, high: np.ndarray) -> bool:
    """Whether the circumscribed circles of triangles (P, 3, 2) lie within [low, high]."""
    b, c = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    double_area = _cross(b, c)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        offset = (np.square(b).sum(1, keepdims=True) * c - np.square(c).sum(1, keepdims=True) * b) / (2.0 * double_area)
    middle = corners[:, 0] + np.stack([offset[:, 1], -offset[:, 0]], axis=1)
    radius = np.hypot(offset[:, 0], offset[:, 1])[:, None]
    # a triangle without area has no circle; the nearest cell takes its points
    return bool(((middle - radius >= low) & (middle + radius <= high) | (double_area == 0.0)).all())


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
