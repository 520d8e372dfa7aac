"""Positions for graphs that have none."""

import networkx as nx
import numpy as np
import pytest

from topologies import TopologyError, check_topology, from_networkx, graph_positions

GRAPHS = {
    "karate": nx.karate_club_graph(),
    "star": nx.star_graph(7),
    "pair": nx.path_graph(2),
    "ring": nx.cycle_graph(20),
    "complete": nx.complete_graph(6),
    "grid": nx.grid_2d_graph(6, 9),
    "two parts": nx.disjoint_union(nx.cycle_graph(5), nx.grid_2d_graph(3, 4)),
    "directed": nx.cycle_graph(9, create_using=nx.DiGraph).to_undirected().to_directed(),
    "tree": nx.balanced_tree(3, 3),
    "uneven tree": nx.gn_graph(40, seed=5).to_undirected(),
    "hubs": nx.barabasi_albert_graph(100, 2, seed=0),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_they_make_a_substrate_of_any_graph(name: str) -> None:
    graph = GRAPHS[name]
    found = graph_positions(graph)
    assert list(found) == list(graph)
    check_topology(from_networkx(graph, pos=found, operators="one_ring"))


def test_a_ring_is_a_circle_and_a_path_has_its_order() -> None:
    points = np.array([*graph_positions(nx.cycle_graph(20)).values()])
    radius = np.hypot(*(points - points.mean(0)).T)
    np.testing.assert_allclose(radius, radius.mean(), rtol=1e-3)
    along = np.array([*graph_positions(nx.path_graph(12)).values()])[:, 0]
    assert (np.diff(along) > 0).all() or (np.diff(along) < 0).all()


def test_neighbours_lie_nearer_than_others() -> None:
    graph = nx.grid_2d_graph(7, 10)
    found = graph_positions(graph)
    points = np.array([*found.values()])
    joined = np.mean([np.hypot(*np.subtract(found[u], found[v])) for u, v in graph.edges])
    anyone = np.mean(np.hypot(*(points[:, None] - points).transpose(2, 0, 1)))
    assert joined < anyone / 3


def test_what_it_refuses() -> None:
    with pytest.raises(TopologyError, match="`graph` must give every node a neighbour"):
        graph_positions(nx.empty_graph(3))
    with pytest.raises(TopologyError, match="at most 2000 nodes, got one of 2001"):
        graph_positions(nx.path_graph(2001))
