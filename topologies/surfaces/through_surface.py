"""Which cells a surface connects nearby: through the surface, never through a thin wall or across a gap."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int
from scipy.sparse.csgraph import dijkstra

from topologies.surfaces.triangle_mesh import TriangleMesh

HOPS = 3  # territories from one cell to another that may be its neighbour


def connected_pairs(
    mesh: TriangleMesh, pos: Float[np.ndarray, "n 3"], corners: Int[np.ndarray, "n k"]
) -> Int[np.ndarray, " p"]:
    """Sorted i * n + j of the cells j that are at most three territories away from cell i.

    A cell's territory is the vertices that are nearest to it along the edges of the mesh; two touch where an edge runs
    from one to the other, or where a cell lies on a face of another's vertices.

    Args:
        mesh: Fine enough that a territory has a few vertices.
        pos: Places of the cells.
        corners: Vertices of the face on which each lies, or the vertex at which it lies.
    """
    n, v = len(pos), len(mesh.vertices)
    ends = mesh.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    key = np.unique(ends.min(1) * v + ends.max(1))
    start, stop = key // v, key % v
    cell, corner = np.repeat(np.arange(n), corners.shape[1]), corners.ravel()
    length = np.linalg.norm(mesh.vertices[start] - mesh.vertices[stop], axis=1)
    reach = np.linalg.norm(pos[cell] - mesh.vertices[corner], axis=1)
    tiny = 1e-12 * length.max()  # 0 would be no edge
    both = np.r_[start, stop, v + cell], np.r_[stop, start, corner]
    graph = sp.csr_array(
        (np.maximum(np.r_[length, length, reach], tiny), tuple(ends.astype(np.int32) for ends in both)),
        shape=(v + n, v + n),
    )  # int32: before 1.16 scipy's graphs had no others
    _, _, source = dijkstra(graph, indices=v + np.arange(n), min_only=True, return_predecessors=True)
    owner = source - v
    one, two = np.r_[owner[start], cell], np.r_[owner[stop], owner[corner]]
    kept = (one != two) & (one >= 0) & (two >= 0)
    one, two = one[kept], two[kept]
    itself = np.arange(n)
    rows, columns = np.r_[one, two, itself], np.r_[two, one, itself]
    touch = sp.csr_array((np.ones(len(rows), bool), (rows, columns)), shape=(n, n))
    near = touch
    for _ in range(HOPS - 1):
        near = sp.csr_array(near @ touch)
    near.sort_indices()
    return np.repeat(np.arange(n), np.diff(near.indptr)) * n + near.indices
