"""Voronoi meshes of random or given points, on a torus or a bounded domain."""

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import ArrayLike
from scipy.spatial import Delaunay, KDTree, QhullError
from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.assemble import assemble
from topologies.contract import LAPLACIAN_GAIN, UNIT_LAW, TopologyError, shortest_image, spread_of_cells
from topologies.interior import interior_cells
from topologies.poisson_disk import poisson_disk
from topologies.reach import neighbours_within_reach

POISSON_DENSITY = 0.697  # cells per unit of area of a maximal Poisson-disk mesh of least distance 1
POISSON_RADIUS = 0.9211  # such a mesh of this least distance keeps the unit law: 0.697 / r^2 = 0.8215
DENSITIES = (0.75, 16.0)  # below, the kernel has too few cells; above, a step reads more than 200 of them
EXTENT_TOLERANCE = 0.02  # the exact extent may differ from the size asked for by this share
MAX_ATTEMPTS = 50  # point sets tried until the extent is near enough; only very small domains need more than two
DEGENERATE_RIDGE = 1e-5  # shared edges shorter than this share of sqrt(area / cells) come from rounding: corners only
NEAREST = 1e-6  # points nearer to each other or to a border than this share of sqrt(area / cells) count as touching
WIDEST = 1e5  # sides of the extent in units of the points' own spacing; beyond it float32 can't tell neighbours apart
FIRST_BAND = 3.0  # width of the copied margin in units of sqrt(area / cells); doubled until it suffices


@partial(checked, error=TopologyError)
def voronoi_mesh(
    height: float,
    width: float,
    *,
    periodic: bool = True,
    lloyd_steps: int = 0,
    seed: int = 0,
    operators: str = "fitted",
    density: float | None = None,
) -> Data:
    """Voronoi mesh of Poisson-disk points on a domain of about height x width units.

    Points are drawn by `poisson_disk`, moved by `lloyd_steps` Lloyd steps (each cell's point to its centroid; many
    steps approach hexagons), and become a mesh as in `voronoi_from_points`. The exact extent follows from the unit law
    and is within 2 % of the size asked for.

    Cells that share an edge are neighbours, and by the unit law there are about 0.82 of them per unit of area. With
    another `density` the kernel keeps its size in units and is fitted to the cells that there are within its reach, and
    so does life: neighbours are all cells within about 1.63 units, of equal weight, which keeps the unit law.

    Args:
        height: height of the domain in units of length.
        width: width of the domain.
        periodic: torus or bounded domain.
        lloyd_steps: number of Lloyd relaxation steps.
        seed: seed of the points; the same seed gives the same mesh.
        operators: how cells see, one of `topologies.OPERATORS`.
        density: cells per unit of area, 0.75 to 16; None: those of the unit law, with the cells that share an edge as
            neighbours.

    Raises:
        TopologyError: if the domain is smaller than 4 x 4 units or another number is out of range.
    """
    for name, size in (("height", height), ("width", width)):
        if not (np.isfinite(size) and size >= 4):
            raise TopologyError(f"`{name}` must be a finite number of units, at least 4, got {size}.")
    for name, count in (("lloyd_steps", lloyd_steps), ("seed", seed)):
        if count < 0:
            raise TopologyError(f"`{name}` must be 0 or more, got {count}.")
    if density is not None and not DENSITIES[0] <= density <= DENSITIES[1]:
        raise TopologyError(
            f"`density` must be {DENSITIES[0]} to {DENSITIES[1]} cells per unit of area, got {density}."
        )
    rng = np.random.default_rng(seed)
    extent = np.array([width, height], dtype=np.float64)
    least = POISSON_RADIUS if density is None else float(np.sqrt(POISSON_DENSITY / density))
    radius, units = least, []
    for _ in range(MAX_ATTEMPTS):
        points = poisson_disk((width, height), radius, rng, periodic=periodic)
        for _ in range(lloyd_steps):
            points = _centroids(points, _tessellate(points, extent, periodic), extent, periodic)
        mesh = _Mesh.of(points, extent, periodic, by_reach=density is not None)
        if abs(mesh.unit - 1) <= EXTENT_TOLERANCE:
            return mesh.assemble(operators)
        units.append(mesh.unit)
        radius = least * float(np.median(units))
    raise TopologyError(
        f"`height` and `width` must leave room for a mesh whose extent is within {EXTENT_TOLERANCE:.0%} of them, got "
        f"{height} x {width}, off by {min(abs(unit - 1) for unit in units):.1%} at best in {MAX_ATTEMPTS} point sets."
    )


