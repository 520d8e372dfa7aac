"""A surface in space unrolled around a cell."""

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import Data

from ..arguments import checked
from ..places import Place, cell_at
from .interpolation import Interpolation, entries
from .pixel_grid import PixelGrid, check_samples
from .sampling import Sampling
from .unrolled_cells import UnrolledCells

ONE_TO_ONE = 0.99  # share of a disk that must be covered once: a few slivers of triangles turn over on any surface


class TangentPatch(nn.Module):
    """States of the cells of a surface in space as an image of the surface laid flat around a cell.

    Every cell lies at its distance along the surface, in its direction in the middle cell's frame (the logarithmic
    map), so the image shows a pattern that grew there as it would look in the plane: on a flat surface it is the
    raster of the plane, centred on the cell. Where the surface ends, or is smaller than the image, pixels are 0.

    The patch is one to one if its disk of half the shorter side is covered by the surface exactly once. On a sphere
    that holds up to almost half its circumference; an ear is narrower than a patch that reaches round it, and shows
    twice.

    Args:
        topology: One substrate of the contract, a surface in space.
        height: Rows of the image.
        width: Columns of the image; as many as rows by default.
        at: The cell, or a point in space that it is nearest to; it lies in the middle of pixel
            (height // 2, width // 2). By default cell 0, where seeds lie too.
        scale: Pixels per unit of length.
        angle: Radians by which the raster is turned about the cell, in its frame from x towards y.
        mirror: Whether the raster's columns run the other way, before it is turned.
        interpolation: Between the corners of a triangle of cells.
        samples: Points per pixel side over which each pixel is averaged.

    Attributes:
        covered_once: Share of the disk's pixels over which the surface lies exactly once.

    Shape:
        states (..., N, C) -> images (..., C, height, width), differentiable in the states.

    Raises:
        ValueError: A size, scale, angle or `samples` out of range, no such cell, or a topology that is no surface in
            space.
    """

    @checked
    def __init__(
        self,
        topology: Data,
        height: int,
        width: int | None = None,
        *,
        at: Place | None = None,
        scale: float = 1.0,
        angle: float = 0.0,
        mirror: bool = False,
        interpolation: Interpolation = "barycentric",
        samples: int = 1,
    ) -> None:
        super().__init__()
        check_samples(samples)
        self.grid = PixelGrid.centred(
            height, height if width is None else width, scale=scale, angle=angle, mirror=mirror
        )
        points = self.grid.points(samples).reshape(-1, 2)
        cells = UnrolledCells(topology, cell_at(topology, at), float(np.hypot(*points.T).max()))
        point, corners, share = cells.around(points)
        pixel, cell, weight = entries(point // samples**2, corners, share, cells.places, interpolation)
        self.sampling = Sampling(pixel, cell, weight / samples**2, len(cells.places), self.grid.height, self.grid.width)
        middles = self.grid.points()[:, 0]
        disk = middles[np.hypot(*middles.T) <= min(self.grid.height, self.grid.width) / 2 / scale]
        self.covered_once = float((cells.times_covered(disk) == 1).mean())

    @property
    def one_to_one(self) -> bool:
        """Whether no place of the disk is missing or shown twice, but for slivers."""
        return self.covered_once >= ONE_TO_ONE

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b c h w"]:
        """The images (..., C, height, width) of states (..., N, C)."""
        return self.sampling(states)
