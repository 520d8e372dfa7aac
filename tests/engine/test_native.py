import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from graphnca import rollout, trajectory
from graphnca.engine.choice import SWITCH
from graphnca.engine.native import Native, library, load_library, segment
from graphnca.layers import NCAConv
from graphnca.models import isonca
from graphnca.seeds import point_seed
from topologies import square_grid

compiled = pytest.mark.skipif(load_library() is None, reason="there is no C++ compiler on this machine")


@pytest.fixture(autouse=True)
def no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH, raising=False)


@compiled
def test_a_rollout_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the laws of tests/test_rollout.py are about it."""
    calls = []
    original = Native.steps
    monkeypatch.setattr(Native, "steps", lambda self, *args: calls.append(1) or original(self, *args))
    grid = square_grid(6, 6)
    rollout(isonca(), point_seed(grid), grid, 3)
    assert calls == [1]


@pytest.fixture
def threads() -> Any:
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@compiled
def test_it_is_repeatable_to_the_bit_and_the_same_for_any_number_of_threads(
    threads: Callable[[int], None], random_rule: Callable[..., NCAConv]
) -> None:
    """States to the bit for any number of threads; sums over cells (gradients, overflow) for the same number."""
    rule, grid = random_rule(16, 40, "laplacian", life_mask="pre_post", std=0.05), square_grid(48, 48)
    start = point_seed(grid).repeat(6, 1, 1)
    outcomes = []
    for number in (1, 3, 3, 2):
        threads(number)
        rule.zero_grad()
        result = trajectory(rule, start, grid, 20, generator=torch.Generator().manual_seed(1))
        (result.final.square().sum() + result.overflow.sum() + result.change.sum()).backward()
        gradients = [parameter.grad.clone() for parameter in rule.parameters() if parameter.grad is not None]
        outcomes.append([result.final, result.overflow, result.change, *gradients])
    assert outcomes[0][0].ne(0).any(-1).sum() > 6 * 100  # it has grown
    for other in outcomes[1:]:
        assert torch.equal(outcomes[0][0], other[0])
        for one, two in zip(outcomes[0], other, strict=True):
            assert (one - two).norm() <= 1e-3 * one.norm()
    assert all(map(torch.equal, outcomes[1], outcomes[2]))


@compiled
def test_states_that_are_not_finite_stay_so(random_rule: Callable[..., NCAConv]) -> None:
    """The guard of a training must see them."""
    rule, grid = random_rule(8, 16, "isonca", life_mask=None), square_grid(8, 8)
    start = torch.zeros(64, 8)
    start[10, 2] = torch.nan
    assert rollout(rule, start, grid, 4).isnan().sum() > 8


@compiled
@pytest.mark.parametrize("channels", [4, 12, 16, 17, 33])
@pytest.mark.parametrize("hidden", [1, 16, 50])
def test_any_width(channels: int, hidden: int, random_rule: Callable[..., NCAConv], monkeypatch: Any) -> None:
    """Rows are filled up to whole vectors inside; nobody may notice."""
    rule, grid = random_rule(channels, hidden, "laplacian").double(), square_grid(7, 9)
    for name in ("pos", "edge_weight", "edge_attr"):
        grid[name] = grid[name].double()
    start = torch.rand(2, 63, channels, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    outcomes = []
    for engine in ("native", "plain"):
        monkeypatch.setenv(SWITCH, engine)
        rule.zero_grad()
        x = start.clone().requires_grad_()
        result = trajectory(rule, x, grid, 5, generator=torch.Generator().manual_seed(1))
        (result.final.square().sum() + result.overflow.sum() + result.change.sum()).backward()
        outcomes.append([result.final, x.grad, *(parameter.grad.clone() for parameter in rule.parameters())])
    torch.testing.assert_close(*outcomes, rtol=1e-10, atol=1e-10)


@compiled
def test_a_final_state_written_to_before_the_backward_pass_is_noticed(random_rule: Callable[..., NCAConv]) -> None:
    """The backward pass undoes the steps from there."""
    grid = square_grid(6, 6)
    final = rollout(random_rule(16, 8, "isonca"), point_seed(grid), grid, 3)
    loss = final.square().sum()
    with torch.no_grad():
        final.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@compiled
def test_without_gradients_nothing_is_recorded(random_rule: Callable[..., NCAConv], monkeypatch: Any) -> None:
    """Also of a rule whose parameters ask for one; in evaluation mode neither, until the backward pass comes."""
    kept = []
    original = segment._Steps.forward
    monkeypatch.setattr(
        segment._Steps, "forward", lambda self, keep_tape: kept.append(keep_tape) or original(self, keep_tape)
    )
    grid, rule = square_grid(6, 6), random_rule(16, 8, "isonca")
    final = rollout(rule, point_seed(grid), grid, 2)
    with torch.no_grad():
        rollout(rule, point_seed(grid).requires_grad_(), grid, 2)
    assert kept == [True, False]
    rule.eval()
    later = rollout(rule, point_seed(grid), grid, 2, generator=torch.Generator().manual_seed(1))
    assert kept == [True, False, False]
    final.sum().backward()
    later.sum().backward()
    assert kept == [True, False, False, True]


@pytest.fixture
def new_start() -> Iterator[None]:
    load_library.cache_clear()
    yield
    load_library.cache_clear()


@pytest.mark.usefixtures("new_start")
def test_without_a_compiler_it_says_so_and_another_engine_does_the_work(monkeypatch: Any) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(library, "prebuilt_library", lambda: None)
    grid, rule = square_grid(6, 6), isonca()
    with pytest.warns(UserWarning, match=r"there is no C\+\+ compiler .*Install g\+\+ .*GRAPHNCA_ENGINE=active_list"):
        first = rollout(rule, point_seed(grid), grid, 3, generator=torch.Generator().manual_seed(0))
    again = rollout(rule, point_seed(grid), grid, 3, generator=torch.Generator().manual_seed(0))  # warned once
    assert torch.equal(first, again)


@compiled
@pytest.mark.usefixtures("new_start")
def test_fields_that_disagree_are_noticed(monkeypatch: Any) -> None:
    """Problem is written down twice, in C++ and in Python."""
    loaded = load_library()
    load_library.cache_clear()
    monkeypatch.setattr(library, "compiled_library", lambda: Path(loaded._name))
    monkeypatch.setattr(library.ctypes, "sizeof", lambda kind: 1)
    with pytest.raises(RuntimeError, match="disagree about the fields"):
        load_library()


@compiled
def test_a_change_in_8_bits_is_that_of_states_in_8_bits(random_rule: Callable[..., NCAConv], monkeypatch: Any) -> None:
    """With and without a compiler, also where a rollout starts between two levels."""
    rule, grid = random_rule(8, 16, "laplacian", arithmetic="quantised", std=0.2, life_mask=None), square_grid(6, 6)
    start = torch.rand(2, 36, 8, generator=torch.Generator().manual_seed(0)) - 0.5
    found = []
    for engine in ("native", "plain"):
        monkeypatch.setenv(SWITCH, engine)
        x = start.clone().requires_grad_()
        result = trajectory(
            rule, x, grid, 3, interventions={1: lambda x: 0.77 * x}, generator=torch.Generator().manual_seed(1)
        )
        found.append([result.final, result.change, *torch.autograd.grad(result.change.sum(), [x])])
    torch.testing.assert_close(*found)
    assert (found[0][1] > 0).all()
