"""Substrates from networkx graphs."""

from collections.abc import Iterable, Mapping

import networkx as nx
import numpy as np
import pytest
import torch

from graphnca import rollout
from graphnca.models import growing_nca, isonca
from topologies import TopologyError, check_topology, from_networkx, hex_grid


def _graph(
    edges: Iterable[tuple], pos: Mapping[int, object], kind: type[nx.Graph] = nx.Graph, **attributes
) -> nx.Graph:
    graph = kind(**attributes)
    graph.add_nodes_from((k, {"pos": p}) for k, p in pos.items())
    graph.add_edges_from(edges)
    return graph


SQUARE = {0: (0, 0), 1: (2, 0), 2: (2, 2), 3: (0, 2)}
RING = [(0, 1), (1, 2), (2, 3), (3, 0)]


def test_a_grid_graph_with_extent_is_the_torus_it_describes() -> None:
    expected = hex_grid(4, 5)
    graph = nx.Graph(extent=tuple((expected["extent"][0] * 10).tolist()), periodic=True)
    for k, (x, y) in enumerate(expected["pos"].double().tolist()):
        graph.add_node(f"cell {k}", centre=(10 * x, 10 * y))
    for j, i in expected["edge_index"].T.tolist():
        graph.add_edge(f"cell {j}", f"cell {i}", weight=7)
    data = from_networkx(graph, pos="centre")
    assert torch.equal(data["edge_index"], expected["edge_index"])
    for name in ("pos", "edge_attr", "edge_weight", "area", "extent", "periodic", "stencil_weight"):
        torch.testing.assert_close(data[name], expected[name], atol=1e-4, rtol=1e-4)


def test_without_extent_the_substrate_is_the_bounding_box_with_a_margin() -> None:
    data = from_networkx(_graph(RING, {k: (x - 50, y + 3) for k, (x, y) in SQUARE.items()}))
    # Four cells without interior: the mean of 12 * length^2 over all cells is 16.
    length = 2 / np.sqrt(3)
    torch.testing.assert_close(data["extent"], torch.full((1, 2), 2 * length, dtype=torch.float32))
    torch.testing.assert_close(data["pos"][0], torch.full((2,), length / 2, dtype=torch.float32))
    torch.testing.assert_close(data["area"], torch.full((4,), length**2, dtype=torch.float32))
    assert not bool(data["periodic"])
    check_topology(data)


def test_a_chain_is_a_substrate() -> None:
    data = from_networkx(_graph([(0, 1), (1, 2), (2, 3)], {k: (k, 0) for k in range(4)}))
    assert data.num_edges == 6
    assert (data["extent"] > 0).all()


def test_weights_are_shares_of_the_edge_weights() -> None:
    graph = _graph(RING, SQUARE)
    graph.edges[0, 1]["weight"] = np.float32(3.0)
    data = from_networkx(graph)
    weight = {(j, i): w for (j, i), w in zip(data["edge_index"].T.tolist(), data["edge_weight"].tolist(), strict=True)}
    assert weight[1, 0] == weight[0, 1] == pytest.approx(9)
    assert weight[3, 0] == pytest.approx(3)
    assert weight[2, 3] == weight[0, 3] == pytest.approx(6)


def test_a_directed_edge_carries_the_weight_of_its_source() -> None:
    graph = _graph(RING, SQUARE).to_directed()
    graph.edges[1, 0]["weight"] = 5
    data = from_networkx(graph)
    weight = {(j, i): w for (j, i), w in zip(data["edge_index"].T.tolist(), data["edge_weight"].tolist(), strict=True)}
    assert weight[1, 0] == pytest.approx(10)
    assert weight[0, 1] == pytest.approx(6)


def test_nodes_keep_their_order_and_may_have_any_name() -> None:
    graph = nx.Graph()
    for name, pos in (("z", (0, 0)), (("a", 1), (1, 0)), (7, (0, 1))):
        graph.add_node(name, pos=pos)
    nx.add_cycle(graph, ["z", ("a", 1), 7])
    data = from_networkx(graph)
    assert data["pos"][1, 0] > data["pos"][0, 0]
    assert data["pos"][2, 1] > data["pos"][0, 1]


