"""Holes between triangles: round a tip with so few cells that their edges pass one another."""

import numpy as np
from jaxtyping import Bool, Float, Int

Side = tuple[int, int]
ROOM = 6  # cells round a place where another one would fit


def without_holes(
    triangles: Int[np.ndarray, "t 3"],
    pos: Float[np.ndarray, "n 3"],
    normal: Float[np.ndarray, "n 3"],
    border: Bool[np.ndarray, " n"],
) -> Int[np.ndarray, "t2 3"]:
    """Triangles of which no two lie on the same side of an edge, and with others where a hole was within the surface.

    Of two that go along an edge in the same direction the later is left out. What is then open is gone round, and cut
    across by its shortest diagonals. A way round stays open, as one of the surface's own holes, if all its cells stand
    at a border; and if it has room for a cell and its cells face one way or half of them stand at a border. So does one
    whose every diagonal would be a third side of an edge.
    """
    number = np.arange(len(triangles)).repeat(3)
    start, stop = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    _, first = np.unique(start * len(pos) + stop, return_index=True)
    again = np.setdiff1d(np.arange(len(start)), first)
    if again.size:
        kept = np.ones(len(triangles), bool)
        kept[number[again]] = False
        return without_holes(triangles[kept], pos, normal, border)
    open_ = ~np.isin(stop * len(pos) + start, start * len(pos) + stop)
    if not open_.any():
        return triangles
    sides = set(zip(start.tolist(), stop.tolist(), strict=True))
    added: list[list[int]] = []
    for around in _ways_round(list(zip(stop[open_].tolist(), start[open_].tolist(), strict=True))):
        folded = 2 * border[around].sum() < len(around) and (normal[around] @ normal[around].T < 0).any()
        if not border[around].all() and (len(around) < ROOM or folded):
            added += _filled(around, pos, sides)
    return np.concatenate([triangles, np.array(added, dtype=triangles.dtype).reshape(-1, 3)])


def _ways_round(sides: list[Side]) -> list[list[int]]:
    """Sides, one after another, as ways round that come to no cell twice."""
    following: dict[int, list[int]] = {}
    for start, stop in sides:
        following.setdefault(start, []).append(stop)
    ways, way = [], []
    while any(following.values()) or way:
        at = way[-1] if way else next(cell for cell, others in following.items() if others)
        after = following[at].pop()
        way = way or [at]
        if after in way:
            place = way.index(after)
            ways.append(way[place:])
            way = way[:place] + ([after] if place else [])
        else:
            way.append(after)
    return ways


def _filled(around: list[int], pos: Float[np.ndarray, "n 3"], sides: set[Side]) -> list[list[int]]:
    """Triangles across a way round, whose sides join the others; none if it cannot be."""
    around, new, found = list(around), set(sides), []
    while len(around) > 3:
        corners = [(around[k - 2], around[k - 1], around[k]) for k in range(len(around))]
        free = [(a, b, c) for a, b, c in corners if (a, c) not in new and (c, a) not in new]
        if not free:
            return []
        a, b, c = min(free, key=lambda corner: float(np.linalg.norm(pos[corner[0]] - pos[corner[2]])))
        found.append([a, b, c])
        new |= {(a, b), (b, c), (c, a)}
        around.remove(b)
    found.append(around)
    sides |= new | {(around[k - 1], around[k]) for k in range(3)}
    return found
