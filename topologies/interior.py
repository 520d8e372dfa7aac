"""Which cells are interior: those that their neighbours surround."""

import numpy as np
from jaxtyping import Bool, Float, Int

FULL_TURNS = 8.0  # more than all angles of a cell span
HALF_TURN = np.pi - 1e-6  # an angular gap of pi (a straight border) counts as open in spite of rounding


def interior_cells(
    receiver: Int[np.ndarray, " e"], vectors: Float[np.ndarray, "e 2"], num_cells: int
) -> Bool[np.ndarray, " n"]:
    """Marks the cells whose neighbours leave no angular gap of half a turn or more.

    Equivalently, the cell lies strictly inside the convex hull of its neighbours. Every cell of a torus is interior;
    on a bounded domain the cells along a straight border are not. The definition needs no unit of length and no cell
    shapes, so it serves lattices, meshes and graphs alike. A chain, a star or a single row has no interior cell.

    Args:
        receiver: perceiving cell of every edge, in any order.
        vectors: direction vector from the perceiving cell to its neighbour, in any unit.
        num_cells: number of cells.

    Returns:
        One flag per cell.
    """
    gap, _ = widest_gaps(receiver, vectors, num_cells)
    return (gap > 0) & (gap < HALF_TURN)


def widest_gaps(
    receiver: Int[np.ndarray, " e"], vectors: Float[np.ndarray, "e 2"], num_cells: int
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """The widest angle between neighbours that follow each other round a cell, and the direction of its middle.

    A cell with one neighbour has a gap of a whole turn, opposite to it; one without has 0. Arguments as above.
    """
    angle = np.arctan2(vectors[:, 1], vectors[:, 0])
    order = np.argsort(receiver * FULL_TURNS + angle)  # by cell, then angle; what rounding swaps is nearer than 1e-8
    receiver, angle = receiver[order], angle[order]
    widest, middle = np.zeros(num_cells), np.zeros(num_cells)
    if len(receiver):
        first = np.flatnonzero(np.r_[True, receiver[1:] != receiver[:-1]])
        last = np.r_[first[1:], len(receiver)] - 1
        gap = np.empty_like(angle)
        gap[:-1] = angle[1:] - angle[:-1]
        gap[last] = angle[first] + 2 * np.pi - angle[last]
        widest[receiver[first]] = np.maximum.reduceat(gap, first)
        at = np.lexsort((gap, receiver))[last]  # the widest of every cell comes last
        middle[receiver[at]] = angle[at] + gap[at] / 2
    return widest, middle