@partial(checked, error=TopologyError)
def voronoi_from_points(
    points: ArrayLike, extent: tuple[float, float], *, periodic: bool = True, operators: str = "fitted"
) -> Data:
    """Voronoi mesh of given points.

    Two cells are neighbours when they share an edge of length l_ij > 0, and w_ij = 12 l_ij / sum_j l_ij. On an open
    domain the cells are clipped to the rectangle (0, 0)-`extent`, and border cells see the neighbours they have. Node k
    is point k. **The points and the extent are rescaled** by one factor, so that the unit law of the contract holds
    (mean of sum_j w_ij |v_ij|^2 over interior cells = 16): the unit in which the points are given does not matter, and
    Poisson-disk points come out at about 0.82 cells per unit area.

    Args:
        points: (N, 2) positions (x, y) inside the extent, any unit.
        extent: width and height of the domain, in the unit of the points.
        periodic: torus or bounded domain.
        operators: how cells see, one of `topologies.OPERATORS`.

    Raises:
        TopologyError: if there are too few points (fewer than 3, or so few that on a torus a cell meets the same cell
            twice), or if points are not finite, lie outside the extent, or coincide.
    """
    if isinstance(points, torch.Tensor):
        points = points.detach().cpu().numpy()
    try:
        points = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TopologyError(f"`points` must be numbers, got {type(points).__name__}.") from error
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
    span = np.ptp(points, axis=0)
    if (size > WIDEST * span.max() / np.sqrt(len(points))).any():
        raise TopologyError(
            f"`points` must fill their extent, got {len(points)} within {span.tolist()} of {size.tolist()}; take "
            "`points - points.min(0)` and an extent that goes with it."
        )
    touching = NEAREST * np.sqrt(size.prod() / len(points))
    if periodic:
        points = np.where(points == size, 0.0, points)  # the far border of a torus is the near one
    tree = KDTree(points, boxsize=size if periodic else None)
    if (twins := tree.query_pairs(touching, output_type="ndarray")).size:
        one, two = twins[np.lexsort(twins.T[::-1])[0]].tolist()
        raise TopologyError(
            f"`points` must lie apart, got {points[one].tolist()} at index {one} and {points[two].tolist()} at {two}."
        )
    return _Mesh.of(points, size, periodic).assemble(operators)


class _Ridges(NamedTuple):
    """Edges of all Voronoi cells, one entry for each cell on each side; a border of the domain has neighbour -1."""

    cell: Int[np.ndarray, " r"]
    neighbour: Int[np.ndarray, " r"]
    start: Float[np.ndarray, "r 2"]  # relative to the cell's point
    stop: Float[np.ndarray, "r 2"]
    across: Float[np.ndarray, "r 2"]  # from the cell's point to the point (or mirror image) on the other side

    @property
    def length(self) -> Float[np.ndarray, " r"]:
        return np.hypot(*(self.stop - self.start).T)

    @property
    def area(self) -> Float[np.ndarray, " r"]:
        """Area of the triangle between the cell's point and the ridge: length * half the distance across / 2."""
        return self.length * np.hypot(*self.across.T) / 4

    def without_shorter_than(self, shortest: float) -> "_Ridges":
        kept = self.length > shortest
        return _Ridges(*(part[kept] for part in self))


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
    def of(
        cls,
        points: Float[np.ndarray, "n 2"],
        extent: Float[np.ndarray, " 2"],
        periodic: bool,
        *,
        by_reach: bool = False,
    ) -> "_Mesh":
        """The mesh of some points, whose neighbours share an edge or, `by_reach`, lie within the kernel's reach."""
        n = len(points)
        ridges = _tessellate(points, extent, periodic)
        area = np.bincount(ridges.cell, ridges.area, n)
        ridges = ridges.without_shorter_than(DEGENERATE_RIDGE * np.sqrt(extent.prod() / n))
        if by_reach:
            edge_index = neighbours_within_reach(points, extent, periodic)
            share = np.ones(edge_index.shape[1])
        else:
            edge_index, share = _pairs(ridges, n)
        neighbour, receiver = edge_index
        vectors = shortest_image(points[neighbour] - points[receiver], extent, periodic)
        if periodic and not by_reach:
            inner = shortest_image(points[ridges.neighbour] - points[ridges.cell], extent, True)
            if (far := np.flatnonzero(np.abs(ridges.across - inner).max(axis=1) > extent.min() / 2)).size:
                _fail_too_few(n, int(ridges.cell[far[0]]), int(ridges.neighbour[far[0]]))
        weights = LAPLACIAN_GAIN * share / np.bincount(receiver, share, n)[receiver]
        spread = spread_of_cells(receiver, vectors, weights, n)
        interior = interior_cells(receiver, vectors, n)
        unit = float(np.sqrt(UNIT_LAW / spread[interior if interior.any() else slice(None)].mean()))
        return cls(points, edge_index, vectors, weights, area, extent, periodic, unit)

    def assemble(self, operators: str) -> Data:
        width, height = (self.extent * self.unit).tolist()
        return assemble(
            pos=self.points * self.unit,
            edge_index=self.edge_index,
            vectors=self.vectors * self.unit,
            weights=self.weights,
            area=self.area * self.unit**2,
            extent=(width, height),
            periodic=self.periodic,
            operators=operators,
        )


