"""Growing NCA's regimes, and the hardened one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca import load_rule
from graphnca.geodesics import unrolled
from graphnca.rules import describe_rule
from graphnca.seeds import point_seed
from graphnca.training import RolloutDamage, World
from graphnca.training.recipes import REGIMES, GrowingRecipe
from graphnca.training.recipes.growing import HARDENED_DAMAGE, HARDENED_STEPS, STEPS
from topologies import sampled_substrate, sampled_torus

EVERY, REST = HARDENED_DAMAGE


def test_a_hardened_rollout_has_damage_and_time_to_heal() -> None:
    """At least two disks after the one at its beginning, and never one in the last 40 steps."""
    for steps in range(*HARDENED_STEPS):
        damage = list(range(EVERY, steps - REST, EVERY))
        assert len(damage) >= 2
        assert steps - damage[-1] > REST


def test_regimes_are_the_published_ones() -> None:
    naive, persistent, regenerating = (REGIMES[name] for name in ("naive", "persistent", "regenerating"))
    assert naive.fresh and not persistent.fresh
    assert persistent.size == regenerating.size == 1024
    assert persistent.rank and persistent.seed_every == 1 and persistent.damage_every == 0
    assert (regenerating.damage_every, regenerating.damage_count) == (1, 3)


def test_the_rate_is_published() -> None:
    schedule = GrowingRecipe(regime="naive").config().schedule
    assert [schedule(iteration) for iteration in (0, 1999, 2000)] == pytest.approx([2e-3, 2e-3, 2e-4])
    assert GrowingRecipe().shortened() == GrowingRecipe()
    assert GrowingRecipe(iterations=40).shortened().milestones == (10,)


def test_the_pool_is_divided_among_the_substrates() -> None:
    four = ("square", "hex", "voronoi", "voronoi")
    assert GrowingRecipe(regime="persistent", substrate=four).config().pool.size == 256
    assert GrowingRecipe(regime="naive", substrate=four).config().pool.size == 8


def test_rollouts_are_as_the_regime_says_or_as_asked_for() -> None:
    assert GrowingRecipe().config().steps == STEPS and GrowingRecipe().config().rollout_damage is None
    hardened = GrowingRecipe(regime="hardened").config()
    assert (hardened.steps, hardened.rollout_damage) == (HARDENED_STEPS, RolloutDamage(EVERY, 4, REST))
    assert GrowingRecipe(regime="hardened", steps=(128, 192)).config().steps == (128, 192)
    asked = GrowingRecipe(steps=(256, 384), rollout_damage=(96, 64)).config()
    assert asked.rollout_damage == RolloutDamage(96, 4, 64)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"regime": "eager"}, "`regime` must be one of .* got 'eager'"),
        ({"steps": (96, 64)}, "`steps` must be a range"),
        ({"steps": (0, 9)}, "`steps` must be two numbers of at least 1, got 0 and 9"),
        ({"steps": (64,)}, "`steps` must be two numbers, got '64'"),
        ({"rollout_damage": (9, 0)}, "`rollout_damage` must be two numbers of at least 1, got 9 and 0"),
    ],
)
def test_what_cannot_be_is_named(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GrowingRecipe(**options).config()


def test_a_world_starts_from_a_cell_and_is_right_when_it_shows_the_target(topology: Data) -> None:
    recipe = GrowingRecipe(target="heart", size=8, padding=2, num_channels=8)
    world = recipe.world("here", topology, 1.0, recipe.untrained(), torch.Generator())
    torch.testing.assert_close(world.start(), point_seed(topology, 8))
    assert world.name == "here"
    error = recipe.image.square().mean().expand(2)
    torch.testing.assert_close(world.loss(torch.zeros(2, topology.num_nodes, 8)), error)


@pytest.mark.parametrize("regime", sorted(REGIMES))
def test_training_writes_a_rule_with_its_card(regime: str, tmp_path: Path) -> None:
    small = {"target": "butterfly", "size": 10, "padding": 3, "iterations": 2, "num_channels": 8}
    recipe = GrowingRecipe(regime=regime, substrate=("square", "hex"), out=str(tmp_path), **small)
    path = recipe.train(sampled_torus, "")
    card = describe_rule(path)["card"]
    assert (card["target"], card["regime"], card["iterations"]) == ("butterfly", regime, 2)
    assert (card["size"], card["padding"], card["substrate"]) == (10, 3, "16x16 units: square,hex")
    assert load_rule(path).num_channels == 8
    rollout = (card["configuration"]["steps"], card["configuration"]["rollout_damage"])
    hardened = (list(HARDENED_STEPS), {"every": EVERY, "count": 4, "rest": REST})
    assert rollout == (hardened if regime == "hardened" else ([64, 96], None))


def sphere_world(**options: Any) -> tuple[GrowingRecipe, World]:
    recipe = GrowingRecipe(target="heart", size=16, padding=4, num_channels=8, substrate=("sphere",), **options)
    topology, gain = recipe.sample(sampled_substrate, "sphere", np.random.default_rng(0))
    return recipe, recipe.world("sphere", topology, gain, recipe.untrained(), torch.Generator())


@pytest.mark.parametrize("place", [(0.5, 0.5), (0.75, 0.25)])
def test_on_a_sphere_the_picture_lies_around_the_seed(place: tuple[float, float]) -> None:
    """Cells that show the picture, each in the colour of its place on the unrolled surface, have next to no loss."""
    recipe, world = sphere_world(seed_at=place)
    seed = int(world.seed[:, 3].argmax())
    assert seed == int(world.topology["pos"][:, 2].argmax()) and int((world.seed[:, 3] > 0).sum()) == 1
    x, y = (round((part - 0.5) * 16) for part in place)
    places = unrolled(world.topology, seed).nan_to_num(posinf=1e3) + torch.tensor([12.5 + x, 12.5 + y])
    columns, rows = places.floor().long().unbind(1)
    within = (columns >= 0) & (columns < 24) & (rows >= 0) & (rows < 24)
    states = torch.zeros(2, len(places), 8)
    states[0, within, :4] = recipe.image[:, rows[within], columns[within]].T
    right, empty = world.loss(states).tolist()
    assert right < 0.15 * empty


def test_on_a_sphere_damage_lies_around_the_seed() -> None:
    _, world = sphere_world()
    assert world.damage is not None
    cut = world.damage(torch.ones(20, len(world.seed), 8), torch.Generator().manual_seed(0))[..., 0] == 0
    z = world.topology["pos"][:, 2]
    assert cut.any(-1).all()
    assert float(torch.stack([z[mask].mean() for mask in cut]).min()) > 0


def test_flat_and_curved_worlds_take_turns_and_a_stopped_run_goes_on_the_same(tmp_path: Path) -> None:
    small = {"target": "heart", "size": 8, "padding": 4, "num_channels": 8, "renew_every": 2, "seed": 3}
    kinds = ("square", "sphere")

    def train(iterations: int, folder: str) -> Path:
        recipe = GrowingRecipe(substrate=kinds, iterations=iterations, out=str(tmp_path / folder), **small)
        return recipe.train(sampled_substrate, "")

    whole = train(6, "whole")
    train(3, "parts")
    parts = train(6, "parts")
    for name, value in load_rule(whole).state_dict().items():
        torch.testing.assert_close(load_rule(parts).state_dict()[name], value, rtol=0, atol=0)
    assert describe_rule(whole)["card"]["substrate"] == "16x16 units: square,sphere"
    assert (tmp_path / "whole" / "pool-square.png").is_file() or (tmp_path / "whole" / "pool-sphere.png").is_file()


def test_halves_are_lost_at_any_angle_near_the_seed() -> None:
    """The rest is as it was, and of many cuts some take each side of the seed."""
    topology, _ = sampled_torus("square", (24, 24), np.random.default_rng(0))
    recipe = GrowingRecipe(target="heart", size=8, padding=8, cut=("halves",))
    world = recipe.world("square", topology, 1.0, recipe.untrained(), torch.Generator())
    assert world.damage is not None
    left = world.damage(torch.ones(32, 576, 16), torch.Generator().manual_seed(0))[..., 0]
    assert set(left.unique().tolist()) == {0.0, 1.0}
    assert (left.mean(1) > 0.25).all() and (left.mean(1) < 0.75).all()
    assert (left.mean(0) > 0).all() and (left.mean(0) < 1).all()


def test_of_two_kinds_of_cuts_each_befalls_some() -> None:
    topology, _ = sampled_torus("square", (24, 24), np.random.default_rng(0))
    recipe = GrowingRecipe(target="heart", size=8, padding=8, cut=("disks", "halves"))
    world = recipe.world("square", topology, 1.0, recipe.untrained(), torch.Generator())
    assert world.damage is not None
    share = world.damage(torch.ones(32, 576, 16), torch.Generator().manual_seed(0))[..., 0].mean(1)
    assert 8 < int((share > 0.75).sum()) < 24  # of a disk more is left than of any half


def test_a_cut_has_a_name_and_halves_are_of_the_plane() -> None:
    with pytest.raises(ValueError, match=r"`cut` must be some of \('disks', 'halves'\), got \('quarters',\)"):
        GrowingRecipe(cut=("quarters",))
    recipe = GrowingRecipe(target="heart", size=8, padding=8, substrate=("sphere",), cut=("halves",))
    ball, gain = recipe.sample(sampled_substrate, "sphere", np.random.default_rng(0))
    with pytest.raises(ValueError, match="`cut` must be 'disks' on surfaces"):
        recipe.world("sphere", ball, gain, recipe.untrained(), torch.Generator())


def test_every_recipe_takes_a_precision() -> None:
    assert GrowingRecipe(precision="bfloat16").config().precision == "bfloat16"
