"""Pictures in several parts: cells die where nobody near is mature, so no part can grow from another over a gap."""

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image
from scipy import ndimage
from scipy.sparse.csgraph import shortest_path
from scipy.spatial import KDTree

OPAQUE = 255  # of alpha, in bytes
HAIR = 0.3  # alpha of what joins two parts: a cell that has a tenth is mature
HALF_WIDTH = 1.5  # cells from its middle to where it has faded
SMALLEST = 0.03  # of what is mature: smaller parts are sparks, and stay apart
AROUND = np.ones((3, 3), bool)
REACH = 3  # cells from one to another of the same part: with two between them they reach each other while they grow


def join_parts(image: Image.Image, mature: Bool[np.ndarray, "h w"]) -> tuple[Image.Image, int]:
    """The picture with its parts joined by faint hairs, and how many.

    It grows from the part in the middle. The others are joined from the nearest on, each at the place from which all of
    it is soonest reached: a ring in its middle, where it can grow both ways at once.

    Args:
        image: RGBA, straight alpha.
        mature: Which cells of it will be mature, the picture from edge to edge.

    Returns:
        The picture, the same one if nothing is to be joined, and the number of hairs.
    """
    labels = np.zeros(mature.shape, dtype=int)
    ndimage.label(ndimage.binary_dilation(mature, AROUND), AROUND, output=labels)
    sizes = np.bincount(labels[mature])
    parts = [number for number in np.argsort(-sizes) if sizes[number] >= SMALLEST * mature.sum()]
    if len(parts) == 1:
        return image, 0
    pixels = np.array(image)
    cells = np.argwhere(mature & np.isin(labels, parts))
    middle = cells[np.hypot(*(cells - np.array(mature.shape) // 2).T).argmin()]
    joined = mature & (labels == labels[tuple(middle)])
    for _ in parts[1:]:
        apart = np.argwhere(mature & np.isin(labels, parts) & ~joined)
        away = KDTree(np.argwhere(joined)).query(apart)[0]
        part = mature & (labels == labels[tuple(apart[np.asarray(away).argmin()])])
        _draw_hair(pixels, _hair(np.argwhere(joined), np.argwhere(part)), mature.shape)
        joined |= part
    return Image.fromarray(pixels, mode="RGBA"), len(parts) - 1


def _hair(here: Int[np.ndarray, "n 2"], part: Int[np.ndarray, "m 2"]) -> Float[np.ndarray, "2 2"]:
    """From which of some cells (row, column) to which of a part's: those from which its farthest is soonest reached."""
    away, nearest = KDTree(here).query(part)
    steps = KDTree(part).sparse_distance_matrix(KDTree(part), REACH, p=np.inf).tocsr()
    farthest = shortest_path(steps).max(1)
    end = (np.asarray(away) + farthest).argmin()
    return np.stack([here[np.asarray(nearest)[end]], part[end]]).astype(float)


def _draw_hair(pixels: UInt8[np.ndarray, "r c 4"], ends: Float[np.ndarray, "2 2"], shape: tuple[int, ...]) -> None:
    """Draws a hair under the picture, from one cell (row, column) to another, in the mean of their colours."""
    scale = np.array(pixels.shape[:2]) / shape  # pixels a cell
    at = np.minimum(np.rint((ends + 0.5) * scale - 0.5).astype(int), np.array(pixels.shape[:2]) - 1)
    colour = pixels[at[:, 0], at[:, 1], :3].mean(0)
    first = np.maximum((ends.min(0) - HALF_WIDTH) * scale, 0).astype(int)
    last = np.ceil((ends.max(0) + HALF_WIDTH + 1) * scale).astype(int)
    window = pixels[first[0] : last[0], first[1] : last[1]]
    places = (np.moveaxis(np.indices(window.shape[:2]), 0, -1) + first + 0.5) / scale - 0.5
    along = ends[1] - ends[0]
    share = np.clip((places - ends[0]) @ along / (along @ along), 0.0, 1.0)
    away = np.linalg.norm(places - ends[0] - share[..., None] * along, axis=-1)
    alpha = np.rint(OPAQUE * HAIR * np.clip(HALF_WIDTH - away, 0.0, 1.0))
    window[alpha > window[..., 3]] = np.rint([*colour, 0])
    window[..., 3] = np.maximum(window[..., 3], alpha)
