"""Maximal Poisson-disk samples of a rectangle or a torus, by dart throwing on many squares at once."""

import numpy as np
from jaxtyping import Float, Int

MAX_LEVELS = 24  # halvings of a base square; what is still open below side / 2^24 is given up
HALO = 2  # base squares that a disk reaches beyond its own
BLOCK = 1 << 15  # squares handled at a time, so that the work stays in the cache


def poisson_disk(
    extent: tuple[float, float], radius: float, rng: np.random.Generator, *, periodic: bool = True
) -> Float[np.ndarray, "n 2"]:
    """Random points no two of which are closer than `radius`, so dense that no further point fits.

    Every place of the domain is within `radius` of a point; on a torus distances go round, so the seam looks like any
    other place. About 0.7 / radius^2 points per unit area.

    Method: the domain is cut into base squares with a diagonal of at most the radius, which hold one point at most.
    Each open square throws one dart; darts that hit a disk are discarded, and of darts that hit each other the one of
    the highest random priority stays. Squares that lie inside one disk are closed, the others are quartered, and the
    next round begins (the hierarchy of White, Cline & Egbert, "Poisson disk point sets by hierarchical dart throwing",
    2007, with all squares of a level in parallel).

    Args:
        extent: width and height, each at least twice the radius.
        radius: least distance of two points, in the unit of `extent`.
        rng: source of all randomness; the same state gives the same points.
        periodic: torus or open rectangle.

    Returns:
        Points in [0, width) x [0, height), in the row-major order of the base squares.
    """
    size = np.asarray(extent, dtype=np.float64)
    columns, rows = (int(count) for count in np.ceil(size * np.sqrt(2) / radius))
    side = size / (columns, rows)
    grid = _HaloGrid(rows, columns, size, periodic)
    row, column = (index.ravel() for index in np.mgrid[:rows, :columns])
    square = (row + HALO) * grid.stride + column + HALO  # index of the base square of every open square
    corner = np.stack([column, row]) * side[:, None]  # one row for x, one for y
    for level in range(MAX_LEVELS):
        edge = (side / 2**level)[:, None]
        dart = np.minimum(corner + rng.random(corner.shape) * edge, np.nextafter(size, 0)[:, None])
        free = np.flatnonzero(grid.clearance(dart, square) >= radius)
        free = free[rng.permutation(len(free))]  # later darts have priority
        won = free[_winners(dart[:, free], square[free], radius, grid)]
        grid.put(dart[:, won], square[won])
        still_open = grid.clearance(corner + edge / 2, square, half=edge / 2) > radius
        square = np.repeat(square[still_open], 4)
        quarter = np.array([[0, 1, 0, 1], [0, 0, 1, 1]])[:, None] * edge[..., None] / 2
        corner = (corner[:, still_open, None] + quarter).reshape(2, -1)
        if not len(square):
            break
    return grid.points()


class _HaloGrid:
    """The point of every base square (inf where none), with a rim that repeats the torus or stays empty."""

    def __init__(self, rows: int, columns: int, size: Float[np.ndarray, " 2"], periodic: bool) -> None:
        self.shape, self.size, self.periodic = (rows, columns), size, periodic
        self.stride = columns + 2 * HALO
        self.flat = np.full((2, (rows + 2 * HALO) * self.stride), np.inf)
        self.offsets = [dy * self.stride + dx for dy in range(-HALO, HALO + 1) for dx in range(-HALO, HALO + 1)]

    def put(self, dart: Float[np.ndarray, "2 m"], square: Int[np.ndarray, " m"]) -> None:
        self.flat[:, square] = dart
        if self.periodic:
            self.fill_rim()

    def fill_rim(self) -> None:
        """Copies the far side of the torus into the rim, shifted by the extent: columns first, then whole rows."""
        padded = self.flat.reshape(2, -1, self.stride)
        rim, source, turns = _rim(self.shape[1])
        padded[:, :, rim] = padded[:, :, source]
        padded[0][:, rim] += turns * self.size[0]
        rim, source, turns = _rim(self.shape[0])
        padded[:, rim] = padded[:, source]
        padded[1][rim] += turns[:, None] * self.size[1]

    def clearance(
        self,
        place: Float[np.ndarray, "2 m"],
        square: Int[np.ndarray, " m"],
        half: Float[np.ndarray, "2 1"] | None = None,
    ) -> Float[np.ndarray, " m"]:
        """Distance to the nearest point; with `half`, of the farthest corner of the box place +- half."""
        least = np.full(len(square), np.inf)
        hx, hy = (0.0, 0.0) if half is None else half[:, 0]
        for start in range(0, len(square), BLOCK):
            block = slice(start, start + BLOCK)
            x, y, here, best = place[0, block], place[1, block], square[block], least[block]
            for offset in self.offsets:
                there = here + offset
                dx = np.abs(self.flat[0][there] - x) + hx
                dy = np.abs(self.flat[1][there] - y) + hy
                np.minimum(best, dx * dx + dy * dy, out=best)
        return np.sqrt(least)

    def points(self) -> Float[np.ndarray, "n 2"]:
        inner = self.flat.reshape(2, -1, self.stride)[:, HALO:-HALO, HALO:-HALO].reshape(2, -1)
        return inner[:, np.isfinite(inner[0])].T.copy()


def _rim(count: int) -> tuple[Int[np.ndarray, " h"], Int[np.ndarray, " h"], Int[np.ndarray, " h"]]:
    """Rim lines of an axis with `count` base squares, the inner lines they repeat, and how many turns lie between."""
    line = np.r_[-HALO:0, count : count + HALO]
    return line + HALO, line % count + HALO, line // count


def _winners(
    dart: Float[np.ndarray, "2 m"], square: Int[np.ndarray, " m"], radius: float, grid: _HaloGrid
) -> Int[np.ndarray, " k"]:
    """Darts that come later than every other dart closer than the radius."""
    rows, columns = grid.shape
    latest = np.full(grid.flat.shape[1], -1)
    latest[square] = np.arange(len(square))  # of the darts in one base square, the last one written stays
    chosen = _HaloGrid(rows, columns, grid.size, grid.periodic)
    candidates = latest[latest >= 0]
    chosen.put(dart[:, candidates], square[candidates])
    rank = latest.reshape(-1, grid.stride)
    if grid.periodic:
        for axis, count in enumerate(grid.shape):
            rim, source, _ = _rim(count)
            rank.swapaxes(0, axis)[rim] = rank.swapaxes(0, axis)[source]
    rank = rank.ravel()
    x, y, here = dart[0, candidates], dart[1, candidates], square[candidates]
    wins = np.ones(len(candidates), dtype=bool)
    for offset in grid.offsets:
        there = here + offset
        near = np.square(chosen.flat[0][there] - x) + np.square(chosen.flat[1][there] - y) < radius**2
        wins &= ~(near & (rank[there] > candidates))
    return candidates[wins]
