"""Positions for a graph that has none."""

from functools import partial
from typing import Any

import networkx as nx
import numpy as np
from jaxtyping import Float
from scipy.linalg import eigh
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import cdist

from topologies.arguments import checked
from topologies.contract import TopologyError

MOST = 2000  # nodes of a component: some matrices of so many have 32 MB each, and the rounds take ten seconds
ROUNDS = 200  # of moving nodes, at most
STILL = 1e-3  # edges that a node moves in a round: less is none
TREMBLE = 1e-3  # share of the size by which nodes are parted that eigenvectors put in one place


@partial(checked, error=TopologyError)
def graph_positions(graph: nx.Graph) -> dict[Any, tuple[float, float]]:
    """Positions of a graph's nodes, by node: `from_networkx(graph, pos=graph_positions(graph), operators="one_ring")`.

    They begin as the second and third eigenvectors of the random walk's Laplacian, which put nodes near their
    neighbours, and are moved until distances are as nearly as they can be those along edges (stress majorisation,
    Gansner et al. 2004). A ring comes out as a circle, a grid as a grid. Components lie beside each other. Neither
    weights nor directions count. The same graph has the same positions, up to rounding and mirroring.

    Two rings of such a graph are not those of a plane: `operators="one_ring"` suits all graphs, the others most.

    Raises:
        TopologyError: if the graph has no edges, an isolated node, or a component of more than 2,000 nodes.
    """
    if graph.number_of_edges() == 0 or any(True for _ in nx.isolates(graph)):
        raise TopologyError("`graph` must give every node a neighbour.")
    place = {node: number for number, node in enumerate(graph)}
    positions: dict[Any, tuple[float, float]] = {}
    right = 0.0
    for component in nx.connected_components(graph.to_undirected(as_view=True)):
        if len(component) > MOST:
            raise TopologyError(f"`graph` must have components of at most {MOST} nodes, got one of {len(component)}.")
        nodes = sorted(component, key=place.__getitem__)
        number = {node: row for row, node in enumerate(nodes)}
        joined = np.zeros((len(nodes), len(nodes)))
        for one, other in graph.subgraph(component).edges():
            joined[number[one], number[other]] = joined[number[other], number[one]] = float(one != other)
        points = _moved(_spectral(joined), joined)
        points[:, 0] += right - points[:, 0].min()
        right = points[:, 0].max() + 1.0
        positions.update(zip(nodes, map(tuple, points.tolist()), strict=True))
    return {node: positions[node] for node in graph}


def _spectral(joined: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "n 2"]:
    """Eigenvectors as positions, no two in one place."""
    n = len(joined)
    root = 1.0 / np.sqrt(joined.sum(axis=1))
    found = eigh(np.eye(n) - root[:, None] * joined * root, subset_by_index=(1, min(2, n - 1)))[1] * root[:, None]
    found *= np.where(found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])] < 0, -1.0, 1.0)  # one of its two
    points = np.zeros((n, 2))
    points[:, : found.shape[1]] = found * (np.sqrt(n) / np.abs(found).max())
    turn = 2 * np.pi * np.arange(n) / n
    return points + TREMBLE * np.sqrt(n) * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _moved(points: Float[np.ndarray, "n 2"], joined: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "n 2"]:
    """Positions whose distances are as nearly as possible the numbers of edges between them, near ones before all."""
    wanted = shortest_path(joined, unweighted=True)
    np.fill_diagonal(wanted, 1.0)
    weight = wanted**-2
    np.fill_diagonal(weight, 0.0)
    inverse = np.linalg.pinv(np.diag(weight.sum(axis=1)) - weight)
    for _ in range(ROUNDS):
        length = cdist(points, points)
        np.fill_diagonal(length, 1.0)
        pull = weight * wanted / length
        before, points = points, inverse @ (points * pull.sum(axis=1, keepdims=True) - pull @ points)
        if np.abs(points - before).max() < STILL:
            break
    return points
