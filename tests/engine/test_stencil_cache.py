"""A stencil is that of its substrate as it is now: of its size, too, and whatever thread asks."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.engine import stencil_cache
from graphnca.engine.stencil_cache import known
from graphnca.layers import NCAConv
from graphnca.seeds import point_seed
from topologies import square_grid

PAIR = torch.tensor([[0, 1], [1, 0]])


def test_a_substrate_of_another_size_is_another(random_rule: Any) -> None:
    """Otherwise new cells never change, and a smaller state is written beyond its end."""
    rule = random_rule(6, 8, "isonca", fire_rate=1.0, life_mask=None).requires_grad_(False)
    graph = Data(edge_index=PAIR, edge_weight=torch.full((2,), 12.0), num_nodes=2)
    for size in (2, 2000, 50_000, 2):
        graph.num_nodes = size
        x = torch.rand(size, 6)
        torch.testing.assert_close(rollout(rule, x, graph, 1), rule(x, graph["edge_index"], graph["edge_weight"]))
        with pytest.raises(ValueError, match="`x` must have shape"):
            rollout(rule, torch.rand(size + 1, 6), graph, 1)


def test_a_tensor_of_inference_mode_that_is_written_to_is_seen(random_rule: Any) -> None:
    rule, x = random_rule(6, 8, "isonca", fire_rate=1.0, life_mask=None).requires_grad_(False), torch.rand(2, 6)
    with torch.inference_mode():
        graph = Data(edge_index=PAIR.clone(), edge_weight=torch.full((2,), 12.0), num_nodes=2)
        rollout(rule, x, graph, 1)
        graph["edge_weight"].mul_(2)
        torch.testing.assert_close(rollout(rule, x, graph, 1), rule(x, graph["edge_index"], graph["edge_weight"]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"edge_index": PAIR + 1}, r"`edge_index` must name cells in 0\.\.1, got 1\.\.2"),
        ({"edge_index": PAIR - 1}, r"`edge_index` must name cells in 0\.\.1, got -1\.\.0"),
        ({"edge_index": PAIR.T.reshape(4)}, r"`edge_index` must be int64 of shape \(2, E\), got torch.int64 of \(4,\)"),
        ({"edge_index": PAIR.int()}, "`edge_index` must be int64"),
        ({"edge_weight": torch.ones(3)}, "`edge_weight` must hold 2 entries of floats"),
        ({"edge_weight": torch.ones(2, dtype=torch.int64)}, "`edge_weight` must hold 2 entries of floats"),
        ({"edge_weight": torch.tensor([1.0, torch.nan])}, "`edge_weight` must be finite"),
        ({"edge_attr": torch.tensor([[1.0, 0.0], [torch.inf, 0.0]])}, "`edge_attr` must be finite"),
    ],
    ids=str,
)
@pytest.mark.parametrize("arithmetic", ["float", "fixed_point"])
def test_numbers_that_cannot_be_trusted_are_refused(arithmetic: str, changes: dict[str, Any], message: str) -> None:
    """Whatever takes the steps, and also where they come to a substrate that was good."""
    graph = Data(
        edge_index=PAIR, edge_weight=torch.full((2,), 12.0), edge_attr=torch.tensor([[1.0, 0.0], [-1.0, 0.0]]),
        num_nodes=2,
    )  # fmt: skip
    rule, x = NCAConv(6, 8, "sobel", arithmetic=arithmetic), torch.ones(2, 6)
    rollout(rule, x, graph, 1)
    graph.update(changes)
    with pytest.raises(ValueError, match=message):
        rollout(rule, x, graph, 1)


def test_threads_may_ask_at_once(random_rule: Any) -> None:
    """For many frames and batches of one substrate, and for new substrates, each answer is its own."""
    rule, grid = random_rule(6, 8, "sobel", std=0.1).requires_grad_(False), square_grid(5, 5)
    start = point_seed(grid, 6)
    questions = [(number % 41 * 0.1, 1 + number % 3, number % 7 == 0) for number in range(600)]

    def answer(question: tuple[float, int, bool]) -> torch.Tensor:
        angle, batch, is_new = question
        topology = square_grid(5, 5) if is_new else grid
        return rollout(rule, start.repeat(batch, 1, 1), topology, 2, angle=angle, generator=torch.Generator())

    expected = {question: answer(question) for question in set(questions)}
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(10) as threads:
            answers = list(threads.map(answer, questions))
    finally:
        sys.setswitchinterval(before)
    assert all(map(torch.equal, answers, map(expected.__getitem__, questions)))


def test_a_stencil_is_built_once_however_many_threads_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    built, original = [], stencil_cache.build_stencil
    monkeypatch.setattr(stencil_cache, "build_stencil", lambda *a, **k: built.append(1) or original(*a, **k))
    rule, grid = NCAConv(6, 8), square_grid(12, 12)
    start = threading.Barrier(8)

    def roll() -> None:
        start.wait()
        rollout(rule, point_seed(grid, 6), grid, 1)

    threads = [threading.Thread(target=roll) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [1]


def test_a_process_forked_while_a_thread_builds_can_build() -> None:
    program = """
import os, threading
from graphnca import rollout
from graphnca.engine import stencil_cache
from graphnca.layers import NCAConv
from graphnca.seeds import point_seed
from topologies import square_grid

grid, held = square_grid(5, 5), threading.Event()
def hold():
    with stencil_cache._lock:
        held.set()
        threading.Event().wait()
threading.Thread(target=hold, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    rollout(NCAConv(6, 8), point_seed(grid, 6), grid, 1)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "0", done.stderr


def test_the_number_of_cells_may_be_left_to_the_states(random_rule: Any) -> None:
    """A graph without positions or a number of nodes goes on as the layer does; cells without edges are cells, too."""
    rule = random_rule(6, 8, "isonca", fire_rate=1.0, life_mask=None)
    graph, x = Data(edge_index=PAIR), torch.rand(5, 6)
    torch.testing.assert_close(rollout(rule, x, graph, 1), rule(x, graph["edge_index"]))
    with pytest.raises(ValueError, match=r"`edge_index` must name cells in 0\.\.0"):
        rollout(rule, x[:1], graph, 1)
    assert known(graph, 5).num_cells == 5
