"""What a mesh must be before cells are laid on it, and what is mended at the door.

Silently: vertices in one place are one (seams by texture or normals), squares become triangles, unused vertices go.
With a warning: faces without area go, faces that turn the other way than their neighbours are turned, a closed mesh
that is inside out is turned, several parts stay apart. With an error: everything that leaves no surface.
"""

import warnings

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int
from scipy.sparse.csgraph import connected_components

from topologies.contract import TopologyError
from topologies.surfaces.mesh_files import Mesh, read_mesh
from topologies.surfaces.triangle_mesh import TriangleMesh

TOGETHER = 1e-8  # vertices nearer than this share of the mesh's size are one
NO_AREA = 1e-12  # a face below this share of the square of its longest edge has none
FEWEST_FACES = 4


class SurfaceWarning(UserWarning):
    """Something about a surface was mended or may be unwanted."""


def sound_mesh(mesh: Mesh) -> TriangleMesh:
    """A mesh in any of its forms as triangles of one side, outside out; vertices keep their order.

    Raises:
        TopologyError: If it is no surface: NaN, a face of vertices that are not there, fewer than four faces, an edge
            with three faces, one side only.
    """
    vertices, faces = read_mesh(mesh)
    if (bad := np.flatnonzero(~np.isfinite(vertices).all(1))).size:
        raise TopologyError(f"`mesh` must have finite vertices, got {vertices[bad[0]].tolist()} at vertex {bad[0]}.")
    if faces.size and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise TopologyError(
            f"`mesh` must have faces of vertices 0 to {len(vertices) - 1}, got {faces.min()} to {faces.max()}."
        )
    if faces.shape[1] == 4:
        faces = _triangles(vertices, faces)
    vertices, faces = _welded(vertices, faces)
    faces = _with_area(vertices, faces)
    if len(faces) < FEWEST_FACES:
        raise TopologyError(f"`mesh` must have at least {FEWEST_FACES} faces, got {len(faces)}.")
    faces = _on_one_side(vertices, faces)
    used, numbers = np.unique(faces, return_inverse=True)
    return TriangleMesh(vertices[used], numbers.reshape(-1, 3))


def _triangles(vertices: Float[np.ndarray, "v 3"], quads: Int[np.ndarray, "q 4"]) -> Int[np.ndarray, "f 3"]:
    """Two triangles for each square, cut along the shorter diagonal; a square whose last corner repeats is one."""
    across = np.linalg.norm(vertices[quads[:, 0]] - vertices[quads[:, 2]], axis=1)
    other = np.linalg.norm(vertices[quads[:, 1]] - vertices[quads[:, 3]], axis=1)
    quads = np.where((across <= other)[:, None], quads, np.roll(quads, -1, axis=1))
    halves = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return halves[(halves[:, [0, 1, 2]] != halves[:, [1, 2, 0]]).all(1)]


def _welded(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]
) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f 3"]]:
    """Faces by the first of all vertices in one place."""
    size = float(np.ptp(vertices, axis=0).max()) or 1.0
    _, first, place = np.unique(
        np.round(vertices / (size * TOGETHER)).astype(np.int64), axis=0, return_index=True, return_inverse=True
    )
    return vertices, first[place.ravel()][faces]


def _with_area(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> Int[np.ndarray, "g 3"]:
    longest = np.square(vertices[faces] - vertices[np.roll(faces, 1, axis=1)]).sum(2).max(1, initial=0)
    flat = 2 * TriangleMesh(vertices, faces).areas <= NO_AREA * longest
    if flat.any():
        warnings.warn(f"`mesh`: {flat.sum()} faces without area were left out.", SurfaceWarning, stacklevel=4)
    return faces[~flat]


def _on_one_side(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> Int[np.ndarray, "f 3"]:
    """Faces that all turn the same way, and, of closed parts, outwards."""
    start, stop = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    upward, number = start < stop, np.repeat(np.arange(len(faces)), 3)
    _, edge, count = np.unique(
        np.minimum(start, stop) * len(vertices) + np.maximum(start, stop), return_inverse=True, return_counts=True
    )
    if (many := np.flatnonzero(count[edge] > 2)).size:
        at = many[0]
        raise TopologyError(
            f"`mesh` must have at most two faces at every edge, got {count[edge[at]]} at the edge from vertex "
            f"{start[at]} to {stop[at]} ({(count > 2).sum()} such edges)."
        )
    order = np.argsort(edge, kind="stable")
    first = order[np.flatnonzero(np.diff(edge[order]) == 0)]
    second = order[np.flatnonzero(np.diff(edge[order]) == 0) + 1]
    against = upward[first] == upward[second]  # two faces that turn alike run along their edge in opposite directions
    # Each face twice, as it is and turned over: what fits together is joined, and a surface falls into two sides.
    f, i, j = len(faces), number[first], number[second]
    there = np.r_[np.where(against, j + f, j), np.where(against, j, j + f)]
    joined = sp.coo_array((np.ones(2 * len(i)), (np.r_[i, i + f], there)), shape=(2 * f, 2 * f))
    _, side = connected_components(joined, directed=False)
    if (both := np.flatnonzero(side[:f] == side[f:])).size:
        raise TopologyError(f"`mesh` must have two sides, but has one only, as a Moebius strip, at face {both[0]}.")
    part = np.minimum(side[:f], side[f:])
    parts, part = np.unique(part, return_inverse=True)
    over = side[:f] != parts[part]  # against the reading of its part that comes first
    share = np.bincount(part, over) / np.bincount(part)
    over ^= (share > 0.5)[part]  # the smaller number is turned
    if over.any():
        warnings.warn(
            f"`mesh`: {over.sum()} of {f} faces turned the other way than their neighbours and were turned.",
            SurfaceWarning,
            stacklevel=4,
        )
    faces = np.where(over[:, None], faces[:, ::-1], faces)
    closed = np.bincount(part, np.bincount(number, (count[edge] == 1))) == 0
    volume = np.bincount(part, (vertices[faces].mean(1) * TriangleMesh(vertices, faces).face_vectors).sum(1))
    inside_out = closed & (volume < 0)
    if inside_out.any():
        warnings.warn("`mesh`: it was inside out (clockwise faces) and was turned.", SurfaceWarning, stacklevel=4)
        faces = np.where(inside_out[part][:, None], faces[:, ::-1], faces)
    if len(parts) > 1:
        warnings.warn(
            f"`mesh`: it has {len(parts)} parts; cells of different parts do not see each other.",
            SurfaceWarning,
            stacklevel=4,
        )
    return faces
