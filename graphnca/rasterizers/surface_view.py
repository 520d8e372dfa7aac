"""A surface in space as a viewer sees it."""

from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import Data

from ..arguments import checked
from .camera import Camera
from .covering import covering
from .fans import cell_triangles
from .interpolation import Interpolation, entries
from .pixel_grid import PixelGrid, check_samples, check_scale, pixel_count
from .sampling import Sampling

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
        height, width = pixel_count("height", height), pixel_count("width", width, height)
        camera = camera or Camera()
        flat, nearness, radius = camera.seen(pos)
        scale = min(height, width) / (2 * MARGIN * camera.widening * radius) if scale is None else scale
        check_scale(scale)
        self.grid = PixelGrid(height, width, (-width / 2 / scale, -height / 2 / scale), scale)

        points = self.grid.points(samples).reshape(-1, 2)
        pairs = covering(flat[triangles], points)
        near = pairs.share * nearness[triangles[pairs.triangle]]
        seen = pairs.first(-near.sum(1), len(points))
        cells, share = triangles[pairs.triangle[seen]], pairs.share[seen]
        if camera.distance is not None:  # the nearer a corner is, the more its share on the picture is one in space
            share = near[seen] / near[seen].sum(1, keepdims=True)
        pixel, cell, weight = entries(pairs.point[seen] // samples**2, cells, share, pos, interpolation)
        self.sampling = Sampling(pixel, cell, weight / samples**2, len(pos), height, width)

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b c h w"]:
        """The images (..., C, height, width) of states (..., N, C)."""
        return self.sampling(states)
