"""Normals of point clouds: estimated where there are none, turned to one side, and that side the outer one."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree
from scipy.spatial import KDTree

from topologies.contract import TopologyError

AROUND = 12  # nearest points through which a plane is laid, and with which its side is compared
STEEP = 0.5  # |n . c| of a normal and the direction to a point beyond which that is another layer, not a neighbour
PARALLEL = 0.5  # |n . n'| below which two neighbours' sides cannot be compared
INCONSISTENT = 0.005  # share of neighbours on opposite sides above which there is no consistent side


def estimated_normals(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Of the plane through the nearest points of each point, all turned to the same side of the surface."""
    near = np.asarray(KDTree(points).query(points, min(AROUND + 1, len(points)))[1])
    chords = points[near] - points[near].mean(1, keepdims=True)
    _, axes = np.linalg.eigh(np.einsum("nka,nkb->nab", chords, chords))
    normal = axes[:, :, 0]
    i, j, agreement = _comparable(points, normal, near)
    i, j = i.astype(np.int32), j.astype(np.int32)  # before 1.16 scipy's graphs had no others
    cost = sp.csr_array((1.001 - np.abs(agreement), (i, j)), shape=(len(points), len(points)))
    sign = sp.csr_array((np.sign(agreement), (i, j)), shape=(len(points), len(points)))
    return normal * _sides(sp.csr_array(minimum_spanning_tree(cost)), sign)[:, None]


def _sides(tree: sp.csr_array, sign: sp.csr_array) -> Float[np.ndarray, " n"]:
    """The product of the signs along the way from the root of each part of a forest to every point."""
    n = len(tree.indptr) - 1
    both = sp.csr_array(tree + tree.T)
    _, part = connected_components(both, directed=False)
    parent = np.arange(n)
    for root in np.unique(part, return_index=True)[1]:
        order, before = breadth_first_order(both, root, directed=False)
        parent[order[1:]] = before[order[1:]]
    side = np.ones(n)
    child = np.flatnonzero(parent != np.arange(n))
    side[child] = np.asarray((sign + sign.T)[child, parent[child]]).ravel()
    side = np.sign(side)
    while (parent[parent] != parent).any():  # pointers jump, signs follow
        side = np.where(parent[parent] != parent, side * side[parent], side)
        parent = parent[parent]
    return side


def check_consistent(points: Float[np.ndarray, "n 3"], normal: Float[np.ndarray, "n 3"]) -> None:
    """Refuses normals that lie on different sides in neighbouring points.

    Raises:
        TopologyError: If too many do: normals at random, or a surface with one side only, as a Moebius strip.
    """
    near = np.asarray(KDTree(points).query(points, min(7, len(points)))[1])
    i, _, agreement = _comparable(points, normal, near)
    if (agreement < 0).mean() > INCONSISTENT:
        at = int(i[agreement < 0][0])
        raise TopologyError(
            f"`normals` must lie on one side of the surface, but {(agreement < 0).mean():.0%} of neighbouring points "
            f"have opposite ones, as at point {at}. (A strip with one side has no such normals.)"
        )


def _comparable(
    points: Float[np.ndarray, "n 3"], normal: Float[np.ndarray, "n 3"], near: Int[np.ndarray, "n k"]
) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"], Float[np.ndarray, " p"]]:
    """Pairs of near points of one layer, by their places and the lines of their normals, with n . n' of each."""
    i, j = np.repeat(np.arange(len(near)), near.shape[1] - 1), near[:, 1:].ravel()
    chord = points[j] - points[i]
    length = np.linalg.norm(chord, axis=1)
    agreement = (normal[i] * normal[j]).sum(1)
    steep = np.maximum(np.abs((normal[i] * chord).sum(1)), np.abs((normal[j] * chord).sum(1)))
    kept = (np.abs(agreement) > PARALLEL) & (steep < STEEP * length)
    return i[kept], j[kept], agreement[kept]


def signed_volume(
    pos: Float[np.ndarray, "n 3"], normal: Float[np.ndarray, "n 3"], area: Float[np.ndarray, " n"]
) -> float:
    """Volume inside a closed surface, by the divergence theorem; negative where normals point inwards."""
    return float((area * (normal * (pos - pos.mean(0))).sum(1)).sum() / 3)
