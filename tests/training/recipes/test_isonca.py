"""IsoNCA's recipe: its numbers, and that its options make a rule with its card, which goes on when it is resumed."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca import load_rule
from graphnca.losses import RotationInvariantLoss
from graphnca.rasterizers import TangentPatch
from graphnca.rules import describe_rule
from graphnca.seeds import point_seed
from graphnca.training.recipes import IsoNCARecipe
from graphnca.training.recipes.picture import seeded_view
from topologies import sampled_substrate, sampled_torus, square_grid


def test_the_rate_rises_and_falls() -> None:
    schedule = IsoNCARecipe(rate=2e-3).config().schedule
    assert schedule(0) < 1e-4 and schedule(300) == pytest.approx(2e-3, rel=0.01)
    assert schedule(8000) == pytest.approx(1e-5)


def test_a_training_may_stop_while_the_rate_is_still_high() -> None:
    config = IsoNCARecipe(stop=1000).config()
    assert config.iterations == 1000 and config.schedule(1000) == IsoNCARecipe().config().schedule(1000)


def test_the_pool_is_divided_among_the_substrates_in_eights() -> None:
    sizes = [IsoNCARecipe(substrate=("square",) * count).config().pool.size for count in (1, 2, 3, 6)]
    assert sizes == [256, 128, 88, 48]


def test_a_shorter_training_has_fewer_seeds() -> None:
    assert IsoNCARecipe().shortened() == IsoNCARecipe()
    assert IsoNCARecipe(iterations=80).shortened().seed_always_until == 30


def test_a_world_starts_from_a_cell(topology: Data) -> None:
    recipe = IsoNCARecipe(target="heart", size=8, padding=2, auxiliary="binary")
    world = recipe.world("here", topology, 1.0, recipe.untrained(), torch.Generator())
    torch.testing.assert_close(world.start(), point_seed(topology))
    assert world.loss(torch.zeros(2, topology.num_nodes, 16)).shape == (2,)


def test_the_view_shows_a_pattern_in_its_normal_size() -> None:
    """A square of twice the side under four times the gain covers as many pixels."""
    grid = square_grid(32, 32)
    states = torch.zeros(2, 32, 32, 4)
    states[0, 12:21, 12:21] = 1.0
    states[1, 8:25, 8:25] = 1.0
    once, twice = (seeded_view(grid, 16, 16, gain)(states.view(2, -1, 4)) for gain in (1.0, 4.0))
    assert once[0, 3].sum() == 81
    assert twice[1, 3].sum() == pytest.approx(17**2 / 4, abs=0.5)


def test_gain_noise_reaches_the_substrates() -> None:
    recipe = IsoNCARecipe(target="heart", size=8, padding=2, gain_noise=0.2)
    gains = {recipe.sample(sampled_torus, "square", np.random.default_rng(n))[1] for n in range(3)}
    assert len(gains) == 3 and all(math.isclose(gain, 1, abs_tol=0.2) for gain in gains)


def test_training_writes_a_rule_with_its_card_and_resumes(tmp_path: Path) -> None:
    options = {"target": "heart", "size": 12, "padding": 2, "iterations": 2, "batch_size": 2, "snapshot_every": 1}
    recipe = IsoNCARecipe(**options, out=str(tmp_path / "run"))
    path = recipe.train(sampled_torus, "typed")
    first, card = load_rule(path).state_dict(), describe_rule(path)["card"]
    assert (card["target"], card["size"], card["iterations"], card["trained by"]) == ("heart", 12, 2, "typed")
    snapshot = load_rule(tmp_path / "run" / "snapshots" / "000002.safetensors").state_dict()
    again = load_rule(recipe.train(sampled_torus, "typed")).state_dict()
    for name, value in first.items():
        assert torch.equal(value, snapshot[name]) and torch.equal(value, again[name])
    second = IsoNCARecipe(**options, start=str(path), out=str(tmp_path / "on")).train(sampled_torus, "")
    assert describe_rule(second)["card"]["started from"]["trained by"] == "typed"
    assert describe_rule(path)["card"]["started from"] is None


def test_on_a_sphere_a_pattern_is_seen_around_the_seed_in_any_orientation() -> None:
    recipe = IsoNCARecipe(target="heart", size=10, padding=3, gain_noise=0.2, substrate=("sphere",))
    topology, gain = recipe.sample(sampled_substrate, "sphere", np.random.default_rng(1))
    world = recipe.world("sphere", topology, gain, recipe.untrained(), torch.Generator())
    assert isinstance(world.loss, RotationInvariantLoss) and isinstance(world.loss.rasterizer, TangentPatch)
    losses = world.loss(torch.stack([world.seed, torch.zeros_like(world.seed)]))
    assert losses.shape == (2,) and bool(losses.isfinite().all()) and world.damage is not None
