"""Voronoi meshes of random or given points, on a torus or an open sheet."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.spatial import Delaunay, QhullError
from torch_geometric.data import Data

from topologies.assemble import assemble
from topologies.contract import LAPLACIAN_GAIN, UNIT_LAW, TopologyError, shortest_image, spread_of_cells
from topologies.interior import interior_cells
from topologies.poisson_disk import poisson_disk

POISSON_RADIUS = 0.9211  # a maximal Poisson-disk mesh of this least distance keeps the unit law: 0.697 / r^2 = 0.8215
EXTENT_TOLERANCE = 0.02  # the exact extent may differ from the size asked for by this share
MAX_ATTEMPTS = 50  # point sets tried until the extent is near enough; only very small sheets need more than two
DEGENERATE_RIDGE = 1e-5  # shared edges shorter than this share of sqrt(area / cells) come from rounding: corners only
FIRST_BAND = 3.0  # width of the copied margin in units of sqrt(area / cells); doubled until it suffices


def voronoi_mesh(
    height: float, width: float, *, periodic: bool = True, lloyd_steps: int = 0, seed: int = 0
) -> Data:
    """Voronoi mesh of Poisson-disk points on a sheet of about height x width units.

    About 0.85 cells per unit area. Points are drawn by `poisson_disk`, moved by `lloyd_steps` Lloyd steps (each cell's
    point to its centroid; many steps approach hexagons), and become a mesh as in `voronoi_from_points`. The exact
    extent follows from the unit law and is within 2 % of the size asked for.

    Args:
        height: height of the sheet in units of length.
        width: width of the sheet.
        periodic: torus or open sheet.
        lloyd_steps: number of Lloyd relaxation steps.
        seed: seed of the points; the same seed gives the same mesh.

    Raises:
        TopologyError: if the sheet is too small or a number is out of range.
    """
    for name, size in (("height", height), ("width", width)):
        if not (np.isfinite(size) and size >= 4):
            raise TopologyError(f"`{name}` must be a finite number of units, at least 4, got {size}.")
    if lloyd_steps < 0:
        raise TopologyError(f"`lloyd_steps` must be 0 or more, got {lloyd_steps}.")
    rng = np.random.default_rng(seed)
    extent = np.array([width, height], dtype=np.float64)
    radius, nearest = POISSON_RADIUS, np.inf
    for _ in range(MAX_ATTEMPTS):
        points = poisson_disk((width, height), radius, rng, periodic=periodic)
        for _ in range(lloyd_steps):
            points = _centroids(points, _tessellate(points, extent, periodic), extent, periodic)
        mesh = _Mesh.of(points, extent, periodic)
        nearest = min(nearest, abs(mesh.unit - 1), key=abs)
        if abs(mesh.unit - 1) <= EXTENT_TOLERANCE:
            return mesh.assemble()
        radius *= mesh.unit
    raise TopologyError(
        f"`height` and `width` must leave room for a mesh whose extent is within {EXTENT_TOLERANCE:.0%} of them, got "
        f"{height} x {width}, off by {nearest:.1%} after {MAX_ATTEMPTS} point sets."
    )


def voronoi_from_points(
    points: ArrayLike | torch.Tensor, extent: tuple[float, float], *, periodic: bool = True
) -> Data:
    """Voronoi mesh of given points.

    Two cells are neighbours when they share an edge of length l_ij > 0, and w_ij = 12 l_ij / sum_j l_ij. On an open
    sheet the cells are clipped to the rectangle (0, 0)-`extent`, and border cells see the neighbours they have. Node k
    is point k. **The points and the extent are rescaled** by one factor, so that the unit law of the contract holds
    (mean of sum_j w_ij |v_ij|^2 over interior cells = 16): the unit in which the points are given does not matter, and
    the result has about 0.85 cells per unit area.

    Args:
        points: (N, 2) positions (x, y) inside the extent, any unit.
        extent: width and height of the domain, in the unit of the points.
        periodic: torus or open sheet.

    Raises:
        TopologyError: if there are too few points (fewer than 3, or so few that on a torus a cell meets the same cell
            twice), or if points are not finite, lie outside the extent, or coincide.
    """
    if isinstance(points, torch.Tensor):
        points = points.detach().cpu().numpy()
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise TopologyError(f"`points` must have shape (N, 2), got {points.shape}.")
    size = np.asarray(extent, dtype=np.float64)
    if size.shape != (2,) or not np.isfinite(size).all() or (size <= 0).any():
        raise TopologyError(f"`extent` must be two positive numbers, width and height, got {extent}.")
    if len(points) < 3:
        raise TopologyError(f"`points` must be at least 3, got {len(points)}.")
    if (bad := np.flatnonzero(~np.isfinite(points).all(axis=1))).size:
        raise TopologyError(f"`points` must be finite, got {points[bad[0]].tolist()} at index {bad[0]}.")
    if (bad := np.flatnonzero(((points < 0) | (points > size)).any(axis=1))).size:
        raise TopologyError(
            f"`points` must lie inside the extent {size.tolist()}, got {points[bad[0]].tolist()} at index {bad[0]}."
        )
    if periodic:
        points = np.where(points == size, 0.0, points)  # the far border of a torus is the near one
    order = np.lexsort(points.T)
    if (twin := np.flatnonzero((points[order[1:]] == points[order[:-1]]).all(axis=1))).size:
        one, two = sorted(order[twin[0] : twin[0] + 2].tolist())
        raise TopologyError(f"`points` must all differ, got {points[one].tolist()} at indices {one} and {two}.")
    return _Mesh.of(points, size, periodic).assemble()


class _Ridges(NamedTuple):
    """Edges of all Voronoi cells, one entry for each cell on each side; a border of the sheet has neighbour -1."""

    cell: Int[np.ndarray, " r"]
    neighbour: Int[np.ndarray, " r"]
    start: Float[np.ndarray, "r 2"]  # relative to the cell's point
    stop: Float[np.ndarray, "r 2"]
    distance: Float[np.ndarray, " r"]  # between the points on both sides

    @property
    def length(self) -> Float[np.ndarray, " r"]:
        return np.hypot(*(self.stop - self.start).T)


class _Mesh(NamedTuple):
    """A Voronoi mesh in the unit of its points, and the factor that brings it to the unit law."""

    points: Float[np.ndarray, "n 2"]
    edge_index: Int[np.ndarray, "2 e"]
    vectors: Float[np.ndarray, "e 2"]
    weights: Float[np.ndarray, " e"]
    area: Float[np.ndarray, " n"]
    extent: Float[np.ndarray, " 2"]
    periodic: bool
    unit: float

    @classmethod
    def of(cls, points: Float[np.ndarray, "n 2"], extent: Float[np.ndarray, " 2"], periodic: bool) -> "_Mesh":
        n = len(points)
        ridges = _tessellate(points, extent, periodic)
        edge_index, length = _pairs(ridges, n, DEGENERATE_RIDGE * np.sqrt(extent.prod() / n), periodic)
        neighbour, receiver = edge_index
        vectors = shortest_image(points[neighbour] - points[receiver], extent, periodic)
        weights = LAPLACIAN_GAIN * length / np.bincount(receiver, length, n)[receiver]
        spread = spread_of_cells(receiver, vectors, weights, n)
        interior = interior_cells(receiver, vectors, n)
        unit = float(np.sqrt(UNIT_LAW / spread[interior if interior.any() else slice(None)].mean()))
        area = np.bincount(ridges.cell, ridges.length * ridges.distance, n) / 4
        return cls(points, edge_index, vectors, weights, area, extent, periodic, unit)

    def assemble(self) -> Data:
        width, height = (self.extent * self.unit).tolist()
        return assemble(
            pos=self.points * self.unit,
            edge_index=self.edge_index,
            vectors=self.vectors * self.unit,
            weights=self.weights,
            area=self.area * self.unit**2,
            extent=(width, height),
            periodic=self.periodic,
        )


def _tessellate(points: Float[np.ndarray, "n 2"], extent: Float[np.ndarray, " 2"], periodic: bool) -> _Ridges:
    """Voronoi cells of a torus, or clipped to the rectangle, as the dual of one Delaunay triangulation.

    A margin of the sheet is copied to the other side (torus) or mirrored at the border (open sheet; a border then is the
    ridge between a point and its mirror image). The margin is wide enough when the circumcircles of all triangles at
    cells of the sheet stay inside it, since then no point further out could change them.
    """
    n = len(points)
    band = FIRST_BAND * np.sqrt(extent.prod() / n)
    while True:
        band = np.minimum(band, extent.max())
        padded, origin = _with_margin(points, extent, band, periodic)
        try:
            triangulation = Delaunay(padded)
        except QhullError as error:
            reason = str(error).strip().splitlines()[0]
            raise TopologyError(f"`points` must span the plane, got {n} that qhull rejects: {reason}.") from error
        simplices = triangulation.simplices
        corners = padded[simplices]
        centre = _circumcentres(corners)
        ours = (simplices < n).any(axis=1)
        reach = np.hypot(*(centre - corners[:, 0]).T)[ours, None]
        inside = (centre[ours] - reach >= -band) & (centre[ours] + reach <= extent + band)
        if inside.all() or (band >= extent).all():
            break
        band *= 2
    cell, beyond, start, stop = [], [], [], []
    for corner in range(3):  # triangles turn counterclockwise: each edge comes once in each direction
        i, j = simplices[:, (corner + 1) % 3], simplices[:, (corner + 2) % 3]
        kept = np.flatnonzero(i < n)
        i, j = i[kept], j[kept]
        cell.append(i)
        beyond.append(j)
        start.append(centre[triangulation.neighbors[kept, corner]] - padded[i])
        stop.append(centre[kept] - padded[i])
    i, j = np.concatenate(cell), np.concatenate(beyond)
    distance = np.hypot(*(padded[j] - padded[i]).T)
    return _Ridges(i, origin[j], np.concatenate(start), np.concatenate(stop), distance)


def _with_margin(
    points: Float[np.ndarray, "n 2"], extent: Float[np.ndarray, " 2"], band: float, periodic: bool
) -> tuple[Float[np.ndarray, "m 2"], Int[np.ndarray, " m"]]:
    """The points, then their copies in a margin around the sheet; each with its index, -1 for mirror images."""
    origin = np.arange(len(points))
    if periodic:
        for axis in (0, 1):
            shift = np.zeros(2)
            shift[axis] = extent[axis]
            low = np.flatnonzero(points[:, axis] <= band)
            high = np.flatnonzero(points[:, axis] >= extent[axis] - band)
            points = np.concatenate([points, points[low] + shift, points[high] - shift])
            origin = np.concatenate([origin, origin[low], origin[high]])
        return points, origin
    mirrored = []
    for axis in (0, 1):
        for border in (0.0, extent[axis]):
            near = np.abs(points[:, axis] - border) <= band
            image = points[near]
            image[:, axis] = 2 * border - image[:, axis]
            mirrored.append(image)
    images = np.concatenate(mirrored)
    return np.concatenate([points, images]), np.concatenate([origin, np.full(len(images), -1)])


def _circumcentres(corners: Float[np.ndarray, "t 3 2"]) -> Float[np.ndarray, "t 2"]:
    a = corners[:, 0]
    b, c = corners[:, 1] - a, corners[:, 2] - a
    bb, cc = np.square(b).sum(axis=1), np.square(c).sum(axis=1)
    double = 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
    double = np.where(double == 0, np.finfo(np.float64).tiny, double)
    return a + np.stack([c[:, 1] * bb - b[:, 1] * cc, b[:, 0] * cc - c[:, 0] * bb], axis=1) / double[:, None]


def _pairs(
    ridges: _Ridges, num_cells: int, shortest: float, periodic: bool
) -> tuple[Int[np.ndarray, "2 e"], Float[np.ndarray, " e"]]:
    """Directed pairs of cells, both directions of each with the same shared length; degenerate ridges dropped."""
    inner = ridges.neighbour >= 0
    cell, neighbour, length = ridges.cell[inner], ridges.neighbour[inner], ridges.length[inner]
    real = length > shortest
    key = np.minimum(cell, neighbour) * num_cells + np.maximum(cell, neighbour)
    pairs, index, count = np.unique(key[real], return_inverse=True, return_counts=True)
    low, high = pairs // num_cells, pairs % num_cells
    if periodic and ((low == high).any() or (count > 2).any()):
        at = int(np.flatnonzero((low == high) | (count > 2))[0])
        raise TopologyError(
            f"`points` must be enough that no cell of the torus meets a cell twice or itself, got {num_cells}; cells "
            f"{low[at]} and {high[at]} meet more than once."
        )
    shared = np.bincount(index, length[real], len(pairs)) / count
    return np.stack([np.r_[low, high], np.r_[high, low]]), np.r_[shared, shared]


def _centroids(
    points: Float[np.ndarray, "n 2"], ridges: _Ridges, extent: Float[np.ndarray, " 2"], periodic: bool
) -> Float[np.ndarray, "n 2"]:
    """Centroid of every cell: the mean of the triangles (point, ridge), weighted with their area."""
    area = ridges.length * ridges.distance / 4
    middle = (ridges.start + ridges.stop) / 3
    moment = np.stack([np.bincount(ridges.cell, area * m, len(points)) for m in middle.T], axis=1)
    moved = points + moment / np.bincount(ridges.cell, area, len(points))[:, None]
    return moved % extent if periodic else np.clip(moved, 0, extent)
