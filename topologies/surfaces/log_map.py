"""The logarithmic map between neighbouring cells: in which direction, and how far along the surface."""

import numpy as np
from jaxtyping import Float, Int

from topologies.surfaces.tangent import in_frame

STRAIGHT = 1e-4  # radians below which an arc is as long as its chord, to 1e-9


def logarithmic_map(
    pos: Float[np.ndarray, "m 3"],
    normal: Float[np.ndarray, "m 3"],
    frame: Float[np.ndarray, "n 3"],
    index: Int[np.ndarray, "2 s"],
) -> Float[np.ndarray, "s 2"]:
    """Where the cell j of each pair (j, i) lies in the frame of cell i.

    Its direction is that of the chord, projected on the tangent plane; its distance that of the arc of a circle over
    the chord which turns as the normals at its ends say: exact in the plane and on spheres, the same in both directions
    on any surface, and right to the third order of the distance between.
    """
    other, here = index
    chord = pos[other] - pos[here]
    vectors = in_frame(chord, normal[here], frame[here])
    flat = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors * (arc_length(chord, normal[here], normal[other])[:, None] / np.where(flat > 0, flat, 1.0))


def arc_length(
    chord: Float[np.ndarray, "*s 3"], normal: Float[np.ndarray, "*s 3"], other: Float[np.ndarray, "*s 3"]
) -> Float[np.ndarray, "*s"]:
    """Length of the arc over a chord, from a place of one normal to a place of another.

    The chord of a circle leaves the tangents at its ends by the same angle a, and the arc is a / sin a times as long.
    """
    length = np.linalg.norm(chord, axis=-1)
    direction = chord / np.where(length > 0, length, 1.0)[..., None]
    rise = [np.arcsin(np.clip((n * direction).sum(-1), -1.0, 1.0)) for n in (normal, other)]
    angle = np.abs(rise[1] - rise[0]) / 2
    bent = np.where(angle > STRAIGHT, angle, 1.0)
    return length * np.where(angle > STRAIGHT, bent / np.sin(bent), 1.0)
