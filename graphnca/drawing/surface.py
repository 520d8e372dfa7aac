"""Surfaces in space as shaded pictures."""

from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import checked
from ..rasterizers import Camera, SurfaceView
from ..rasterizers.interpolation import Interpolation
from .colours import parse_colour, state_colours

LIGHT = np.array([-0.4, -0.55, 0.9])  # towards the light, as the viewer sees it: from the upper left, y down
AMBIENT = 0.45  # brightness of what the light does not reach
BODY = "#e4e0d8"  # of cells that are transparent


class SurfaceCanvas:
    """Draws states of one surface in space again and again, as one viewer sees it.

    The light falls from the viewer's upper left on a matt surface (Lambert's law), so shapes are seen where cells are
    all alike. Of an open surface the inner side is drawn too.

    Args:
        topology: One substrate of the contract, a surface in space.
        height: Rows of the picture.
        width: Columns; as many as rows by default.
        camera: Where the viewer stands.
        scale: Pixels per unit of length; by default the whole surface fits, however it is turned.
        background: Colour beside the surface: a name, "#rrggbb" or a tuple.
        body: Colour of transparent cells.
        shaded: Whether there is a light; without one every cell has its own colour everywhere.
        interpolation: Between cells: their colours flow into each other, or each is one patch (`"nearest"`).
        samples: Points per pixel side for smooth borders.

    Raises:
        ValueError: An argument out of range, or a topology that is no surface in space.
    """

    @checked
    def __init__(
        self,
        topology: Data,
        height: int = 480,
        width: int | None = None,
        *,
        camera: Camera | None = None,
        scale: float | None = None,
        background: Any = "white",
        body: Any = BODY,
        shaded: bool = True,
        interpolation: Interpolation = "barycentric",
        samples: int = 2,
    ) -> None:
        self.background = parse_colour("background", background)[:3]
        self.body = parse_colour("body", body)[:3]
        camera = camera or Camera()
        view = SurfaceView(
            topology, height, width, camera=camera, scale=scale, interpolation=interpolation, samples=samples
        )
        self.height, self.width, self.num_cells = view.grid.height, view.grid.width, view.sampling.num_cells
        self._map = view.sampling.map.matrix.astype(np.float32)
        normal = topology["normal"].detach().cpu().double().numpy() @ camera.axes.T
        self._light = lambert(normal)[:, None] if shaded else np.ones((self.num_cells, 1))

    @checked
    def draw(
        self,
        states: Float[Tensor, "n c"],
        *,
        channel: int | None = None,
        offset: float | None = None,
        limit: float | None = None,
    ) -> Image.Image:
        """A picture of states (N, C); the arguments are those of `CellCanvas.draw`.

        Raises:
            ValueError: States of another substrate, or channels that they do not have.
        """
        if states.dim() != 2 or states.size(0) != self.num_cells:
            raise ValueError(f"`states` must have shape ({self.num_cells}, C), got {tuple(states.shape)}.")
        colours = state_colours(states, channel=channel, offset=offset, limit=limit, background=self.body)
        table = np.concatenate([colours * self._light, np.ones((self.num_cells, 1))], axis=1).astype(np.float32)
        pixels = self._map @ table
        pixels = pixels[:, :3] + (1.0 - pixels[:, 3:]) * np.asarray(self.background, dtype=np.float32)
        return Image.fromarray(np.rint(pixels).clip(0, 255).astype(np.uint8).reshape(self.height, self.width, 3))


def lambert(normal: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, " n"]:
    """Brightness, up to 1, of places with normals (to the right, down, towards the viewer); inner sides are lit too."""
    outer = np.where(normal[:, 2:] < 0, -normal, normal)
    return AMBIENT + (1.0 - AMBIENT) * np.clip(outer @ (LIGHT / np.linalg.norm(LIGHT)), 0.0, 1.0)


@checked
def draw_surface(
    states: Float[Tensor, "n c"],
    topology: Data,
    height: int = 480,
    width: int | None = None,
    *,
    camera: Camera | None = None,
    scale: float | None = None,
    background: Any = "white",
    body: Any = BODY,
    shaded: bool = True,
    interpolation: Interpolation = "barycentric",
    samples: int = 2,
    channel: int | None = None,
    offset: float | None = None,
    limit: float | None = None,
) -> Image.Image:
    """One picture of states (N, C) on a surface in space.

    The arguments are those of `SurfaceCanvas` and of its `draw`; for many pictures from one place keep a canvas.
    """
    canvas = SurfaceCanvas(
        topology,
        height,
        width,
        camera=camera,
        scale=scale,
        background=background,
        body=body,
        shaded=shaded,
        interpolation=interpolation,
        samples=samples,
    )
    return canvas.draw(states, channel=channel, offset=offset, limit=limit)
