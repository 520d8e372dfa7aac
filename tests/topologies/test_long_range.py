"""Edges between cells that lie far apart."""

import networkx as nx
import pytest
import torch
from torch_geometric.data import Batch, Data

from graphnca import rollout
from graphnca.layers import NCAConv, neighbourhood
from topologies import TopologyError, check_topology, from_networkx, square_grid, voronoi_mesh, with_long_range


@pytest.fixture(params=["square", "voronoi", "graph"])
def graph(request: pytest.FixtureRequest) -> Data:
    make = {
        "square": lambda: square_grid(12, 12),
        "voronoi": lambda: voronoi_mesh(12, 12, periodic=False),
        "graph": lambda: from_networkx(nx.cycle_graph(100)),
    }
    return make[request.param]()


def test_pairs_are_added_and_weights_sum_to_what_they_were(graph: Data) -> None:
    far = with_long_range(graph, 40, share=0.3, seed=1)
    edges = set(map(tuple, graph["edge_index"].T.tolist()))
    added = set(map(tuple, far["edge_index"].T.tolist())) - edges
    assert far["edge_index"].shape[1] == len(edges) + 80 == len(edges | added)
    assert added == {(i, j) for j, i in added}
    n = graph.num_nodes
    receiver, weight = far["edge_index"][1], far["edge_weight"]
    sums = torch.zeros(n).index_add(0, graph["edge_index"][1], graph["edge_weight"])
    is_added = torch.tensor([pair in added for pair in map(tuple, far["edge_index"].T.tolist())])
    of_far = torch.zeros(n).index_add(0, receiver[is_added], weight[is_added])
    reached = of_far > 0
    torch.testing.assert_close(of_far[reached], torch.full((int(reached.sum()),), 12 * 0.3))
    within = torch.zeros(n).index_add(0, receiver[~is_added], weight[~is_added])
    torch.testing.assert_close(within, torch.where(reached, 0.7, 1.0) * sums)


@pytest.mark.parametrize("perception", ["isonca", "laplacian"])
def test_a_rollout_is_the_layers_steps(perception: str, graph: Data, random_rule) -> None:
    if perception == "laplacian" and "pos" not in graph:
        pytest.skip("a graph without positions has no directions")
    far = with_long_range(graph, 30)
    rule, x = random_rule(6, 16, perception, life_mask="pre").eval(), torch.rand(far.num_nodes, 6)
    expected, generator = x, torch.Generator().manual_seed(0)
    for _ in range(5):
        expected = rule(expected, **neighbourhood(far), generator=generator)
    found = rollout(rule, x, far, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_gradients_are_perceived_as_before_and_far_cells_in_the_laplacian() -> None:
    mesh = voronoi_mesh(12, 12)
    far, rule = with_long_range(mesh, 5), NCAConv(1, 8, "laplacian", life_mask=None)
    x = torch.rand(mesh.num_nodes, 1)
    before, after = (rule.perceive(x, **neighbourhood(graph)) for graph in (mesh, far))
    torch.testing.assert_close(after[:, :3], before[:, :3])
    changed = (after[:, 3] - before[:, 3]).abs() > 1e-5
    ends = torch.unique(far["edge_index"][:, (far["edge_attr"] == 0).all(1)])
    assert set(changed.nonzero().flatten().tolist()) <= set(ends.tolist())
    assert changed.sum() > 5


def test_the_same_seed_is_the_same_graph() -> None:
    grid = square_grid(8, 8)
    one, same, other = (with_long_range(grid, 9, seed=seed)["edge_index"] for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(with_long_range(grid, 0)["edge_weight"], grid["edge_weight"])


def test_all_pairs_are_the_most() -> None:
    ring = from_networkx(nx.cycle_graph(6))
    assert with_long_range(ring, 9)["edge_index"].shape[1] == 30
    with pytest.raises(TopologyError, match="`count` must be at most 9"):
        with_long_range(ring, 10)


def test_what_it_refuses() -> None:
    grid = square_grid(6, 6)
    with pytest.raises(TopologyError, match="`share` must lie between 0 and 1"):
        with_long_range(grid, 3, share=1.0)
    with pytest.raises(TopologyError, match="got a batch"):
        with_long_range(Batch.from_data_list([grid, grid]), 3)
    with pytest.raises(TopologyError):  # it is no substrate of the contract any more
        check_topology(with_long_range(grid, 3))
