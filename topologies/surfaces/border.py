"""What cells near the border of an open surface read: mirror images across it, so that nothing flows out."""

import numpy as np
from jaxtyping import Float, Int

from topologies.interior import HALF_TURN, widest_gaps
from topologies.rings import MIRROR_REACH, Reads
from topologies.surfaces.tangent import in_frame

AWAY = 0.35  # mean distances of its neighbours from a cell to the border, at least: else it is its own image


def mirrored_at_border(
    reads: Reads,
    normal: Float[np.ndarray, "n 3"],
    frame: Float[np.ndarray, "n 3"],
    edge_index: Int[np.ndarray, "2 e"],
    vectors: Float[np.ndarray, "e 2"],
) -> Reads:
    """The mirror images that cells read, themselves included, of cells of a surface.

    A cell at the border is known by a gap of half a turn or more in the neighbours round it. There the border is taken
    to run across the middle of the gap, at half the mean distance of the neighbours. Every cell that reads the cell,
    and the cell itself, sees that line in its own tangent plane, and of several the nearest.
    """
    n, receiver = len(normal), edge_index[1]
    gap, middle = widest_gaps(receiver, vectors, n)
    at_border = gap >= HALF_TURN
    if not at_border.any():
        return Reads(reads.index[:, :0], reads.vectors[:0])
    length = np.hypot(*vectors.T)
    spacing = np.bincount(receiver, length, n) / np.maximum(np.bincount(receiver, minlength=n), 1)
    outward = np.cos(middle)[:, None] * frame + np.sin(middle)[:, None] * np.cross(frame, normal)

    here = np.arange(n)
    index, seen = np.concatenate([reads.index, [here, here]], axis=1), np.r_[reads.vectors, np.zeros((n, 2))]
    lines = np.flatnonzero(at_border[index[0]])
    border, cell = index[:, lines]
    across = in_frame(outward[border], normal[cell], frame[cell])
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    distance = (seen[lines] * across).sum(1) + spacing[border] / 2
    before = distance > 0  # a line beyond which a cell lies is that of another part of the border
    cell, across = cell[before], across[before]
    distance = np.maximum(distance[before], AWAY * spacing[cell])
    order = np.lexsort((distance, cell))
    first = order[np.r_[True, np.diff(cell[order]) > 0]] if len(order) else order
    direction, far = np.zeros((n, 2)), np.full(n, np.inf)
    direction[cell[first]], far[cell[first]] = across[first], distance[first]

    mirrored = np.flatnonzero(far[index[1]] < np.inf)
    index, seen = index[:, mirrored], seen[mirrored]
    beyond = far[index[1]] - (seen * direction[index[1]]).sum(1)
    image = seen + 2 * beyond[:, None] * direction[index[1]]
    near = (beyond > 0) & (np.square(image).sum(1) <= (MIRROR_REACH * spacing[index[1]]) ** 2)
    return Reads(index[:, near], image[near])
