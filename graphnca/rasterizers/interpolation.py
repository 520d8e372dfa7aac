"""What a point within a triangle of cells shows."""

from typing import Literal

import numpy as np
from jaxtyping import Float, Int

Interpolation = Literal["barycentric", "nearest"]
"""All three corners, linearly; or the corner that is nearest."""


def entries(
    pixel: Int[np.ndarray, " k"],
    cells: Int[np.ndarray, "k 3"],
    share: Float[np.ndarray, "k 3"],
    places: Float[np.ndarray, "n d"],
    interpolation: Interpolation,
) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Pixel, cell and weight of points that lie in triangles of cells, at shares of the corners; a point counts 1.

    Args:
        pixel: Of each point.
        cells: Corners of the triangle of each.
        share: Barycentric coordinates there.
        places: Of all cells, from which distances to corners are.
        interpolation: Between the corners.
    """
    if interpolation == "barycentric":
        return np.repeat(pixel, 3), cells.ravel(), share.ravel()
    corners = places[cells]
    point = (share[..., None] * corners).sum(1, keepdims=True)
    nearest = np.square(corners - point).sum(2).argmin(1)
    return pixel, cells[np.arange(len(cells)), nearest], np.ones(len(pixel))
