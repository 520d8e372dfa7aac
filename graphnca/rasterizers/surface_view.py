"""A surface in space as a viewer sees it."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import Data

from ..arguments import checked
from .camera import Camera
from .covering import covering
from .fans import cell_triangles
from .pixel_grid import PixelGrid, check_samples
from .sampling import Sampling

Interpolation = Literal["barycentric", "nearest"]
MARGIN = 1.05  # of the ball around a surface, that a picture shows by default


class SurfaceView(nn.Module):
    """States of the cells of a surface in space as an image, seen by a camera; what is hidden is not seen.

    The triangles between cells are the surface. A pixel shows the nearest of them: interpolated between its three
    corners, or the state of the corner that is nearest in space. Beside the surface pixels are 0.

    Args:
        topology: One substrate of the contract, a surface in space.
        height: Rows of the image.
        width: Columns of the image; as many as rows by default.
        camera: Where the viewer stands.
        scale: Pixels per unit of length, of a perspective camera in the middle of the surface; by default the whole
            surface fits, however it is turned.
        interpolation: Between the corners of a triangle.
        samples: Points per pixel side over which each pixel is averaged.

    Shape:
        states (..., N, C) -> images (..., C, height, width), differentiable in the states.

    Raises:
        ValueError: A size, scale or `samples` out of range, or a topology that is no surface in space.
    """

    @checked
    def __init__(
        self,
        topology: Data,
        height: int = 256,
        width: int | None = None,
        *,
        camera: Camera | None = None,
        scale: float | None = None,
        interpolation: Interpolation = "barycentric",
        samples: int = 1,
    ) -> None:
        super().__init__()
        check_samples(samples)
        triangles = cell_triangles(topology)
        pos = topology["pos"].detach().cpu().double().numpy()
        width = height if width is None else width
        for name, count in (("height", height), ("width", width)):
            if count < 1:
                raise ValueError(f"`{name}` must be a positive whole number of pixels, got {count!r}.")
        camera = camera or Camera()
        flat, nearness, radius = camera.seen(pos)
        scale = min(height, width) / (2 * MARGIN * camera.widening * radius) if scale is None else scale
        if not scale > 0:
            raise ValueError(f"`scale` must be a positive number of pixels per unit, got {scale!r}.")
        self.grid = PixelGrid(height, width, (-width / 2 / scale, -height / 2 / scale), scale)

        points = self.grid.points(samples).reshape(-1, 2)
        pairs = covering(flat[triangles], points)
        near = pairs.share * nearness[triangles[pairs.triangle]]
        seen = pairs.first(-near.sum(1), len(points))
        cells, share = triangles[pairs.triangle[seen]], pairs.share[seen]
        if camera.distance is not None:  # the nearer a corner is, the more its share on the picture is one in space
            share = near[seen] / near[seen].sum(1, keepdims=True)
        self.sampling = Sampling(
            *weighted(pairs.point[seen] // samples**2, cells, share, pos, interpolation, samples),
            len(pos),
            height,
            width,
        )

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b c h w"]:
        """The images (..., C, height, width) of states (..., N, C)."""
        return self.sampling(states)


def weighted(
    pixel: np.ndarray, cells: np.ndarray, share: np.ndarray, pos: np.ndarray, interpolation: Interpolation, samples: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Entries (pixel, cell, weight) of points that lie at shares (K, 3) of triangles of cells (K, 3)."""
    if interpolation == "nearest":
        corners = pos[cells]
        place = (share[..., None] * corners).sum(1, keepdims=True)
        nearest = np.square(corners - place).sum(2).argmin(1)
        return pixel, cells[np.arange(len(cells)), nearest], np.full(len(cells), 1.0 / samples**2)
    return np.repeat(pixel, 3), cells.ravel(), share.ravel() / samples**2
