"""Cells drawn in their true shape: squares, hexagons, the polygons of a Voronoi mesh."""

from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image
from scipy.sparse import csr_matrix
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import checked
from ..rasterizers.locate import CellLocator
from ..rasterizers.nearest import cell_coverage
from ..rasterizers.pixel_grid import PixelGrid, check_planar, check_samples
from .colours import parse_colour, state_colours

CENTRE_RADIUS = 0.13  # units: dots at cell centres about a quarter of a cell wide
CENTRE_TINT = 0.5  # how far a dot goes from its cell's colour towards black, or towards white on a dark cell
DARK = 90.0  # brightness of 255 below which a cell's dot is light
BRIGHTNESS = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # of red, green, blue (Rec. 601)


class CellCanvas:
    """Draws states of one substrate again and again: the geometry is found once, a frame is a look-up of colours.

    Every cell is its Voronoi polygon: a square, a hexagon, or a cell of the mesh. On a torus the substrate continues
    through its seams; a bounded domain ends at its extent, with background outside. Borders are smooth.

    Every pixel is a fixed mix of a table of colours (cells, dots, edges, background). Pixels within one cell are
    copied from the table, the others are one sparse product.

    Args:
        topology: One substrate of the contract, in the plane.
        scale: Pixels per unit of length.
        centres: Draw a dot at each cell's centre.
        window: The part (x0, y0, x1, y1) to draw, in units; by default the whole extent. On a torus it may reach
            beyond the extent.
        edge_colour: Draw the borders between cells in this colour: a name, "#rrggbb", "#rrggbbaa" or a tuple.
        edge_width: Width of the borders, in pixels.
        background: Colour of transparent cells, and of what is outside a bounded domain.
        samples: Points per pixel side for smooth borders; 1 draws them hard.

    Raises:
        ValueError: An argument out of range, or a topology that is a batch or not planar.
    """

    @checked
    def __init__(
        self,
        topology: Data,
        *,
        scale: float = 8.0,
        centres: bool = False,
        window: tuple[float, float, float, float] | None = None,
        edge_colour: Any = None,
        edge_width: float = 1.0,
        background: Any = "white",
        samples: int = 3,
    ) -> None:
        check_planar(topology)
        check_samples(samples)
        if not edge_width > 0:
            raise ValueError(f"`edge_width` must be a positive number of pixels, got {edge_width!r}.")
        self.background = parse_colour("background", background)[:3]
        edge = None if edge_colour is None else parse_colour("edge_colour", edge_colour)
        grid = _window_grid(topology, window, scale)
        locator = CellLocator(topology)
        cells = len(topology["pos"])
        self.num_cells, self.width, self.height = cells, grid.width, grid.height
        self._edge = self.background if edge is None else edge[:3]
        self._has_centres = centres

        # Rows of the table: each cell, each cell's dot, the background, the edge.
        pixel, column, weight = cell_coverage(locator, grid, samples)
        outside = 1.0 - np.bincount(pixel, weight, grid.num_pixels)
        bare = np.flatnonzero(outside > 1e-6)
        mix = csr_matrix(
            (
                np.append(weight, outside[bare]),
                (np.append(pixel, bare), np.append(column, np.full(len(bare), 2 * cells))),
            ),
            shape=(grid.num_pixels, 2 * cells + 2),
        )
        if edge is not None:
            cover = _edge_cover(locator, grid, samples, edge_width) * (edge[3] / 255.0) * (1.0 - outside)
            mix = _overlay(mix, cover, np.full(grid.num_pixels, 2 * cells + 1))
        if centres:
            cover, dot = _centre_cover(locator, grid, samples)
            mix = _overlay(mix, cover * (1.0 - outside), cells + dot)
        mix.sum_duplicates()
        whole = np.diff(mix.indptr) == 1
        self._index = np.where(whole, mix.indices[np.minimum(mix.indptr[:-1], mix.nnz - 1)], 0)
        self._mixed = np.flatnonzero(~whole)
        self._mix = mix[self._mixed].astype(np.float32)

    @checked
    def draw(
        self,
        states: Float[Tensor, "n c"],
        *,
        channel: int | None = None,
        offset: float | None = None,
        limit: float | None = None,
    ) -> Image.Image:
        """A picture of states (N, C): premultiplied RGBA over the background.

        Args:
            states: One row per cell.
            channel: Show this channel on a diverging map instead: blue below zero, white at zero, red above.
            offset: Show the first three channels plus this number as RGB instead: 0.5 for texture rules.
            limit: The size of the channel's value that has the full colour; by default the largest there is. Give one
                for animations.

        Raises:
            ValueError: States of another substrate, or channels that they do not have.
        """
        if states.dim() != 2 or states.size(0) != self.num_cells:
            raise ValueError(f"`states` must have shape ({self.num_cells}, C), got {tuple(states.shape)}.")
        colours = state_colours(states, channel=channel, offset=offset, limit=limit, background=self.background)
        table = np.zeros((2 * self.num_cells + 2, 3), dtype=np.float32)
        table[: self.num_cells] = colours
        if self._has_centres:
            table[self.num_cells : -2] = _dot_colours(colours)
        table[-2], table[-1] = self.background, self._edge
        bytes_ = np.full((len(table), 4), 255, dtype=np.uint8)
        bytes_[:, :3] = np.rint(table)
        pixels = bytes_.view(np.uint32)[:, 0][self._index].view(np.uint8).reshape(-1, 4)  # four bytes move as one
        pixels[self._mixed, :3] = np.rint(self._mix @ table)
        return Image.frombuffer("RGBX", (self.width, self.height), pixels.tobytes(), "raw", "RGBX", 0, 1).convert("RGB")


