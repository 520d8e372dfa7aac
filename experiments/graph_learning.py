"""A layer for pictures among features: how strongly should the neighbours of a graph without weights count?

Three tasks that are made here, nodes to be classified each: the blocks of a citation-like graph, where friends are
alike; the blocks of a ring of blocks, where friends are of the two blocks beside one's own; and how far the nearest
marked node of a random geometric graph is, 0 to 6 edges. The network is that of the README: a GCN layer, 8 steps of
NCAConv, a linear layer; the neighbours' weights sum to 12 as without `gains`, to 4 and to 1, and half of the nodes are
updated in a step or all. Beside it a GCN of two layers, and one as deep as the steps.

    python experiments/graph_learning.py                # 2 minutes

Expected: a sum of 1 is never far behind and mostly ahead; updates of all nodes carry far, updates of half of them guard
a small task against learning by heart. Where friends are alike a GCN of two layers is better than any of it.

Written to `--out`:
    metrics.json    accuracy of every run on the nodes that were not learnt from
    tables.json     the means
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import mean, stdev
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Data
from torch_geometric.nn import GCNConv
from torch_geometric.utils import coalesce, to_undirected

from graphnca.layers.coefficients import LAPLACIAN_GAIN
from graphnca.models import feature_nca
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table

WIDTH = 32
FARTHEST = 6


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    nodes: int = 350
    """Nodes of each graph."""
    epochs: int = 80
    """Updates of the weights, each on all nodes that are learnt from."""
    steps: int = 8
    """Steps of NCAConv, and layers of the deep GCN."""
    runs: int = 10
    """Graphs and starts for each task."""
    sums: tuple[float, ...] = (12.0, 4.0, 1.0)
    """What the weights of a node's neighbours sum to."""
    rates: tuple[float, ...] = (0.5, 1.0)
    """Share of the nodes that a step updates."""
    out: str = "out/graph_learning"


class Stepped(nn.Module):
    """The README's network."""

    def __init__(self, features: int, classes: int, steps: int, total: float, rate: float) -> None:
        super().__init__()
        self.encode, self.steps = GCNConv(features, WIDTH), steps
        self.step = feature_nca(WIDTH, 64, gains={"laplacian": total / LAPLACIAN_GAIN}, fire_rate=rate)
        self.decode = nn.Linear(WIDTH, classes)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Scores of the classes."""
        x = self.encode(x, edge_index)
        for _ in range(self.steps):
            x = self.step(x, edge_index)
        return self.decode(x)


class Convolved(nn.Module):
    """GCN layers one behind the other."""

    def __init__(self, features: int, classes: int, layers: int) -> None:
        super().__init__()
        sizes = [features, *[WIDTH] * (layers - 1), classes]
        self.layers = nn.ModuleList(map(GCNConv, sizes[:-1], sizes[1:]))

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Scores of the classes."""
        for layer in self.layers[:-1]:
            x = layer(x, edge_index).relu()
        return self.layers[-1](x, edge_index)


def blocks(nodes: int, count: int, joined: Tensor, words: int = 60) -> Data:
    """A block model; `joined` says how probable an edge between two blocks is. Every node has a few words, noisily."""
    y = torch.arange(nodes) % count
    edges = (torch.rand(nodes, nodes) < joined[y][:, y]).triu(1).nonzero().T
    topics = torch.rand(count, words) < 0.2
    x = (torch.rand(nodes, words) < torch.where(topics[y], 0.12, 0.06)).float()
    return Data(x=x, y=y, edge_index=to_undirected(edges, num_nodes=nodes))


def citations(nodes: int) -> Data:
    """Seven blocks, four edges a node, four of five inside a block."""
    joined = torch.full((7, 7), 0.2 * 4 * 7 / 6 / nodes)
    return blocks(nodes, 7, joined.fill_diagonal_(0.8 * 4 * 7 / nodes))


def ring_of_blocks(nodes: int) -> Data:
    """Five blocks; whom a node is joined to is of the block before or behind its own."""
    number = torch.arange(5)
    apart = (number[:, None] - number) % 5
    return blocks(nodes, 5, torch.where((apart == 1) | (apart == 4), 6 * 5 / 2 / nodes, 0.0))


def distances(nodes: int) -> Data:
    """How many edges away the nearest of a few marked nodes is, on points joined to the five nearest."""
    points = torch.rand(nodes, 2)
    near = torch.cdist(points, points).topk(6, largest=False).indices[:, 1:]
    edges = coalesce(to_undirected(torch.stack([near.flatten(), torch.arange(nodes).repeat_interleave(5)])))
    marked = torch.rand(nodes) < 0.02
    marked[0] = True
    y, reached = torch.full((nodes,), FARTHEST), marked.clone()
    for far in range(FARTHEST):
        y[reached & (y == FARTHEST)] = far
        reached = reached | torch.zeros(nodes).index_add(0, edges[1], reached[edges[0]].float()).gt(0)
    return Data(x=torch.stack([marked.float(), 1 - marked.float()], 1), y=y, edge_index=edges)


TASKS: dict[str, tuple[Callable[[int], Data], int]] = {
    "citations": (citations, 7),
    "ring of blocks": (ring_of_blocks, 5),
    "distances": (distances, FARTHEST + 1),
}


def accuracy(network: nn.Module, graph: Data, epochs: int) -> float:
    """Of a network that learns from a third of the nodes, on the others."""
    learnt = torch.rand(len(graph["y"])) < 1 / 3
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01, weight_decay=5e-4)
    for _ in range(epochs):
        optimizer.zero_grad()
        scores = network(graph["x"], graph["edge_index"])
        cross_entropy(scores[learnt], graph["y"][learnt]).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    with torch.no_grad():
        found = network.eval()(graph["x"], graph["edge_index"]).argmax(1)
    return (found == graph["y"])[~learnt].double().mean().item()


def main(config: Config, result: Result) -> None:
    """Trains every network on every task."""
    found: dict[str, dict[str, list[float]]] = {name: {} for name in TASKS}
    for name, (make, classes) in result.progress(TASKS.items(), "task"):
        for number in range(config.runs):
            torch.manual_seed(number)
            graph = make(config.nodes)
            sizes = graph["x"].shape[1], classes
            networks: dict[str, Callable[[], nn.Module]] = {
                **{
                    f"NCAConv, sum {total:g}, rate {rate:g}": partial(Stepped, *sizes, config.steps, total, rate)
                    for total in config.sums
                    for rate in config.rates
                },
                "GCN, 2 layers": partial(Convolved, *sizes, 2),
                f"GCN, {config.steps} layers": partial(Convolved, *sizes, config.steps),
            }
            for label, network in networks.items():
                torch.manual_seed(number)
                found[name].setdefault(label, []).append(round(accuracy(network(), graph, config.epochs), 4))
    result.record({"accuracy": found})


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Mean accuracies."""
    found = metrics["accuracy"]
    labels = list(next(iter(found.values())))
    rows = [
        [
            label,
            *(f"{mean(of[label]):.2f} ± {stdev(of[label]) if len(of[label]) > 1 else 0:.2f}" for of in found.values()),
        ]
        for label in labels
    ]
    caption = (
        f"Accuracy on nodes not learnt from, mean and standard deviation of {metrics['config']['runs']} graphs and "
        "starts; *sum*: of the weights of a node's neighbours, *rate*: of the nodes that a step updates."
    )
    return {"accuracy": Table(["network", *found], rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
