"""The shell's training, small: what a sample is asked for, when it goes on, and that a killed run goes on too."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from studying_growth.shell_training import ShellRecipe

from graphnca import Trajectory, load_rule
from graphnca.regions import FROZEN, GROWING, MATURE
from graphnca.rules import describe_rule
from graphnca.training import Training, load_checkpoint, save_checkpoint
from graphnca.training.nursery import Nursery, ShellPolicy
from topologies import sampled_torus, square_grid

TOY = ShellRecipe(
    iterations=4, batch_size=2, pool_size=4, cells=900, scale=8.0, steps=(2, 4), hidden_size=12, rate=1e-2
)


def nursery_of(recipe: ShellRecipe) -> Nursery:
    """A pool of shells on 30x30 cells."""
    policy = recipe.config().pool
    assert isinstance(policy, ShellPolicy)
    return Nursery(policy, square_grid(30, 30), 16, recipe.pool_size, torch.Generator().manual_seed(0))


def commit(nursery: Nursery, rows: list[int], states: torch.Tensor, losses: list[float]) -> None:
    """Puts back shells that were drawn; a loss that is not a number is that of a lost one."""
    sample = nursery.sample(len(rows))
    sample.indices = torch.tensor(rows)
    nursery.commit(sample, states, torch.tensor(losses))


@pytest.fixture
def nursery() -> Nursery:
    return nursery_of(TOY)


def perfect(nursery: Nursery, row: int) -> torch.Tensor:
    """A sample whose chamber has grown as drawn."""
    state = nursery.states[row].clone()
    state[:, :4] = nursery.whole[row] * (nursery.along[row] < nursery.chambers[row] + 1)[:, None]
    return state


def test_every_shell_is_another_one(nursery: Nursery) -> None:
    assert len({tuple(along.tolist()) for along in nursery.along}) == TOY.pool_size
    for row in range(TOY.pool_size):
        regions, along, chambers = nursery.regions[row], nursery.along[row], nursery.chambers[row]
        assert torch.equal(regions == GROWING, along >= chambers)
        assert torch.equal(nursery.states[row, :, 3] > 0, regions != GROWING)


def test_the_loss_is_counted_in_cells_of_the_chamber(nursery: Nursery) -> None:
    rows = torch.arange(TOY.pool_size)
    states = torch.stack([perfect(nursery, row) for row in range(TOY.pool_size)])
    assert nursery.losses_of(rows, states).eq(0).all()
    empty = nursery.losses_of(rows, nursery.states)
    assert ((empty > 1) & (empty < 4)).all()  # alpha alone is 1 a cell
    too_much, expected = states.clone(), []
    for row in range(TOY.pool_size):
        along, number = nursery.along[row], nursery.chambers[row] + 1
        chamber, extra = ((along >= first) & (along < first + 1) for first in (number - 1, number))
        too_much[row, extra, 3] = 1.0
        expected.append(float(extra.sum() / chamber.sum()))
    assert nursery.losses_of(rows, too_much).tolist() == pytest.approx(expected)
    wrong = states.clone()
    wrong[nursery.regions != GROWING] = 9.0
    assert nursery.losses_of(rows, wrong).eq(0).all()


def test_a_good_chamber_is_built_on_and_a_bad_one_is_not(nursery: Nursery) -> None:
    nursery.chambers[:2] = 3
    for row in range(2):
        nursery.regions[row] = torch.where(nursery.along[row] < 3, MATURE, GROWING)
    states = torch.stack([perfect(nursery, row) for row in range(2)])
    states[..., 5] = 0.7
    losses, before = [0.01, 5.0], nursery.along[:2].clone()
    commit(nursery, [0, 1], states, losses)
    assert torch.equal(nursery.states[:2], states)  # half of its time
    assert nursery.chambers[:2].tolist() == [3, 3]
    commit(nursery, [0, 1], states, losses)
    assert torch.equal(nursery.states[0], states[0])
    assert int(nursery.chambers[0]) == 4
    assert torch.equal(nursery.regions[0] == MATURE, (before[0] >= 3) & (before[0] < 4))
    assert torch.equal(nursery.regions[0] == FROZEN, before[0] < 3)
    assert not torch.equal(nursery.along[1], before[1])
    assert not nursery.states[1, :, 4:].any()


def test_who_explodes_or_has_all_chambers_makes_room(nursery: Nursery) -> None:
    before = nursery.along.clone()
    nursery.chambers[1], nursery.rollouts[:2] = 7, 1
    nursery.chambers[0] = 0
    commit(nursery, [0, 1, 2], nursery.states[:3].clone(), [0.0, 0.0, math.nan])
    changed = [not torch.equal(old, new) for old, new in zip(before, nursery.along, strict=True)]
    assert changed == [False, True, True, False]


def test_a_shell_may_be_asked_for_more_chambers() -> None:
    nursery = nursery_of(replace(TOY, chambers=9))
    before = nursery.along.clone()
    nursery.chambers[:2], nursery.rollouts[:2] = torch.tensor([7, 8]), 1
    commit(nursery, [0, 1], nursery.states[:2].clone(), [0.0, 0.0])
    assert torch.equal(nursery.along[0], before[0])
    assert int(nursery.chambers[0]) == 8
    assert not torch.equal(nursery.along[1], before[1])


def training_in(folder: Path, recipe: ShellRecipe = TOY) -> Training:
    return replace(recipe, out=str(folder)).training(sampled_torus)


def test_a_run_that_was_killed_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    path = replace(TOY, out=str(tmp_path / "whole")).train(sampled_torus, "")
    parts = training_in(tmp_path / "parts")
    for _ in range(2):
        parts.step()
    parts.save()
    again = replace(TOY, out=str(tmp_path / "parts")).train(sampled_torus, "")
    one, two = load_rule(path), load_rule(again)
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name]), name
    assert any(bool(parameter.any()) for parameter in one.update_rule.output.parameters())
    card = describe_rule(path)["card"]
    assert (card["target"], card["iterations"], card["configuration"]["chambers"]) == ("shell", 4, 8)
    assert all((tmp_path / "whole" / name).stat().st_size > 500 for name in ("pool.png", "loss.png"))


def test_a_checkpoint_of_before_goes_on(tmp_path: Path) -> None:
    """When the shell's training was a loop of its own, its pool stood alone, and nothing was counted or compared."""
    training = training_in(tmp_path)
    training.step()
    state = training.state_dict()
    before = {name: state[name] for name in ("rule", "optimizer", "average", "generator", "iteration", "seconds")}
    save_checkpoint(training.checkpoint_path, {**before, "nursery": state["pools"][0], "history": state["history"]})
    resumed = training_in(tmp_path)
    resumed.load_state_dict(load_checkpoint(resumed.checkpoint_path))
    training.step()
    resumed.step()
    for name, value in training.rule.state_dict().items():
        assert torch.equal(value, resumed.rule.state_dict()[name]), name


