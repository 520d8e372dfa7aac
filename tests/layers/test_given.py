import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric import EdgeIndex
from torch_geometric.data import Data, HeteroData
from torch_geometric.nn import HeteroConv, to_hetero

from graphnca import rollout
from graphnca.layers import NCAConv

EDGES = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
FEATURES = {"perception": "isonca", "life_mask": None, "fire_rate": 1.0}


def trained(channels: int = 4, **options: Any) -> NCAConv:
    rule = NCAConv(channels, 8, **{**FEATURES, **options})
    nn.init.normal_(rule.update_rule.output.weight)
    return rule


@pytest.mark.usefixtures("as_released")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": torch.rand(3, 3)}, r"`x` must have shape \(..., N, 4\), got \(3, 3\)"),
        ({"x": torch.rand(4)}, r"`x` must have shape \(..., N, 4\), got \(4,\)"),
        ({"x": torch.ones(3, 4, dtype=torch.int64)}, r"`x` must hold floats.*torch.int64"),
        ({"edge_index": EDGES.T}, r"`edge_index` must have shape \(2, E\), got \(4, 2\)"),
        ({"edge_weight": torch.rand(3)}, r"`edge_weight` must have shape \(4,\).* \(3,\)"),
        ({"edge_attr": torch.rand(4, 3)}, r"`edge_attr` must have shape \(4, 2\).* \(4, 3\)"),
        ({"stencil_index": EDGES, "stencil_weight": torch.rand(5)}, r"`stencil_weight` must have shape \(4,\)"),
    ],
)
def test_shapes_that_do_not_fit_are_named(given: dict[str, Any], message: str) -> None:
    arguments = {"x": torch.rand(3, 4), "edge_index": EDGES, **given}
    with pytest.raises(ValueError, match=message):
        NCAConv(4, 8, "isonca")(**arguments)


@pytest.mark.usefixtures("as_released")
def test_a_rollout_refuses_whole_numbers_too() -> None:
    graph = Data(edge_index=EDGES, num_nodes=3)
    with pytest.raises(ValueError, match=r"`x` must be of type Float.*torch.int64"):
        rollout(NCAConv(4, 8, "isonca"), torch.ones(3, 4, dtype=torch.int64), graph, 2)


@pytest.mark.usefixtures("as_released")
def test_two_kinds_of_nodes_and_sparse_matrices_get_a_sentence() -> None:
    rule, x = NCAConv(4, 8, "isonca"), torch.rand(3, 4)
    with pytest.raises(TypeError, match=r"edges between two kinds of nodes, \(x_src, x_dst\), can't be stepped along"):
        rule((x, x), EDGES)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, of sparse matrices
        adj_t = torch.eye(3).to_sparse_csr()
    with pytest.raises(TypeError, match=r"plain tensor \(2, E\).* of a sparse `adj_t` .* got a torch.sparse_csr"):
        rule(x, adj_t)


@pytest.mark.usefixtures("as_released")
def test_heterogeneous_graphs_step_within_a_kind_of_nodes() -> None:
    data = HeteroData()
    data["cell"].x = torch.rand(3, 4)
    data["cell", "touches", "cell"].edge_index = EDGES
    data["cell", "hears", "cell"].edge_index = EDGES[:, :2]
    rules = {kind: trained() for kind in data.edge_types}
    found = HeteroConv(rules, aggr="sum")(data.x_dict, data.edge_index_dict)["cell"]  # type: ignore[arg-type]
    each = [rule(data["cell"].x, data[kind].edge_index) for kind, rule in rules.items()]
    torch.testing.assert_close(found, each[0] + each[1])

    class Stepped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.step = trained()

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return self.step(x, edge_index)

    twin = to_hetero(Stepped(), data.metadata())
    assert twin(data.x_dict, data.edge_index_dict)["cell"].shape == (3, 4)


@pytest.mark.usefixtures("as_released")
def test_every_column_of_the_edges_counts() -> None:
    """Edges that are there twice, of a cell to itself, and cells without any; PyG's own index is one like any other."""
    rule, x = trained(), torch.rand(4, 4)
    plain = rule.perceive(x, EDGES)[:, 4:]
    assert torch.equal(rule(x, EdgeIndex(EDGES, sparse_size=(4, 4))), rule(x, EDGES))
    assert not plain[3].any()  # of no neighbour nothing is seen
    to_itself = torch.cat([EDGES, torch.tensor([[0], [0]])], 1)
    torch.testing.assert_close(rule.perceive(x, to_itself)[0, 4:], plain[0] / 2)  # takes its share of the 12
    twice = torch.cat([EDGES, EDGES[:, :1]], 1)
    torch.testing.assert_close(rule.perceive(x, twice)[1, 4:], (12 / 3) * (2 * x[0] + x[2] - 3 * x[1]))
    weighted = rule.perceive(x, to_itself, torch.ones(5))[:, 4:]
    torch.testing.assert_close(weighted, rule.perceive(x, EDGES, torch.ones(4))[:, 4:])


def test_what_surprises_of_features() -> None:
    """Decided, and said first in the layer's words: each of the four, as it is."""
    x = torch.rand(3, 4) * torch.tensor([1.0, 1.0, 1.0, 0.05])  # channel 3 is small
    assert not NCAConv(4, 8, "isonca")(x, EDGES).any()
    assert torch.equal(NCAConv(4, 8, "isonca", life_mask=None)(x, EDGES), x)
    x, random = torch.rand(100, 4), trained(fire_rate=0.5).eval()
    rings = torch.stack([torch.arange(100), torch.arange(100).roll(1)])
    assert not torch.equal(random(x, rings), random(x, rings))
    assert torch.equal(random(x, rings, fire_rate=1.0), random(x, rings, fire_rate=1.0))
    one = NCAConv(4, 8, "isonca", gains={"laplacian": 1 / 12})
    torch.testing.assert_close(one.perceive(x, rings)[:, 4:], x.roll(-1, 0) - x)
    words = " ".join((NCAConv.__doc__ or "").split())
    for word in ("life_mask=None", "fire_rate=1.0", '"laplacian": 1 / 12', "every column of `edge_index`"):
        assert word in words
    assert "width of the hidden layer, not a number of output channels" in words[:250]


def test_it_shows_itself_as_other_layers_do() -> None:
    rule = NCAConv(16, 32)
    assert (rule.in_channels, rule.out_channels) == (16, 16)
    assert repr(rule).startswith("NCAConv(16, hidden_size=32, perception=[identity, gradient x 0.125]")