def _tessellate(points: Float[np.ndarray, "n 2"], extent: Float[np.ndarray, " 2"], periodic: bool) -> _Ridges:
    """Voronoi cells of a torus, or clipped to the rectangle, as the dual of one Delaunay triangulation.

    A margin of the domain is copied to the other side (torus) or mirrored at the border (bounded domain; a border is
    then the ridge between a point and its mirror image). The margin is wide enough when every cell of the domain is
    enclosed and the circumcircles of all triangles at it stay inside, since then no point further out could change
    them.
    """
    n = len(points)
    spacing = np.sqrt(extent.prod() / n)
    if not periodic:  # a point on the border would be its own mirror image
        points = np.clip(points, NEAREST * spacing, extent - NEAREST * spacing)
    band = np.full(2, FIRST_BAND * spacing)
    while True:
        band = np.minimum(band, extent)
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
        closed = (triangulation.convex_hull >= n).all()  # no cell of the domain is left without an outer side
        if (closed and inside.all()) or (band >= extent).all():
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
    return _Ridges(i, origin[j], np.concatenate(start), np.concatenate(stop), padded[j] - padded[i])


def _with_margin(
    points: Float[np.ndarray, "n 2"], extent: Float[np.ndarray, " 2"], band: Float[np.ndarray, " 2"], periodic: bool
) -> tuple[Float[np.ndarray, "m 2"], Int[np.ndarray, " m"]]:
    """The points, then their copies in a margin around the domain; each with its index, -1 for mirror images."""
    origin = np.arange(len(points))
    if periodic:
        for axis in (0, 1):
            shift = np.zeros(2)
            shift[axis] = extent[axis]
            low = np.flatnonzero(points[:, axis] <= band[axis])
            high = np.flatnonzero(points[:, axis] >= extent[axis] - band[axis])
            points = np.concatenate([points, points[low] + shift, points[high] - shift])
            origin = np.concatenate([origin, origin[low], origin[high]])
        return points, origin
    mirrored = []
    for axis in (0, 1):
        for border in (0.0, extent[axis]):
            near = np.abs(points[:, axis] - border) <= band[axis]
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


def _pairs(ridges: _Ridges, num_cells: int) -> tuple[Int[np.ndarray, "2 e"], Float[np.ndarray, " e"]]:
    """Directed pairs of cells that share an edge, both directions of each with the same shared length."""
    inner = ridges.neighbour >= 0
    cell, neighbour, length = ridges.cell[inner], ridges.neighbour[inner], ridges.length[inner]
    key = np.minimum(cell, neighbour) * num_cells + np.maximum(cell, neighbour)
    pairs, index, count = np.unique(key, return_inverse=True, return_counts=True)
    low, high = pairs // num_cells, pairs % num_cells
    if (again := np.flatnonzero((low == high) | (count > 2))).size:
        _fail_too_few(num_cells, int(low[again[0]]), int(high[again[0]]))
    shared = np.bincount(index, length, len(pairs)) / count
    return np.stack([np.r_[low, high], np.r_[high, low]]), np.r_[shared, shared]


def _fail_too_few(num_cells: int, one: int, two: int) -> None:
    raise TopologyError(
        "`points` must be enough, and spread enough, that on the torus no cell touches itself and two cells touch only "
        f"along the shortest way between them, got {num_cells} points, where cells {one} and {two} break this."
    )


def _centroids(
    points: Float[np.ndarray, "n 2"], ridges: _Ridges, extent: Float[np.ndarray, " 2"], periodic: bool
) -> Float[np.ndarray, "n 2"]:
    """Centroid of every cell: the mean of the triangles (point, ridge), weighted with their area."""
    area = ridges.area
    middle = (ridges.start + ridges.stop) / 3
    moment = np.stack([np.bincount(ridges.cell, area * m, len(points)) for m in middle.T], axis=1)
    moved = points + moment / np.bincount(ridges.cell, area, len(points))[:, None]
    if not periodic:
        return moved
    moved %= extent
    return np.where(moved == extent, 0.0, moved)  # what % makes of a rounding error below 0
