"""A search for a rollout that is not the layer's own steps: random graphs, rules and states, in value and gradient.

Graphs are directed, weighted over many orders of magnitude, with hubs, several edges between two cells, edges of a cell
to itself, and cells without any; some have no weights, some no direction vectors, and some a stencil beside the edges.

    python tests/engine/test_any_graph.py 5000    # searches longer, and prints how many rollouts were compared
"""

import json
import random
import sys
from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import Trajectory, trajectory
from graphnca.engine import ENGINES, Task
from graphnca.engine.choice import SWITCH
from graphnca.engine.plain import Plain
from graphnca.layers import NCAConv, neighbourhood

TRIED = 60  # cases
DOUBLE = torch.float64


def any_graph(pick: random.Random, numbers: torch.Generator) -> Data:
    cells = pick.choice([1, 2, 5, 12, 30])
    entries = pick.choice([0, cells, 3 * cells, 8 * cells])
    index = torch.randint(cells, (2, entries), generator=numbers)
    if pick.random() < 0.3:  # a hub that is heard by many, or hears many
        index[pick.randrange(2), : entries // 2] = pick.randrange(cells)
    if pick.random() < 0.4:  # both ways
        index = torch.cat([index, index.flip(0)], 1)
    graph = Data(edge_index=index, num_nodes=cells)
    entries = index.shape[1]
    if pick.random() < 0.8:
        spread = pick.choice([0.0, 1.0, 25.0])
        graph["edge_weight"] = 10 ** (spread * (torch.rand(entries, dtype=DOUBLE, generator=numbers) - 1))
        if pick.random() < 0.3:
            graph["edge_weight"][::3] = 0.0
    if pick.random() < 0.8:
        graph["edge_attr"] = torch.randn(entries, 2, dtype=DOUBLE, generator=numbers)
    if pick.random() < 0.3:
        read = pick.choice([1, 4]) * cells
        graph["stencil_index"] = torch.randint(cells, (2, read), generator=numbers)
        graph["stencil_weight"] = torch.randn(read, dtype=DOUBLE, generator=numbers)
        graph["stencil_gradient"] = torch.randn(read, 2, dtype=DOUBLE, generator=numbers)
    return graph


def any_rule(pick: random.Random, graph: Data) -> NCAConv:
    sees = "edge_attr" in graph or "stencil_gradient" in graph
    filters = ["identity", "laplacian"] + (["gradient", "gradient_norm"] if sees else [])
    chosen = tuple(pick.sample(filters, pick.randint(1, len(filters))))
    life_mask = pick.choice(["pre", "pre_post", "post", None])
    rule = NCAConv(
        pick.choice([4, 5, 9]), pick.choice([1, 7]), chosen,
        gains={name: pick.choice([-0.3, 0.1, 1.0]) for name in chosen if name != "identity"},
        fire_rate=pick.choice([0.2, 0.5, 1.0]), fire_per=pick.choice(["cell", "channel"]), life_mask=life_mask,
        alive_threshold=pick.choice([-0.1, 0.0, 0.1, 0.5]),
        output_bias=pick.random() < 0.5,
    )  # fmt: skip
    for parameter in rule.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return rule.double()


def any_case(number: int) -> tuple[NCAConv, Data, Tensor, dict[str, Any]]:
    pick, numbers = random.Random(number), torch.Generator().manual_seed(number)
    torch.manual_seed(number)
    graph = any_graph(pick, numbers)
    rule, cells = any_rule(pick, graph), int(graph.num_nodes or 0)
    batch = pick.choice([(), (1,), (3,), (2, 2)])
    x = torch.randn(*batch, cells, rule.num_channels, dtype=DOUBLE, generator=numbers) * pick.choice([0.2, 1.0, 3.0])
    x = x * (torch.rand(*batch, cells, 1, generator=numbers) < pick.choice([0.3, 1.0]))  # empty cells, too
    options: dict[str, Any] = {}
    if pick.random() < 0.3:
        options["angle"] = pick.choice([0.7, torch.rand(cells, dtype=DOUBLE, generator=numbers)])
    if pick.random() < 0.3:
        options["fire_rate"] = pick.choice([0.0, 0.8, torch.rand(*batch, cells, generator=numbers)])
    if pick.random() < 0.3:
        options["regions"] = torch.randint(3, (cells,), generator=numbers)
    return rule, graph, x, options


def stepped(rule: NCAConv, x: Tensor, graph: Data, num_steps: int, **options: Any) -> Trajectory:
    overflow, change = x.new_zeros(x.shape[:-2]), x.new_zeros(x.shape[:-2])
    for _ in range(num_steps):
        before, x = x, rule(x, **neighbourhood(graph), **options)
        overflow = overflow + (x.abs() - 2).clamp(min=0).square().sum((-2, -1))
        change = change + (x - before).abs().mean((-2, -1))
    return Trajectory(x, {}, overflow, change)


def outcome(run: Any, rule: NCAConv, x: Tensor, graph: Data, num_steps: int, options: dict[str, Any]) -> list[Tensor]:
    """States, regularisers, and the gradients of all of them."""
    x = x.clone().requires_grad_()
    result = run(rule, x, graph, num_steps, generator=torch.Generator().manual_seed(1), **options)
    found = [result.final, result.overflow, result.change]
    loss = result.final.sin().sum() + result.overflow.sum() + 7 * result.change.sum()
    gradients = torch.autograd.grad(loss, [x, *rule.parameters()], allow_unused=True)
    return [*found, *(torch.zeros(()) if gradient is None else gradient for gradient in gradients)]


def engines_compared(number: int) -> list[str]:
    """The engines that take a case; each has taken the layer's steps.

    Raises:
        AssertionError: If one has not.
    """
    rule, graph, x, options = any_case(number)
    expected = outcome(stepped, rule, x, graph, 4, options)
    task = Task(rule, graph, x.shape, x.dtype, x.device, overflow_bound=2.0, **options)
    taking = [engine.name for engine in ENGINES if engine.takes(task) is None]
    for name in taking:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(SWITCH, name)
            found = outcome(trajectory, rule, x, graph, 4, options)
        for one, other in zip(expected, found, strict=True):
            scale = max(1.0, float(one.detach().abs().max())) if one.numel() else 1.0
            torch.testing.assert_close(other.expand_as(one), one, rtol=1e-8, atol=1e-9 * scale)
    return taking


@pytest.mark.parametrize("number", range(TRIED))
def test_every_engine_takes_the_layers_steps_or_says_why_not(number: int) -> None:
    assert engines_compared(number)


def test_the_search_looks_at_more_than_the_plain_steps() -> None:
    taken = [0, 0]
    for number in range(40):
        rule, graph, x, options = any_case(number)
        task = Task(rule, graph, x.shape, x.dtype, x.device, overflow_bound=2.0, **options)
        taken[any(engine.takes(task) is None for engine in ENGINES if engine is not Plain)] += 1
    assert min(taken) >= 5


if __name__ == "__main__":
    torch.set_num_threads(1)
    compared, wrong = Counter[str](), []
    tried = int(sys.argv[1]) if sys.argv[1:] else TRIED
    for case in range(tried):
        try:
            compared.update(engines_compared(case))
        except AssertionError as error:
            wrong.append(f"{case}: {error}")
    print(json.dumps({"cases": tried, "rollouts": compared, "counterexamples": wrong}))
