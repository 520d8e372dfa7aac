"""Tangent planes: unit normals and the frames in which a cell sees directions.

The first axis of a cell's plane is its `frame`, the second is frame x normal: seen from outside, x runs right and y
down, as in an image.
"""

import numpy as np
from jaxtyping import Complex, Float

from topologies.contract import TopologyError

SHORTEST_NORMAL = 1e-12  # a normal shorter than this share of the longest has no direction


def unit_rows(vectors: Float[np.ndarray, "n 3"], name: str) -> Float[np.ndarray, "n 3"]:
    """The vectors at length 1.

    Raises:
        TopologyError: If one of them, called `name` in the message, has no length.
    """
    length = np.linalg.norm(vectors, axis=1)
    if (null := np.flatnonzero(~(length > SHORTEST_NORMAL * length.max(initial=0)))).size:
        raise TopologyError(f"`{name}` must have a direction everywhere, got {vectors[null[0]].tolist()} at {null[0]}.")
    return vectors / length[:, None]


def any_frames(normal: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Some unit vector of each tangent plane: the axis of space that the normal is least along, projected."""
    axis = np.eye(3)[np.abs(normal).argmin(1)]
    return unit_rows(axis - (axis * normal).sum(1)[:, None] * normal, "normal")


def in_frame(
    vectors: Float[np.ndarray, "*s 3"], normal: Float[np.ndarray, "*s 3"], frame: Float[np.ndarray, "*s 3"]
) -> Float[np.ndarray, "*s 2"]:
    """Components of vectors in space along the two axes of a frame; what is along the normal is lost."""
    second = np.cross(frame, normal)
    return np.stack([(vectors * frame).sum(-1), (vectors * second).sum(-1)], axis=-1)


def turned(
    normal: Float[np.ndarray, "n 3"], frame: Float[np.ndarray, "n 3"], phase: Complex[np.ndarray, " n"]
) -> Float[np.ndarray, "n 3"]:
    """Frames turned by the angle of a complex number, from x towards y."""
    unit = phase / np.abs(phase)
    return unit_rows(unit.real[:, None] * frame + unit.imag[:, None] * np.cross(frame, normal), "frame")