@checked
def draw_cells(
    states: Float[Tensor, "n c"],
    topology: Data,
    *,
    scale: float = 8.0,
    centres: bool = False,
    window: tuple[float, float, float, float] | None = None,
    edge_colour: Any = None,
    edge_width: float = 1.0,
    background: Any = "white",
    samples: int = 3,
    channel: int | None = None,
    offset: float | None = None,
    limit: float | None = None,
) -> Image.Image:
    """One picture of states (N, C) on a substrate, each cell in its true shape.

    The arguments are those of `CellCanvas` and of its `draw`; for many pictures of one substrate keep a `CellCanvas`.
    """
    canvas = CellCanvas(
        topology,
        scale=scale,
        centres=centres,
        window=window,
        edge_colour=edge_colour,
        edge_width=edge_width,
        background=background,
        samples=samples,
    )
    return canvas.draw(states, channel=channel, offset=offset, limit=limit)


def _window_grid(topology: Data, window: tuple[float, float, float, float] | None, scale: float) -> PixelGrid:
    if window is None:
        return PixelGrid.over(topology, scale=scale)
    x0, y0, x1, y1 = (float(value) for value in window)
    if not (x1 > x0 and y1 > y0):
        raise ValueError(f"`window` must be (x0, y0, x1, y1) with x0 < x1 and y0 < y1, got {window}.")
    size = [max(1, round(side * scale)) for side in (y1 - y0, x1 - x0)] if scale > 0 else [None, None]
    return PixelGrid.over(topology, size[0], size[1], origin=(x0, y0), scale=scale)


def _edge_cover(locator: CellLocator, grid: PixelGrid, samples: int, width: float) -> np.ndarray:
    """The share of each pixel under the borders between cells, (P,)."""
    points = grid.points()[:, 0]
    distance, _ = locator.nearest(points, 2)
    # A pixel touches a line only if one of its points, at most half a diagonal off, is within half a width of a border.
    reach = (width / 2.0 + np.sqrt(0.5) + 0.5) / grid.scale
    touched = np.flatnonzero(distance[:, 1] - distance[:, 0] < 2.0 * reach)
    parts = grid.points(samples, touched)
    border = _border_distance(locator, parts.reshape(-1, 2)).reshape(parts.shape[:2]) * grid.scale
    cover = np.zeros(len(points))
    cover[touched] = np.clip((width / 2.0 - border) * samples + 0.5, 0.0, 1.0).mean(1)
    return cover


def _border_distance(locator: CellLocator, points: np.ndarray) -> np.ndarray:
    """Distance (P,) of points to the border of their cell: to the nearest bisector with the next three centres."""
    distance, cell = locator.nearest(points, 4)
    known = cell < len(locator.pos)
    centre = locator.pos[np.where(known, cell, cell[:, :1])]
    apart = centre[:, 1:] - centre[:, :1]
    if locator.periodic:
        apart -= locator.extent * np.round(apart / locator.extent)
    with np.errstate(divide="ignore", invalid="ignore"):
        border = (np.square(distance[:, 1:]) - np.square(distance[:, :1])) / (
            2.0 * np.hypot(apart[..., 0], apart[..., 1])
        )
    return np.where(known[:, 1:] & (border >= 0), border, np.inf).min(1)


def _centre_cover(locator: CellLocator, grid: PixelGrid, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """The share of each pixel under the dot of the nearest centre, and that cell, both (P,)."""
    radius = max(CENTRE_RADIUS * grid.scale, 0.75)
    distance, cell = locator.nearest(grid.points()[:, 0])
    touched = np.flatnonzero(distance[:, 0] * grid.scale < radius + 1.5)
    parts = grid.points(samples, touched)
    away = locator.nearest(parts.reshape(-1, 2))[0].reshape(parts.shape[:2]) * grid.scale
    cover = np.zeros(grid.num_pixels)
    cover[touched] = np.clip((radius - away) * samples + 0.5, 0.0, 1.0).mean(1)
    return cover, cell[:, 0]


def _overlay(mix: csr_matrix, cover: np.ndarray, column: np.ndarray) -> csr_matrix:
    """The mix with a share `cover` (P,) of each pixel painted over with colour `column` (P,) of the table."""
    scaled = mix.copy()
    scaled.data *= np.repeat(1.0 - cover, np.diff(mix.indptr))
    painted = np.flatnonzero(cover)
    paint = csr_matrix((cover[painted], (painted, column[painted])), shape=mix.shape)
    total = csr_matrix(scaled + paint)
    total.eliminate_zeros()
    return total


def _dot_colours(colours: np.ndarray) -> np.ndarray:
    """The colours (N, 3) of the dots: a darker tone of their cells, or a lighter one on dark cells."""
    towards = np.where(colours @ BRIGHTNESS < DARK, 255.0, 0.0)[:, None]
    return (1.0 - CENTRE_TINT) * colours + CENTRE_TINT * towards
