"""The shell's training, small: what a sample is asked for, when it goes on, and that a killed run goes on too."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from shell_training import Config, Nursery, ShellTraining

from graphnca import load_rule
from graphnca.regions import FROZEN, GROWING, MATURE
from graphnca.rules import describe_rule
from graphnca.training import save_checkpoint
from topologies import square_grid

TOY = Config(iterations=4, batch_size=2, pool=4, cells=900, scale=8.0, steps=(2, 4), hidden=12, rate=1e-2)


@pytest.fixture
def nursery() -> Nursery:
    return Nursery(TOY, square_grid(30, 30), torch.Generator().manual_seed(0))


def perfect(nursery: Nursery, row: int) -> torch.Tensor:
    """A sample whose chamber has grown as drawn."""
    state = nursery.states[row].clone()
    state[:, :4] = nursery.whole[row] * (nursery.along[row] < nursery.chambers[row] + 1)[:, None]
    return state


def test_every_shell_is_another_one(nursery: Nursery) -> None:
    assert len({tuple(along.tolist()) for along in nursery.along}) == TOY.pool
    for row in range(TOY.pool):
        regions, along, chambers = nursery.regions[row], nursery.along[row], nursery.chambers[row]
        assert torch.equal(regions == GROWING, along >= chambers)
        assert torch.equal(nursery.states[row, :, 3] > 0, regions != GROWING)


def test_the_loss_is_counted_in_cells_of_the_chamber(nursery: Nursery) -> None:
    rows = torch.arange(TOY.pool)
    states = torch.stack([perfect(nursery, row) for row in range(TOY.pool)])
    assert nursery.losses(rows, states).eq(0).all()
    empty = nursery.losses(rows, nursery.states)
    assert ((empty > 1) & (empty < 4)).all()  # alpha alone is 1 a cell
    too_much, expected = states.clone(), []
    for row in range(TOY.pool):
        along, number = nursery.along[row], nursery.chambers[row] + 1
        chamber, extra = ((along >= first) & (along < first + 1) for first in (number - 1, number))
        too_much[row, extra, 3] = 1.0
        expected.append(float(extra.sum() / chamber.sum()))
    assert nursery.losses(rows, too_much).tolist() == pytest.approx(expected)
    wrong = states.clone()
    wrong[nursery.regions != GROWING] = 9.0
    assert nursery.losses(rows, wrong).eq(0).all()


def test_a_good_chamber_is_built_on_and_a_bad_one_is_not(nursery: Nursery) -> None:
    rows = torch.tensor([0, 1])
    nursery.chambers[:2] = 3
    for row in range(2):
        nursery.regions[row] = torch.where(nursery.along[row] < 3, MATURE, GROWING)
    states = torch.stack([perfect(nursery, row) for row in range(2)])
    states[..., 5] = 0.7
    losses, nobody, before = torch.tensor([0.01, 5.0]), torch.zeros(2, dtype=torch.bool), nursery.along[:2].clone()
    nursery.commit(rows, states, losses, nobody)
    assert torch.equal(nursery.states[:2], states)  # half of its time
    assert nursery.chambers[:2].tolist() == [3, 3]
    nursery.commit(rows, states, losses, nobody)
    assert torch.equal(nursery.states[0], states[0])
    assert int(nursery.chambers[0]) == 4
    assert torch.equal(nursery.regions[0] == MATURE, (before[0] >= 3) & (before[0] < 4))
    assert torch.equal(nursery.regions[0] == FROZEN, before[0] < 3)
    assert not torch.equal(nursery.along[1], before[1])
    assert not nursery.states[1, :, 4:].any()


def test_who_explodes_or_has_all_chambers_makes_room(nursery: Nursery) -> None:
    before = nursery.along.clone()
    nursery.chambers[1], nursery.rollouts[:2] = 7, 1
    rows = torch.tensor([0, 1, 2])
    lost = torch.tensor([False, False, True])
    nursery.chambers[0] = 0
    nursery.commit(rows, nursery.states[rows].clone(), torch.zeros(3), lost)
    changed = [not torch.equal(old, new) for old, new in zip(before, nursery.along, strict=True)]
    assert changed == [False, True, True, False]


def test_a_shell_may_be_asked_for_more_chambers() -> None:
    nursery = Nursery(replace(TOY, chambers=9), square_grid(30, 30), torch.Generator().manual_seed(0))
    before, rows = nursery.along.clone(), torch.arange(2)
    nursery.chambers[:2], nursery.rollouts[:2] = torch.tensor([7, 8]), 1
    nursery.commit(rows, nursery.states[rows].clone(), torch.zeros(2), torch.zeros(2, dtype=torch.bool))
    assert torch.equal(nursery.along[0], before[0])
    assert int(nursery.chambers[0]) == 8
    assert not torch.equal(nursery.along[1], before[1])


def test_a_run_that_was_killed_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole, parts = (ShellTraining(replace(TOY, out=str(tmp_path / name))) for name in ("whole", "parts"))
    whole.run()
    for _ in range(2):
        parts.step()
    save_checkpoint(tmp_path / "parts" / "checkpoint.pt", parts.state_dict())
    path = ShellTraining(replace(TOY, out=str(tmp_path / "parts"))).run()
    one, two = load_rule(tmp_path / "whole" / "rule.safetensors"), load_rule(path)
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name]), name
    assert any(bool(parameter.any()) for parameter in one.update_rule.output.parameters())
    assert describe_rule(path)["card"]["target"] == "shell"
    assert describe_rule(path)["card"]["iterations"] == 4
    assert all((tmp_path / "whole" / name).stat().st_size > 500 for name in ("pool.png", "loss.png"))


@pytest.mark.parametrize("first", [1, 3])
def test_newly_drawn_shells_are_young_where_asked(first: int) -> None:
    nursery = Nursery(replace(TOY, first=first, pool=40), square_grid(30, 30), torch.Generator().manual_seed(0))
    assert nursery.chambers.max() == 7
    rows = torch.arange(40)
    nursery.commit(rows, nursery.states.clone(), torch.zeros(40), torch.ones(40, dtype=torch.bool))
    assert nursery.chambers.unique().tolist() == list(range(first))


def test_a_second_stage_goes_on_from_the_first_and_says_so(tmp_path: Path) -> None:
    first = ShellTraining(replace(TOY, iterations=2, out=str(tmp_path / "first")))
    path = first.run()
    second = ShellTraining(replace(TOY, start=str(path), out=str(tmp_path / "second")))
    for name, value in first.averaged_rule().state_dict().items():
        assert torch.equal(second.rule.state_dict()[name], value)
    card = describe_rule(second.save())["card"]
    assert card["started from"]["iterations"] == 2
    assert describe_rule(path)["card"]["started from"] is None


def test_what_it_perceives_can_be_chosen(tmp_path: Path) -> None:
    for perception in (TOY.perception, ("identity", "gradient")):
        training = ShellTraining(replace(TOY, perception=perception, out=str(tmp_path)))
        assert training.rule.perception.filters == perception
        assert training.rule.life_mask == "pre_post"
    assert "gradient" not in TOY.perception


def test_it_learns(tmp_path: Path) -> None:
    """The loss falls within a few iterations of one and the same sheet."""
    config = replace(TOY, iterations=60, batch_size=4, steps=(8, 9), hidden=32, rate=2e-3, out=str(tmp_path))
    training = ShellTraining(config)
    for _ in range(config.iterations):
        training.step()
    first, last = training.history[:5], training.history[-5:]
    assert sum(last) < 0.95 * sum(first)
