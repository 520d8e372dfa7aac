"""Surfaces given by points."""

from functools import partial

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.spatial import KDTree
from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.contract import TopologyError
from topologies.surfaces.build import built
from topologies.surfaces.neighbourhoods import Cloud
from topologies.surfaces.orientation import check_consistent, estimated_normals, signed_volume
from topologies.surfaces.tangent import unit_rows

FEWEST_POINTS = 4
NEAREST = 1e-6  # points nearer to each other than this share of their mean distance coincide


@partial(checked, error=TopologyError)
def surface_from_points(points: ArrayLike, normals: ArrayLike | None = None, *, operators: str = "fitted") -> Data:
    """A surface whose cells are given points of it; cell k is point k.

    Each cell is the Voronoi cell of its own tangent plane among the nearest points on its side; what two cells see of
    the side they share is averaged. Open surfaces end half a cell beyond their outermost points. **The points are
    rescaled** by one factor, so that the unit law of the contract holds.

    Args:
        points: (N, 3) places, any unit.
        normals: Outer normals, any length; estimated from the points if they are not given, and then of a side that is
            the outer one if the surface is closed.
        operators: How cells see: `"fitted"` or `"averaged"`.

    Raises:
        TopologyError: If there are fewer than four points, if they are not finite or coincide, or if the normals have
            no length or lie on different sides in neighbouring points.
    """
    pos = _rows("points", points)
    if len(pos) < FEWEST_POINTS:
        raise TopologyError(f"`points` must be at least {FEWEST_POINTS}, got {len(pos)}.")
    distance, near = map(np.asarray, KDTree(pos).query(pos, 2))
    closest = int(distance[:, 1].argmin())
    if distance[closest, 1] <= NEAREST * distance[:, 1].mean():
        raise TopologyError(
            f"`points` must lie apart, got {pos[closest].tolist()} at index {closest} and {near[closest, 1]}."
        )
    if normals is None:
        normal = estimated_normals(pos)
        normal *= np.sign(signed_volume(pos, normal, np.ones(len(pos)))) or 1.0
    else:
        normal = _rows("normals", normals)
        if normal.shape != pos.shape:
            raise TopologyError(f"`normals` must be one for each of the {len(pos)} points, got {len(normal)}.")
        normal = unit_rows(normal, "normals")
    check_consistent(pos, normal)
    return built(Cloud(pos, normal, np.arange(len(pos))), operators=operators)


def _rows(name: str, values: ArrayLike) -> np.ndarray:
    try:
        rows = np.asarray(values.detach().cpu() if isinstance(values, torch.Tensor) else values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TopologyError(f"`{name}` must be numbers, got {type(values).__name__}.") from error
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise TopologyError(f"`{name}` must have shape (N, 3), got {rows.shape}.")
    if (bad := np.flatnonzero(~np.isfinite(rows).all(1))).size:
        raise TopologyError(f"`{name}` must be finite, got {rows[bad[0]].tolist()} at index {bad[0]}.")
    return rows
