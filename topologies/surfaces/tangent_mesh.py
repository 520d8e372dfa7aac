"""The cells of a surface: each one the Voronoi cell of its own tangent plane, shared sides averaged.

On a flat patch that is the Voronoi mesh of the plane. On a curved surface two cells see the side that they share
differently, by the third order of their size; they are given the mean, so that what flows out of one flows into the
other. Nothing but places and normals is needed: no triangles whose slant or size could matter.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import KDTree

from topologies.surfaces.log_map import logarithmic_map
from topologies.surfaces.neighbourhoods import NONE, Cloud, nearest_alike
from topologies.surfaces.tangent_voronoi import TangentCells, tangent_voronoi

COUNTS = (24, 48, 96)  # neighbours looked at, until no other could change the cell
NEAREST = 3  # neighbours whose mean distance is a cell's own measure of length
ROUND = 12  # directions in which an open cell may be closed
FREE = np.deg2rad(50)  # angle to the nearest neighbour in which a direction counts as open
NEAR = 1.7  # own lengths within which a neighbour keeps a direction from being open
DEGENERATE_SIDE = (
    1e-5  # shared sides shorter than this share of the root of a cell's area come from rounding: corners only
)


class TangentMesh(NamedTuple):
    """Who borders on whom.

    Attributes:
        edge_index: Row 0 the neighbour, row 1 the cell; both directions of each pair, sorted by row 1, then row 0.
        length: Of the side shared, the same in both directions.
        area: Of every cell.
        open: Whether a cell had no end on some side, and was closed there.
        border: Whether that is so, or it has a side with the mirror image of a cell.
        halves: Sides that only one of two cells sees, by both, the lower number first.
    """

    edge_index: Int[np.ndarray, "2 e"]
    length: Float[np.ndarray, " e"]
    area: Float[np.ndarray, " n"]
    open: Bool[np.ndarray, " n"]
    border: Bool[np.ndarray, " n"]
    halves: dict[tuple[int, int], float]


def tangent_mesh(cloud: Cloud, frame: Float[np.ndarray, "n 3"]) -> TangentMesh:
    """The Voronoi cells of all cells of a cloud in their tangent planes.

    A cell is final when all its corners are nearer than half the distance up to which all its neighbours are known. If
    even 96 of them leave it open, there is a border: it is closed half a cell beyond its point.
    """
    n = len(frame)
    tree = KDTree(cloud.pos)
    cells, opened, border = np.arange(n), np.zeros(n, bool), np.zeros(n, bool)
    area = np.zeros(n)
    seen_sides: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for count in COUNTS:
        others, seen = nearest_alike(cloud, tree, cells, count)
        places = _places(cloud, frame, cells, others)
        found = tangent_voronoi(places)
        final = found.reach <= seen / 2
        if count == COUNTS[-1]:
            opened[cells[~final]] = True
            found = _closed(places, found, ~final)
            final[:] = True
        area[cells[final]] = found.area[final]
        mirrored = (found.length > 0) & (others >= n)
        border[cells[final]] = mirrored[final].any(axis=1)
        row, column = np.nonzero((found.length > 0) & (others < n) & (others != NONE) & final[:, None])
        seen_sides.append((cells[row], others[row, column], found.length[row, column]))
        cells = cells[~final]
        if not len(cells) or count + 1 >= len(cloud.pos):
            break
    here, there, length = (np.concatenate(part) for part in zip(*seen_sides, strict=True))
    clear = length > DEGENERATE_SIDE * np.sqrt(np.median(area))
    edge_index, length, halves = _shared(here[clear], there[clear], length[clear], n)
    return TangentMesh(edge_index, length, area, opened, border | opened, halves)


def with_sides(mesh: TangentMesh, added: list[tuple[int, int, float]]) -> TangentMesh:
    """The mesh with more sides between pairs of cells, of a length each."""
    if not added:
        return mesh
    low, high, more = map(np.array, zip(*added, strict=True))
    edges = np.concatenate([mesh.edge_index, [np.r_[low, high], np.r_[high, low]]], axis=1)
    order = np.lexsort(edges)
    return mesh._replace(edge_index=edges[:, order], length=np.r_[mesh.length, more, more][order])


def _places(
    cloud: Cloud, frame: Float[np.ndarray, "n 3"], cells: Int[np.ndarray, " c"], others: Int[np.ndarray, "c k"]
) -> Float[np.ndarray, "c k 2"]:
    """The neighbours laid down in each cell's tangent plane; (inf, inf) where there is none."""
    places = np.full((*others.shape, 2), np.inf)
    there = others != NONE
    here = np.broadcast_to(cells[:, None], others.shape)
    places[there] = logarithmic_map(cloud.pos, cloud.normal, frame, np.stack([others[there], here[there]]))
    return places


def _closed(places: Float[np.ndarray, "c k 2"], found: TangentCells, wanting: Bool[np.ndarray, " c"]) -> TangentCells:
    """The cells with those that want it closed: by a place in every open direction, at the cell's own length."""
    at = np.flatnonzero(wanting)
    q = places[at]
    distance = np.where(np.isfinite(q[..., 0]), np.hypot(q[..., 0], q[..., 1]), np.inf)
    nearest = np.sort(distance, axis=1)[:, :NEAREST]
    known = np.isfinite(nearest)
    own = np.where(known, nearest, 0.0).sum(1) / np.maximum(known.sum(1), 1)
    angle = np.arctan2(q[..., 1], q[..., 0], where=np.isfinite(distance), out=np.zeros_like(distance))
    first = np.take_along_axis(angle, distance.argmin(1)[:, None], axis=1)
    round_about = first + 2 * np.pi * np.arange(ROUND) / ROUND
    between = np.abs(np.angle(np.exp(1j * (round_about[:, :, None] - angle[:, None]))))
    free = ~((between < FREE) & (distance <= NEAR * own[:, None])[:, None]).any(2)
    added = np.stack([np.cos(round_about), np.sin(round_about)], axis=-1) * own[:, None, None]
    closing = tangent_voronoi(np.concatenate([q, np.where(free[..., None], added, np.inf)], axis=1))
    length, area, reach = (part.copy() for part in found)
    length[at], area[at], reach[at] = closing.length[:, : q.shape[1]], closing.area, closing.reach
    return TangentCells(length, area, reach)


def _shared(
    here: Int[np.ndarray, " s"], there: Int[np.ndarray, " s"], seen: Float[np.ndarray, " s"], num_cells: int
) -> tuple[Int[np.ndarray, "2 e"], Float[np.ndarray, " e"], dict[tuple[int, int], float]]:
    """Both directions of every pair of cells that both see a side between them, with the mean of what they see of it.

    And by pair what only one of the two sees.

    (Of four cells round a corner, two opposite ones may see a short side that the others do not grant them.)
    """
    pairs, place, count = np.unique(
        np.minimum(here, there) * num_cells + np.maximum(here, there), return_inverse=True, return_counts=True
    )
    total, low, high = np.bincount(place, seen, len(pairs)), pairs // num_cells, pairs % num_cells
    halves = dict(
        zip(
            zip(low[count == 1].tolist(), high[count == 1].tolist(), strict=True),
            total[count == 1].tolist(),
            strict=True,
        )
    )
    mean, low, high = total[count == 2] / 2, low[count == 2], high[count == 2]
    neighbour, receiver = np.r_[low, high], np.r_[high, low]
    order = np.lexsort((neighbour, receiver))
    return np.stack([neighbour, receiver])[:, order], np.r_[mean, mean][order], halves
