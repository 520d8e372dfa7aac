"""What all engines have in common."""

from collections.abc import Callable

import pytest
import torch

from graphnca import trajectory
from graphnca.engine import base
from graphnca.engine.task import Task
from graphnca.layers import NCAConv
from graphnca.seeds import point_seed
from topologies import square_grid


def test_a_long_rollout_draws_few_keys_at_a_time(
    random_rule: Callable[..., NCAConv], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys of a million steps would take as much memory as a substrate; the steps are the same."""
    rule, grid, drawn = random_rule(8, 8, "isonca", std=0.1), square_grid(8, 8), []
    seed, original = point_seed(grid, 8), Task.keys
    monkeypatch.setattr(Task, "keys", lambda self, number: drawn.append(number) or original(self, number))
    whole = trajectory(rule, seed, grid, 12, generator=torch.Generator().manual_seed(1))
    monkeypatch.setattr(base, "MOST_STEPS", 5)
    parts = trajectory(rule, seed, grid, 12, generator=torch.Generator().manual_seed(1))
    assert drawn == [12, 5, 5, 2]
    assert torch.equal(whole.final, parts.final)
    torch.testing.assert_close((parts.overflow, parts.change), (whole.overflow, whole.change))
