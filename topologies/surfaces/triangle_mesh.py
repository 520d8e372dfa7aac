"""A surface made of triangles: its areas, normals and borders, and a finer mesh of the same surface."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class TriangleMesh(NamedTuple):
    """Triangles, counterclockwise seen from outside.

    Attributes:
        vertices: Places.
        faces: Three vertices each.
    """

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]

    @property
    def face_vectors(self) -> Float[np.ndarray, "f 3"]:
        """Outer normals of the faces, twice as long as their area."""
        a, b, c = (self.vertices[corner] for corner in self.faces.T)
        return np.cross(b - a, c - a)

    @property
    def areas(self) -> Float[np.ndarray, " f"]:
        """Of the faces."""
        return np.linalg.norm(self.face_vectors, axis=1) / 2

    @property
    def borders(self) -> Int[np.ndarray, "b 3"]:
        """Edges with one face: from, to (the face on their left), and the face."""
        start, stop = self.faces.ravel(), np.roll(self.faces, -1, axis=1).ravel()
        key = np.minimum(start, stop) * len(self.vertices) + np.maximum(start, stop)
        _, place, count = np.unique(key, return_inverse=True, return_counts=True)
        alone = np.flatnonzero(count[place] == 1)
        return np.stack([start[alone], stop[alone], alone // 3], axis=1)

    def vertex_normals(self) -> Float[np.ndarray, "v 3"]:
        """Outer unit normals: those of the faces round a vertex, weighted by their angle there."""
        vectors = self.face_vectors
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        to, back = (self.vertices[np.roll(self.faces, turn, axis=1)] - self.vertices[self.faces] for turn in (-1, 1))
        cosine = (to * back).sum(2) / (np.linalg.norm(to, axis=2) * np.linalg.norm(back, axis=2))
        angle = np.arccos(np.clip(cosine, -1.0, 1.0))
        parts = (angle[:, :, None] * vectors[:, None]).reshape(-1, 3)
        total = np.stack([np.bincount(self.faces.ravel(), part, len(self.vertices)) for part in parts.T], axis=1)
        return total / np.linalg.norm(total, axis=1, keepdims=True)

    def refined(self, longest: float) -> "TriangleMesh":
        """The same surface with edges bisected until none is longer than that; vertices keep their numbers."""
        done = []
        vertices, faces = self
        while True:
            length = np.linalg.norm(vertices[faces] - vertices[np.roll(faces, -1, axis=1)], axis=2)
            long = length.max(1) > longest
            done.append(faces[~long])
            if not long.any():
                return TriangleMesh(vertices, np.concatenate(done))
            vertices, faces = _bisected(vertices, faces[long], length[long])


def _bisected(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], length: Float[np.ndarray, "f 3"]
) -> tuple[Float[np.ndarray, "w 3"], Int[np.ndarray, "g 3"]]:
    """Cuts in two, all at once, the edges that are the longest of every face they belong to; some always are."""
    start, stop = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    key = np.minimum(start, stop) * len(vertices) + np.maximum(start, stop)
    _, at, edge, count = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    edge = edge.reshape(-1, 3)
    rank = np.empty(len(at), np.int64)
    rank[np.argsort(length.ravel()[at], kind="stable")] = np.arange(len(at))  # one order for all faces, without ties
    longest = rank[edge].argmax(1)
    mine = edge[np.arange(len(faces)), longest]
    chosen = np.bincount(mine, minlength=len(at)) == count
    middle = np.full(len(at), -1)
    middle[chosen] = len(vertices) + np.arange(chosen.sum())
    new = (vertices[start[at[chosen]]] + vertices[stop[at[chosen]]]) / 2
    cut = chosen[mine]
    order = (longest[cut][:, None] + np.arange(3)) % 3  # corners a, b, c with the edge from a to b
    a, b, c = np.take_along_axis(faces[cut], order, axis=1).T
    m = middle[mine[cut]]
    halves = [np.stack([a, m, c], axis=1), np.stack([m, b, c], axis=1)]
    return np.concatenate([vertices, new]), np.concatenate([faces[~cut], *halves])
