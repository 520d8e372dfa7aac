"""Growing NCA's regimes, and the hardened one."""

import pytest
import torch
from torch_geometric.data import Data

from graphnca.rasterizers import NearestCell
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from graphnca.training import RolloutDamage
from graphnca.training.recipes import REGIMES, growing_config, growing_world
from graphnca.training.recipes.growing import HARDENED_STEPS, STEPS, WOUND_EVERY, WOUND_REST


def test_a_hardened_rollout_has_wounds_and_time_to_heal() -> None:
    """At least two wounds after the disk at its beginning, and never one in the last 40 steps."""
    for steps in range(*HARDENED_STEPS):
        wounds = list(range(WOUND_EVERY, steps - WOUND_REST, WOUND_EVERY))
        assert len(wounds) >= 2
        assert steps - wounds[-1] > WOUND_REST


def test_regimes_are_the_published_ones() -> None:
    naive, persistent, regenerating = (REGIMES[name] for name in ("naive", "persistent", "regenerating"))
    assert naive.fresh and not persistent.fresh
    assert persistent.size == regenerating.size == 1024
    assert persistent.rank and persistent.seed_every == 1 and persistent.damage_every == 0
    assert (regenerating.damage_every, regenerating.damage_count) == (1, 3)


def test_the_rate_is_published() -> None:
    schedule = growing_config("naive", 8000).schedule
    assert [schedule(iteration) for iteration in (0, 1999, 2000)] == pytest.approx([2e-3, 2e-3, 2e-4])


def test_the_pool_is_divided_among_the_sheets() -> None:
    assert growing_config("persistent", 10, num_sheets=4).pool.size == 256
    assert growing_config("naive", 10, num_sheets=4).pool.size == 8


def test_rollouts_are_as_long_as_the_regime_says_or_as_asked_for() -> None:
    assert growing_config("regenerating", 10).steps == STEPS
    hardened = growing_config("hardened", 10)
    assert (hardened.steps, hardened.rollout_damage) == (HARDENED_STEPS, RolloutDamage(WOUND_EVERY, 4, WOUND_REST))
    assert growing_config("hardened", 10, steps=(128, 192)).steps == (128, 192)


def test_wounds_can_be_asked_for_in_any_regime() -> None:
    config = growing_config("regenerating", 10, steps=(256, 384), wounds=(96, 64))
    assert config.rollout_damage == RolloutDamage(96, 4, 64)


def test_an_unknown_regime_is_an_error() -> None:
    with pytest.raises(ValueError, match="`regime` must be one of"):
        growing_config("eager", 10)


def test_a_world_starts_from_a_cell_and_is_right_when_it_shows_the_target(topology: Data) -> None:
    target = load_target("heart", size=8, padding=2)
    raster = NearestCell(topology, 12, 12)
    world = growing_world(topology, target, raster, 8, "here")
    torch.testing.assert_close(world.start(), point_seed(topology, 8))
    assert world.name == "here"
    torch.testing.assert_close(world.loss(torch.zeros(2, topology.num_nodes, 8)), target.square().mean().expand(2))
