"""Any networkx graph as a substrate, with positions or without."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
import torch
from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.assemble import assemble
from topologies.contract import LAPLACIAN_GAIN, UNIT_LAW, TopologyError, shortest_image, spread_of_cells
from topologies.interior import interior_cells

POSITION = "pos"  # the attribute of nodes that other programs use as well


@partial(checked, error=TopologyError)
def from_networkx(
    graph: nx.Graph, *, pos: str | Mapping[Any, Any] | None = POSITION, operators: str = "fitted"
) -> Data:
    """Substrate from a networkx graph.

    Cell k is the k-th node of `graph`, and every edge joins two cells in both directions. The optional edge attribute
    `weight` says how strongly neighbours diffuse (default 1); the weights into a cell are normalised to sum to 12.

    **Without positions**, when no node has any, there are `edge_index`, `edge_weight` and the number of nodes, and
    nothing else: rules that perceive no direction (`"isonca"`) run on that, seeds and pictures need positions. Edges
    may go one way then: u -> v lets v see u. Where rules that perceive gradients shall run, positions can be made:
    `pos=graph_positions(graph)`, or any layout of networkx, such as `pos=nx.kamada_kawai_layout(graph)`.

    **Positions and extent are rescaled** by one factor, so that the unit law of the contract holds (mean of
    sum_j w_ij |v_ij|^2 over interior cells = 16; over all cells of a graph that has no interior ones, such as a chain).

    The optional graph attributes `extent` (width, height) and `periodic` (default False; needs `extent`) give the
    domain in the unit of the positions. Without `extent` it is the bounding box of the positions with a margin of half
    the mean edge length on every side, moved to (0, 0). A graph has no cell shapes: every cell gets an equal share of
    the extent as its area. (For Voronoi areas and weights use `voronoi_from_points`.)

    With positions a directed graph must hold both directions of every edge; u -> v then carries the weight of u in the
    sums of v.

    Args:
        graph: a Graph or DiGraph; no self-loops, no parallel edges, no isolated nodes.
        pos: node attribute with the position (x, y), or the positions by node; y grows downwards, as in images. None:
            positions are left out.
        operators: how cells see, one of `topologies.OPERATORS`.

    Raises:
        TopologyError: if the graph has no edges, an isolated node, a self-loop, parallel edges or, with positions, a
            one-way edge; if a position is missing, not two finite numbers, shared by two nodes or outside the extent;
            if a weight is not a positive number.
    """
    if pos == POSITION and not any(POSITION in attributes for _, attributes in graph.nodes(data=True)):
        pos = None
    nodes, edges, weights = _edges(graph, one_way=pos is None)
    n, (neighbour, receiver) = len(nodes), edges
    weights = LAPLACIAN_GAIN * weights / np.bincount(receiver, weights, n)[receiver]
    if pos is None:
        order = np.lexsort((neighbour, receiver))
        return Data(
            edge_index=torch.from_numpy(edges[:, order]),
            edge_weight=torch.from_numpy(weights[order]).float(),
            num_nodes=n,
        )
    words = f"Node attribute `{pos}`" if isinstance(pos, str) else "`pos`"
    points = np.stack([_position(graph, node, pos, words) for node in nodes])
    periodic = bool(graph.graph.get("periodic", False))
    points, extent = _domain(graph, points, edges, periodic)
    order = np.lexsort(points.T)
    if (twin := np.flatnonzero((points[order[1:]] == points[order[:-1]]).all(axis=1))).size:
        one, two = (nodes[k] for k in sorted(order[twin[0] : twin[0] + 2]))
        raise TopologyError(f"{words} must differ from node to node, got the same for {one!r}, {two!r}.")
    vectors = shortest_image(points[neighbour] - points[receiver], extent, periodic)
    spread, interior = spread_of_cells(receiver, vectors, weights, n), interior_cells(receiver, vectors, n)
    unit = np.sqrt(UNIT_LAW / spread[interior if interior.any() else slice(None)].mean())
    width, height = (extent * unit).tolist()
    return assemble(
        pos=points * unit,
        edge_index=edges,
        vectors=vectors * unit,
        weights=weights,
        area=np.full(n, width * height / n),
        extent=(width, height),
        periodic=periodic,
        operators=operators,
    )


def _edges(graph: nx.Graph, *, one_way: bool) -> tuple[list, np.ndarray, np.ndarray]:
    """Nodes in order, (2, E) indices of both directions of all edges, and their weights."""
    if graph.is_multigraph():
        raise TopologyError(
            f"`graph` must not have parallel edges, got a {type(graph).__name__}; convert it to a Graph."
        )
    if graph.number_of_edges() == 0:
        raise TopologyError(f"`graph` must have edges, got {graph.number_of_nodes()} nodes and no edge.")
    if isolated := list(nx.isolates(graph)):
        raise TopologyError(f"`graph` must give every node a neighbour, got the isolated node {isolated[0]!r}.")
    nodes = list(graph)
    index = {node: k for k, node in enumerate(nodes)}
    sources, targets, weights = [], [], []
    for u, v, weight in graph.edges(data="weight", default=1.0):
        if u == v:
            raise TopologyError(f"`graph` must have no self-loops, got one at node {u!r}.")
        if graph.is_directed() and not one_way and not graph.has_edge(v, u):
            raise TopologyError(f"`graph` must hold both directions of every edge, got only {u!r} -> {v!r}.")
        if not (isinstance(weight, int | float | np.number) and np.isfinite(weight) and weight > 0):
            raise TopologyError(f"Edge attribute `weight` must be a positive number, got {weight!r} for {u!r}, {v!r}.")
        for a, b in ((u, v),) if graph.is_directed() else ((u, v), (v, u)):
            sources.append(index[a])
            targets.append(index[b])
            weights.append(float(weight))
    return nodes, np.array([sources, targets]), np.array(weights)


def _position(graph: nx.Graph, node: Any, pos: str | Mapping[Any, Any], words: str) -> np.ndarray:
    value = graph.nodes[node].get(pos) if isinstance(pos, str) else pos.get(node)
    if value is None:
        raise TopologyError(f"{words} must be set on every node, missing on node {node!r}.")
    try:
        point = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        point = np.empty(0)
    if point.shape != (2,) or not np.isfinite(point).all():
        raise TopologyError(f"{words} must be two finite numbers (x, y), got {value!r} on node {node!r}.")
    return point


def _domain(graph: nx.Graph, points: np.ndarray, edges: np.ndarray, periodic: bool) -> tuple[np.ndarray, np.ndarray]:
    """Points inside (0, 0)-extent, and the extent."""
    given = graph.graph.get("extent")
    if given is None:
        if periodic:
            raise TopologyError("Graph attribute `extent` must be set when `periodic` is, got none.")
        margin = np.hypot(*(points[edges[0]] - points[edges[1]]).T).mean() / 2
        low = points.min(axis=0) - margin
        return points - low, points.max(axis=0) + margin - low
    extent = np.asarray(given, dtype=np.float64)
    if extent.shape != (2,) or not np.isfinite(extent).all() or (extent <= 0).any():
        raise TopologyError(f"Graph attribute `extent` must be two positive numbers, width and height, got {given!r}.")
    outside = np.flatnonzero(((points < 0) | (points > extent)).any(axis=1))
    if outside.size:
        at = int(outside[0])
        raise TopologyError(
            f"Positions must lie inside the graph's extent {extent.tolist()}, got {points[at].tolist()} for node {at}."
        )
    return points, extent