def test_without_positions_neighbours_and_weights_are_left() -> None:
    graph = nx.Graph([("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")])
    graph.edges["c", "d"]["weight"] = 2
    data = from_networkx(graph)
    assert set(data.keys()) == {"edge_index", "edge_weight", "num_nodes"}
    assert data["edge_index"].tolist() == [[1, 2, 0, 2, 0, 1, 3, 2], [0, 0, 1, 1, 2, 2, 2, 3]]
    torch.testing.assert_close(data["edge_weight"], torch.tensor([6.0, 6, 6, 6, 3, 3, 6, 12]))
    assert rollout(isonca(8, 16), torch.rand(4, 8), data, 3).shape == (4, 8)
    with pytest.raises(ValueError, match="`topology` must have the fields"):
        rollout(growing_nca(8, 16), torch.rand(4, 8), data, 3)


def test_without_positions_an_edge_may_go_one_way() -> None:
    data = from_networkx(nx.DiGraph([(0, 1), (1, 2), (2, 0), (0, 2)]))
    assert data["edge_index"].tolist() == [[2, 0, 0, 1], [0, 1, 2, 2]]
    assert data["edge_weight"].tolist() == [12.0, 12.0, 6.0, 6.0]


def test_positions_may_be_given_left_out_and_must_be_found() -> None:
    graph = _graph(RING, SQUARE)
    moved = {node: (2 * x + 1, 2 * y) for node, (x, y) in SQUARE.items()}
    assert torch.equal(from_networkx(graph, pos=moved)["pos"], from_networkx(graph)["pos"])
    assert "pos" not in from_networkx(graph, pos=None)
    with pytest.raises(TopologyError, match="Node attribute `centre` must be set on every node, missing on node 0"):
        from_networkx(graph, pos="centre")
    with pytest.raises(TopologyError, match="`pos` must be set on every node, missing on node 2"):
        from_networkx(graph, pos={0: (0, 0), 1: (1, 0)})


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (_graph([], SQUARE), "`graph` must have edges, got 4 nodes and no edge"),
        (nx.Graph(), "`graph` must have edges, got 0 nodes"),
        (_graph(RING, SQUARE, nx.MultiGraph), "`graph` must not have parallel edges, got a MultiGraph"),
        (_graph(RING[:2], SQUARE), "`graph` must give every node a neighbour, got the isolated node 3"),
        (_graph([(1, 2), (2, 3)], SQUARE), "`graph` must give every node a neighbour, got the isolated node 0"),
        (_graph([*RING, (2, 2)], SQUARE), "`graph` must have no self-loops, got one at node 2"),
        (_graph(RING, SQUARE, nx.DiGraph), "`graph` must hold both directions of every edge, got only 0 -> 1"),
        (_graph([(0, 1, {"weight": 0}), *RING[1:]], SQUARE), "`weight` must be a positive number, got 0 for 0, 1"),
        (_graph([(0, 1, {"weight": "x"}), *RING[1:]], SQUARE), "`weight` must be a positive number, got 'x'"),
        (_graph([(0, 1, {"weight": float("nan")}), *RING[1:]], SQUARE), "`weight` must be a positive number, got nan"),
        (_graph([*RING, (3, 4)], SQUARE), "Node attribute `pos` must be set on every node, missing on node 4"),
        (_graph(RING, {**SQUARE, 2: (1, 2, 3)}), r"`pos` must be two finite numbers .*, got \(1, 2, 3\) on node 2"),
        (_graph(RING, {**SQUARE, 2: (1, np.nan)}), "`pos` must be two finite numbers .* on node 2"),
        (_graph(RING, {**SQUARE, 2: "here"}), "`pos` must be two finite numbers .*, got 'here' on node 2"),
        (_graph(RING, {**SQUARE, 2: (0, 0)}), "`pos` must differ from node to node, got the same for 0, 2"),
        (_graph(RING, SQUARE, periodic=True), "`extent` must be set when `periodic` is"),
        (_graph(RING, SQUARE, extent=(2, -1)), "`extent` must be two positive numbers"),
        (_graph(RING, SQUARE, extent=(2, 1)), r"inside the graph's extent \[2.0, 1.0\], got .* for node 2"),
    ],
)
def test_bad_graphs_are_refused(graph: nx.Graph, message: str) -> None:
    with pytest.raises(TopologyError, match=message):
        from_networkx(graph)
