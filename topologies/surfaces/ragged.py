"""Cells at wild borders: scraps of a mesh that have room for one alone, and tips whose cell sees only mirror images."""

import warnings

import numpy as np
from jaxtyping import Int

from topologies.surfaces.mesh_repair import SurfaceWarning
from topologies.surfaces.neighbourhoods import Cloud

THIN = 0.1  # spacings: the side that the cell at a tip has with its neighbour


def without_scraps(cloud: Cloud) -> Cloud:
    """A cloud without the cells that the mesh connects with no other, with a word; the numbers of the others move up.

    Args:
        cloud: Of cells alone, with the pairs that the mesh connects.
    """
    if cloud.connected is None:
        return cloud
    n = len(cloud.pos)
    here, there = cloud.connected // n, cloud.connected % n
    kept = np.bincount(here[here != there], minlength=n) > 0
    if kept.all() or not kept.any():
        return cloud
    warnings.warn(
        f"`mesh`: {n - kept.sum()} cells on scraps that have room for one cell alone were left out.",
        SurfaceWarning,
        stacklevel=4,
    )
    number = np.cumsum(kept) - 1
    both = kept[here] & kept[there]
    pairs = number[here[both]] * kept.sum() + number[there[both]]
    return Cloud(cloud.pos[kept], cloud.normal[kept], np.arange(kept.sum()), pairs)


def thin_pairs(cloud: Cloud, alone: Int[np.ndarray, " a"], spacing: float) -> list[tuple[int, int, float]]:
    """For every cell without a neighbour the nearest one that the mesh connects with it, and the length of a thin side.

    (At the tip of a spike a cell lies so near to the border on both sides that its mirror images surround it.)
    """
    if cloud.connected is None:
        return []
    n, pairs = cloud.num_cells, {}
    for cell in alone.tolist():
        first, last = np.searchsorted(cloud.connected, [cell * n, (cell + 1) * n])
        others = cloud.connected[first:last] - cell * n
        others = others[others != cell]
        if len(others):
            nearest = int(others[np.linalg.norm(cloud.pos[others] - cloud.pos[cell], axis=1).argmin()])
            pairs[min(cell, nearest), max(cell, nearest)] = THIN * spacing
    return [(*pair, length) for pair, length in pairs.items()]
