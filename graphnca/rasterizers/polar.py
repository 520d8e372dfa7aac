"""Polar coordinates: turning a pattern becomes shifting the angle axis."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import Data

from ..places import Place, cell_at
from .barycentric import interpolation_weights
from .interpolation import entries
from .locate import CellLocator
from .pixel_grid import check_planar
from .sampling import Sampling
from .unrolled_cells import UnrolledCells


class Polar(nn.Module):
    """Images on rings around their middle: (..., C, H, W) -> (..., C, R, A), differentiable.

    The sample at radius r and angle t lies at x = W/2 + r L/2 cos t, y = H/2 + r L/2 sin t with L = max(H, W), in
    pixels from the upper left corner, so r = 1 touches the borders at the ends of the longer side. y points down:
    growing t turns **clockwise on the screen**. Between pixel centres the sample is bilinear, outside the image it
    is 0. These are the samples that `torch.nn.functional.grid_sample` takes by default; here the weights are computed
    once, in float64, and applied as one sparse product.

    Args:
        height: H, in pixels.
        width: W, in pixels.
        radii: R radii, in units of half the longer side.
        angles: A angles, in radians.

    Raises:
        ValueError: A height or width below 1.
    """

    def __init__(self, height: int, width: int, radii: Float[Tensor, " r"], angles: Float[Tensor, " a"]) -> None:
        super().__init__()
        if height < 1 or width < 1:
            raise ValueError(f"`height` and `width` must be at least 1 pixel, got {height} and {width}.")
        self.height, self.width = height, width
        points = _ring_points(radii, angles, middle=(width / 2, height / 2), unit=max(height, width) / 2)
        sample, pixel, weight = _bilinear_weights(points - 0.5, height, width)
        self.sampling = Sampling(sample, pixel, weight, height * width, len(radii), len(angles))

    def forward(self, images: Float[Tensor, "*b c h w"]) -> Float[Tensor, "*b c r a"]:
        """Return the polar samples of every image.

        Raises:
            ValueError: Images of another height or width.
        """
        if images.shape[-2:] != (self.height, self.width):
            raise ValueError(f"`images` must be (..., C, {self.height}, {self.width}), got {tuple(images.shape)}.")
        return self.sampling(images.flatten(-2).transpose(-1, -2))


class PolarCells(nn.Module):
    """States of cells on rings around a point: (..., N, C) -> (..., C, R, A), with no image in between.

    The sample at radius r and angle t lies at `centre` + r (cos t, sin t), in units of length; y points down, so
    growing t turns clockwise on the screen. It is linear on each triangle of cell centres, as in `Barycentric`: three
    weights a sample, and none of the blur that drawing an image first and interpolating it again would add. On a torus
    the rings wrap; on a bounded domain samples outside the extent are 0.

    On a surface in space the sample lies at the distance r along the surface from the centre's cell, in the direction t
    of that cell's frame, and is 0 where the surface is not there.

    Args:
        topology: One substrate of the contract.
        radii: R radii, in units of length.
        angles: A angles, in radians.
        centre: Middle (x, y) of the rings; by default the middle of the extent. On a surface a cell, or a point in
            space that it is nearest to; by default cell 0.

    Raises:
        ValueError: A topology that is a batch, a centre that is not a point or no cell.
    """

    def __init__(
        self,
        topology: Data,
        radii: Float[Tensor, " r"],
        angles: Float[Tensor, " a"],
        *,
        centre: Place | None = None,
    ) -> None:
        super().__init__()
        if "frame" in topology:
            cells = UnrolledCells(topology, cell_at(topology, centre), float(radii.max()))
            sample, corners, share = cells.around(_ring_points(radii, angles, middle=(0.0, 0.0), unit=1.0))
            sample, cell, weight = entries(sample, corners, share, cells.places, "barycentric")
            self.sampling = Sampling(sample, cell, weight, len(cells.places), len(radii), len(angles))
            return
        check_planar(topology)
        middle = topology.extent[0] / 2 if centre is None else torch.as_tensor(centre)
        if middle.shape != (2,) or not middle.isfinite().all():
            raise ValueError(f"`centre` must be a point (x, y) of two finite numbers, got {centre!r}.")
        x, y = middle.tolist()
        locator = CellLocator(topology)
        points = _ring_points(radii, angles, middle=(x, y), unit=1.0)
        inside = np.flatnonzero(locator.inside(points))
        cell, share = interpolation_weights(locator, points[inside])
        self.sampling = Sampling(
            np.repeat(inside, 3), cell.reshape(-1), share.reshape(-1), len(locator.pos), len(radii), len(angles)
        )

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b c r a"]:
        """Return the polar samples of every channel."""
        return self.sampling(states)


def _ring_points(radii: Tensor, angles: Tensor, *, middle: tuple[float, float], unit: float) -> np.ndarray:
    """The points (R * A, 2) of rings, angle fastest, float64."""
    radius = radii.double().cpu().numpy()[:, None] * unit
    angle = angles.double().cpu().numpy()
    return np.stack([middle[0] + radius * np.cos(angle), middle[1] + radius * np.sin(angle)], axis=-1).reshape(-1, 2)


def _bilinear_weights(points: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For points (P, 2), in pixels from the first pixel's centre: (point, pixel, weight), four a point or fewer."""
    corner = np.floor(points)
    entries = []
    for offset in ((0, 0), (1, 0), (0, 1), (1, 1)):
        column, row = (corner + offset).T
        weight = (1.0 - np.abs(points - corner - offset)).prod(axis=1)
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        entries.append((np.flatnonzero(inside), (row * width + column)[inside].astype(np.int64), weight[inside]))
    point, pixel, weight = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    return point, pixel, weight
