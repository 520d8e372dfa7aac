"""The icosahedron, its faces quartered and put on the sphere again and again."""

import numpy as np
from jaxtyping import Float, Int

GOLDEN = (1 + 5**0.5) / 2
EDGE = 1.1  # between the length of an edge, 1.05 of the radius, and the next distance of two corners


def icosphere_mesh(subdivisions: int) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f 3"]]:
    """Vertices and faces of an icosphere of radius 1."""
    corners = [(x, y * GOLDEN, 0) for x in (-1, 1) for y in (-1, 1)]
    vertices = np.array([np.roll(corner, turn) for turn in range(3) for corner in corners])
    vertices /= np.linalg.norm(vertices[0])
    distance = np.linalg.norm(vertices[:, None] - vertices, axis=2)
    near = (distance > 0) & (distance < EDGE)
    faces = np.array(
        [(a, b, c) for a in range(12) for b in range(a) for c in range(b) if near[a, b] & near[b, c] & near[a, c]]
    )
    outward = np.linalg.det(vertices[faces]) > 0
    faces = np.where(outward[:, None], faces, faces[:, ::-1])
    for _ in range(subdivisions):
        ends = np.sort(np.stack([faces, np.roll(faces, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
        pairs, place = np.unique(ends, axis=0, return_inverse=True)
        a, b, c = faces.T
        ab, bc, ca = len(vertices) + place.reshape(-1, 3).T
        middle = vertices[pairs].sum(1)
        vertices = np.concatenate([vertices, middle / np.linalg.norm(middle, axis=1, keepdims=True)])
        parts = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
        faces = np.concatenate([np.stack(part, axis=1) for part in parts])
    return vertices, faces