def test_lost_shells_do_not_count(tmp_path: Path) -> None:
    """The mean over those that are left, to the gradient."""
    training = training_in(tmp_path, replace(TOY, batch_size=4))
    pool, world = training.worlds.pools[0], training.worlds.worlds[0]
    sample = pool.sample(4)
    states = sample.states.clone().requires_grad_()
    with torch.no_grad():
        states[1, :, 5] = 50.0
    zero = torch.zeros(4)
    evaluation = training.config.pool.objective(world, sample)(Trajectory(states, {}, zero, zero))
    kept = [0, 2, 3]
    torch.testing.assert_close(evaluation.share(4), evaluation.loss[kept].mean())


@pytest.mark.parametrize("first", [1, 3])
def test_newly_drawn_shells_are_young_where_asked(first: int) -> None:
    nursery = nursery_of(replace(TOY, first=first, pool_size=40))
    assert nursery.chambers.max() == 7
    commit(nursery, list(range(40)), nursery.states.clone(), [math.nan] * 40)
    assert nursery.chambers.unique().tolist() == list(range(first))


def test_a_second_stage_goes_on_from_the_first_and_says_so(tmp_path: Path) -> None:
    path = replace(TOY, iterations=2, out=str(tmp_path / "first")).train(sampled_torus, "")
    stage = replace(TOY, start=str(path), iterations=1, out=str(tmp_path / "second"))
    for name, value in load_rule(path).state_dict().items():
        assert torch.equal(stage.rule().state_dict()[name], value)
    card = describe_rule(stage.train(sampled_torus, ""))["card"]
    assert card["started from"]["iterations"] == 2
    assert describe_rule(path)["card"]["started from"] is None


def test_what_it_perceives_can_be_chosen() -> None:
    for perception in (TOY.perception, ("identity", "gradient")):
        rule = replace(TOY, perception=perception).untrained()
        assert rule.perception.filters == perception
        assert rule.life_mask == "pre_post"
    assert "gradient" not in TOY.perception


def test_it_learns(tmp_path: Path) -> None:
    """The loss falls within a few iterations of one and the same torus."""
    recipe = replace(TOY, iterations=60, batch_size=4, steps=(8, 9), hidden_size=32, rate=2e-3)
    training = training_in(tmp_path, recipe)
    for _ in range(recipe.iterations):
        training.step()
    first, last = training.history[:5], training.history[-5:]
    assert sum(last) < 0.95 * sum(first)
