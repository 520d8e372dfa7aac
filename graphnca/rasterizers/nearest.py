"""Each pixel shows the cell that contains it."""

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import Data

from ..arguments import checked
from .locate import CellLocator
from .pixel_grid import PixelGrid, Point, check_samples
from .sampling import Sampling


class NearestCell(nn.Module):
    """States of cells as an image: each pixel has the state of the cell that contains its centre.

    The cell that contains a point is the one with the nearest centre, which is exact for squares, hexagons and
    Voronoi cells. On `square_grid` with one pixel per unit the raster is a reshape of the states. On a torus it
    wraps; on a bounded domain pixels outside the extent are 0.

    Args:
        topology: One substrate of the contract, in the plane.
        height: Rows of the image; by default those of the extent, round(extent * scale).
        width: Columns of the image, likewise.
        origin: Corner (x, y) of the top left pixel, in units; may be negative.
        centre: Instead of `origin`: a point (x, y) that is to lie in the middle of pixel (height // 2, width // 2).
            A 72 x 72 raster centred on the seeded cell shows a pattern alike on every substrate, and on the square
            grid it is the grid itself, rolled.
        scale: Pixels per unit of length.
        angle: Radians by which the raster is turned about `centre` or `origin`, from x towards y (clockwise on the
            screen): a pattern that is turned by as much stands upright in it.
        mirror: Whether the raster's columns run the other way, before it is turned: a pattern grown from
            `structured_seed(..., angle=angle, mirror=mirror)` looks as if it had been grown without either.
        samples: Points per pixel side; each pixel is the mean over samples x samples points, which for scale < 1 or
            for smooth cell borders tends to the mean weighted by covered area.

    Shape:
        states (..., N, C) -> images (..., C, height, width), differentiable in the states.

    Raises:
        ValueError: A size, scale, angle, point or `samples` out of range, or a topology that is a batch or not planar.
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
        pixel, cell, weight = cell_coverage(CellLocator(topology), self.grid, samples)
        self.sampling = Sampling(pixel, cell, weight, topology["pos"].size(0), self.grid.height, self.grid.width)

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b c h w"]:
        """The images (..., C, height, width) of states (..., N, C)."""
        return self.sampling(states)


def cell_coverage(locator: CellLocator, grid: PixelGrid, samples: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The share of each pixel that each cell covers, estimated with samples x samples points.

    Returns:
        pixel (K,), cell (K,) and share (K,): one entry for each point, or one for a whole pixel within one cell. The
        shares of a pixel sum to 1, or less where it reaches over the border of a bounded domain.
    """
    points = grid.points()[:, 0]
    if samples == 1:
        pixel = np.flatnonzero(locator.inside(points))
        return pixel, locator.nearest(points[pixel])[1][:, 0], np.ones(len(pixel))
    # Within distance r of a point the nearest cell stays the same if the second nearest is more than 2 r farther off.
    radius = np.sqrt(0.5) / grid.scale
    reach = np.array([[-radius, -radius], [radius, radius]])  # a turned pixel reaches as far as its corners
    distance, cell = locator.nearest(points, 2)
    whole = (distance[:, 1] - distance[:, 0] > 2.0 * radius + 1.0e-4) & locator.inside(points[:, None] + reach).all(-1)
    split = np.flatnonzero(~whole)
    parts = grid.points(samples, split)
    inside = locator.inside(parts)
    part_pixel = np.broadcast_to(split[:, None], inside.shape)[inside]
    part_cell = locator.nearest(parts[inside])[1][:, 0]
    share = np.full(len(part_pixel), 1.0 / samples**2)
    pixel = np.concatenate([np.flatnonzero(whole), part_pixel])
    return pixel, np.concatenate([cell[whole, 0], part_cell]), np.concatenate([np.ones(whole.sum()), share])
