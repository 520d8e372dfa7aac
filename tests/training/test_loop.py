import json
import math
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import Trajectory, load_rule
from graphnca.models import isonca
from graphnca.seeds import point_seed
from graphnca.training import (
    CheckpointError,
    Cosine,
    Evaluation,
    PoolPolicy,
    RolloutDamage,
    Training,
    TrainingConfig,
    Warmup,
    World,
    grown_and_still,
    last_state,
    load_checkpoint,
    rollout_damage,
    save_checkpoint,
)
from graphnca.training.config import describe
from topologies import square_grid

GRID = square_grid(8, 8)
CONFIG = TrainingConfig(
    iterations=6,
    batch_size=4,
    steps=(3, 6),
    schedule=Warmup(Cosine(1e-2, 1e-3, 6), 3),
    pool=PoolPolicy(size=8, seed_always_until=2, seed_every=3, damage_every=2, damage_count=2, rank=True),
)


def loss(states: Tensor) -> Tensor:
    """Half opaque everywhere."""
    return (states[..., :4] - 0.5).square().mean((-2, -1))


def make_training(folder: str | Path, config: TrainingConfig = CONFIG, hidden_size: int = 12, **parts: Any) -> Training:
    """A tiny run; the same every time."""
    torch.manual_seed(0)
    rule, seed = isonca(6, hidden_size), point_seed(GRID, 6)
    world = World(GRID, seed, parts.pop("objective", grown_and_still(loss)), loss)
    return Training(rule, world, config, folder, **parts)


def assert_same(one: Any, two: Any) -> None:
    """Equal to the bit, all the way down; the wall time aside."""
    assert type(one) is type(two)
    if isinstance(one, Tensor):
        assert one.dtype == two.dtype and one.shape == two.shape and torch.allclose(one, two, 0, 0, equal_nan=True)
    elif isinstance(one, dict):
        assert list(one) == list(two)
        for name in one:
            if name != "seconds":
                assert_same(one[name], two[name])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(two)
        for left, right in zip(one, two, strict=True):
            assert_same(left, right)
    else:
        assert one == two


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What six iterations in one go lead to."""
    training = make_training(tmp_path_factory.mktemp("uninterrupted"))
    before = {name: value.clone() for name, value in training.rule.state_dict().items()}
    training.run()
    assert any(not torch.equal(value, before[name]) for name, value in training.rule.state_dict().items())
    return training.state_dict()


def test_three_iterations_and_three_are_six(
    tmp_path: Path, uninterrupted: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    make_training(tmp_path, replace(CONFIG, iterations=3)).run()
    assert "Resuming" not in capsys.readouterr().out
    torch.rand(5)  # the global generator has no say
    second = make_training(tmp_path)
    second.run()
    assert "checkpoint.pt at iteration 3" in capsys.readouterr().out
    assert_same(second.state_dict(), uninterrupted)
    assert_same({**load_checkpoint(second.checkpoint_path)}, {"format": 3, **uninterrupted})


@pytest.mark.parametrize("watched", [True, False])
def test_a_bar_for_people_and_a_line_now_and_then_for_files(
    watched: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: watched)
    make_training(tmp_path).run()
    out, err = capsys.readouterr()
    assert ("6/6" in err) == watched == (err != "")
    assert [line.split(":")[0] for line in out.splitlines()] == ([] if watched else ["iteration 6 of 6"])


def test_a_finished_run_stays_finished(tmp_path: Path, uninterrupted: dict[str, Any]) -> None:
    save_checkpoint(tmp_path / "checkpoint.pt", uninterrupted)
    training = make_training(tmp_path)
    training.run()
    assert_same(training.state_dict(), uninterrupted)


KILLED_WHILE_WRITING = """
import os, pathlib, runpy, signal, sys
import torch
torch.set_num_threads(1)
space = runpy.run_path(sys.argv[1])
training = space["make_training"](sys.argv[2], space["replace"](space["CONFIG"], checkpoint_seconds=-1.0))
rename = pathlib.Path.replace
def killed(self, target):
    if training.iteration == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
pathlib.Path.replace = killed
training.run()
"""


def test_a_run_killed_while_it_writes_goes_on_to_the_same_rule(tmp_path: Path, uninterrupted: dict[str, Any]) -> None:
    """SIGKILL in the middle of the fourth checkpoint: the third is whole, and leads where it would have led."""
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, __file__, str(tmp_path)]
    process = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert load_checkpoint(tmp_path / "checkpoint.pt")["iteration"] == 3
    assert len(list(tmp_path.iterdir())) == 2  # and the half of the fourth, which nobody takes for it
    training = make_training(tmp_path)
    training.run()
    assert_same(training.state_dict(), uninterrupted)


def test_a_checkpoint_of_another_architecture(tmp_path: Path, uninterrupted: dict[str, Any]) -> None:
    save_checkpoint(tmp_path / "checkpoint.pt", uninterrupted)
    with pytest.raises(CheckpointError, match=r"another architecture .*'hidden_size': \(12, 20\)"):
        make_training(tmp_path, hidden_size=20).run()


def test_a_checkpoint_of_another_pool(tmp_path: Path, uninterrupted: dict[str, Any]) -> None:
    save_checkpoint(tmp_path / "checkpoint.pt", uninterrupted)
    with pytest.raises(ValueError, match=r"pool of shape \(9, 64, 6\)"):
        make_training(tmp_path, replace(CONFIG, pool=replace(CONFIG.pool, size=9))).run()


def test_a_checkpoint_with_parts_missing(tmp_path: Path, uninterrupted: dict[str, Any]) -> None:
    save_checkpoint(
        tmp_path / "checkpoint.pt", {n: v for n, v in uninterrupted.items() if n not in ("pools", "average")}
    )
    with pytest.raises(CheckpointError, match=r"lacks \['average', 'pools'\]"):
        make_training(tmp_path).run()


def test_a_damaged_checkpoint_is_not_run_over(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"half of someth")
    with pytest.raises(CheckpointError, match="can't be read"):
        make_training(tmp_path).run()
    assert (tmp_path / "checkpoint.pt").read_bytes() == b"half of someth"


def test_a_loaded_rule_is_trained_in_training_mode(tmp_path: Path) -> None:
    """In evaluation mode every backward pass would take the steps again."""
    rule = load_rule("isonca-lizard")
    world = World(GRID, point_seed(GRID, 16), grown_and_still(loss), loss)
    assert not rule.training and Training(rule, world, CONFIG, tmp_path).rule.training


def test_the_rate_follows_the_schedule(tmp_path: Path) -> None:
    training = make_training(tmp_path)
    for iteration in range(4):
        training.step()
        assert training.optimizer.param_groups[0]["lr"] == CONFIG.schedule(iteration)


def lively(training: Training) -> None:
    """Fills the pool with states in which every cell lives and no two entries are equal."""
    generator = torch.Generator().manual_seed(4)
    training.worlds.pools[0].states = torch.rand(training.worlds.pools[0].states.shape, generator=generator) * 0.5 + 0.2
    training.worlds.pools[0].losses[:] = torch.nan


def starts(training: Training, iterations: int) -> list[Tensor]:
    """What the samples look like when the rollout begins, while the rule is one that changes nothing."""
    seen: list[Tensor] = []

    def objective(trajectory: Trajectory) -> Evaluation:
        seen.append(trajectory.states[1].detach().clone())
        return last_state(loss)(trajectory)

    training.worlds.worlds[0] = replace(training.worlds.worlds[0], objective=objective)
    for _ in range(iterations):
        lively(training)
        training.step()
    return seen


def no_learning(iteration: int) -> float:
    return 0.0


def test_when_the_seed_enters(tmp_path: Path) -> None:
    """In the first row, always before `seed_always_until`, then every `seed_every`."""
    policy = PoolPolicy(size=8, seed_always_until=4, seed_every=3, damage_every=0)
    training = make_training(tmp_path, replace(CONFIG, schedule=no_learning, pool=policy))
    seeded = [bool(torch.equal(start[0], training.worlds.worlds[0].seed)) for start in starts(training, 10)]
    assert seeded == [True, True, True, True, False, False, True, False, False, True]


def test_when_disks_are_cut_out(tmp_path: Path) -> None:
    """From the last rows, every `damage_every` iterations."""
    policy = PoolPolicy(size=8, seed_always_until=0, seed_every=100, damage_every=2, damage_count=2)
    training = make_training(tmp_path, replace(CONFIG, schedule=no_learning, pool=policy))
    for iteration, start in enumerate(starts(training, 8)):
        damaged = start.eq(0).all(-1).any(-1).tolist()
        assert not any(damaged[1:2])
        if iteration % 2:
            assert not any(damaged[1:])
    assert any(start[-1].eq(0).all(-1).any() for start in starts(training, 8))


def test_a_state_is_ranked_by_the_loss_it_was_committed_with(tmp_path: Path) -> None:
    """So a state is evaluated once: when it is made. Only what was never evaluated is, before it is ranked."""
    evaluated: list[int] = []

    def counted(states: Tensor) -> Tensor:
        evaluated.append(len(states))
        return loss(states)

    training = make_training(tmp_path, replace(CONFIG, pool=replace(CONFIG.pool, damage_every=0)))
    training.worlds.worlds[0] = replace(training.worlds.worlds[0], loss=counted)
    for _ in range(12):
        training.step()
    assert sum(evaluated) == 8  # every seed of the pool, once
    torch.testing.assert_close(training.worlds.pools[0].losses, loss(training.worlds.pools[0].states))


@pytest.mark.parametrize("rank", [True, False])
def test_whether_the_worst_comes_first(rank: bool, tmp_path: Path) -> None:
    policy = PoolPolicy(size=8, seed_always_until=0, seed_every=10**9, damage_every=0, rank=rank)
    training = make_training(tmp_path, replace(CONFIG, schedule=no_learning, pool=policy))
    training.iteration = 1
    in_order = [bool((loss(start).diff() <= 0).all()) for start in starts(training, 8)]
    assert all(in_order) == rank


def test_the_length_of_a_rollout_is_drawn_from_its_range(tmp_path: Path) -> None:
    """The change is measured with a rule that adds 0.01 to one channel in every step, so it counts the steps."""
    training = make_training(tmp_path, replace(CONFIG, schedule=no_learning))
    counts: set[int] = set()
    training.rule.fire_rate, training.rule.life_mask = 1.0, None
    with torch.no_grad():
        training.rule.update_rule.hidden.weight.zero_()
        training.rule.update_rule.hidden.bias.fill_(1.0)
        training.rule.update_rule.output.weight[5, 0] = 0.01

    def objective(trajectory: Trajectory) -> Evaluation:
        counts.add(round(trajectory.change[0].item() * 6 / 0.01))
        return last_state(loss)(trajectory)

    training.worlds.worlds[0] = replace(training.worlds.worlds[0], objective=objective)
    for _ in range(30):
        training.step()
    assert counts == {3, 4, 5}


@pytest.mark.parametrize(
    ("value", "name", "sentence"),
    [
        (
            float("nan"),
            "not finite",
            "the loss is not finite, no update; 4 not finite of 4 samples replaced by the seed",
        ),
        (1e3, "exploded", "4 exploded (|x| > 6) of 4 samples replaced by the seed"),
        (0.0, "dead", "4 dead (no cell alive) of 4 samples replaced by the seed"),
    ],
)
def test_a_lost_pool_is_reported_and_repaired(
    value: float, name: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = PoolPolicy(size=4, seed_always_until=0, seed_every=10**9, damage_every=0)
    training = make_training(tmp_path, replace(CONFIG, iterations=2, pool=policy))
    training.iteration = 1
    training.history.append(1.0)
    lively(training)
    training.worlds.pools[0].states[:, :, 4] = value
    if value == 0.0:
        training.worlds.pools[0].states.zero_()
    training.run()
    assert f"iteration 2: {sentence}.\n" in capsys.readouterr().out
    assert training.repairs == {"not finite": 0, "exploded": 0, "dead": 0, name: 4}
    assert torch.equal(training.worlds.pools[0].states, training.worlds.worlds[0].seed.expand(4, 64, 6))
    assert all(bool(parameter.isfinite().all()) for parameter in training.rule.parameters())


def test_what_counts_as_an_explosion_is_configured(tmp_path: Path) -> None:
    policy = PoolPolicy(size=4, seed_always_until=0, seed_every=10**9, damage_every=0)
    for limit, lost in ((6.0, 4), (1e6, 0)):
        config = replace(CONFIG, iterations=2, pool=policy, explosion=limit)
        training = make_training(tmp_path / str(lost), config)
        training.iteration = 1
        lively(training)
        training.worlds.pools[0].states[:, :, 4] = 1e3
        training.run()
        assert training.repairs["exploded"] == lost


def test_one_lost_sample_does_not_take_the_others_along(tmp_path: Path) -> None:
    policy = PoolPolicy(size=4, seed_always_until=0, seed_every=10**9, damage_every=0)
    training = make_training(tmp_path, replace(CONFIG, schedule=no_learning, pool=policy))
    training.iteration = 1
    lively(training)
    training.worlds.pools[0].states[2] = 0
    training.worlds.pools[0].losses = loss(training.worlds.pools[0].states)
    healthy = [0, 1, 3]
    expected = loss(training.worlds.pools[0].states)[healthy].mean()
    before = training.worlds.pools[0].states.clone()
    sentence, _, states = training.step()
    assert sentence == "1 dead (no cell alive) of 4 samples replaced by the seed"
    assert torch.equal(training.worlds.pools[0].states[2], training.worlds.worlds[0].seed)
    assert torch.equal(training.worlds.pools[0].states[healthy], before[healthy])
    assert training.history == [pytest.approx(float(expected))]  # of those that live on
    assert training.worlds.pools[0].losses.isnan().tolist() == [False, False, True, False]
    assert states.shape == (4, 64, 6)


def test_a_loss_that_is_not_finite_changes_nothing(tmp_path: Path) -> None:
    training = make_training(tmp_path, objective=last_state(lambda states: loss(states) * float("inf")))
    before = [parameter.detach().clone() for parameter in training.rule.parameters()]
    sentence, _, _ = training.step()
    assert sentence == "the loss is not finite, no update"
    assert_same([parameter.detach() for parameter in training.rule.parameters()], before)
    assert training.repairs == {"not finite": 0, "exploded": 0, "dead": 0}


def test_a_gradient_that_is_not_finite_changes_nothing(tmp_path: Path) -> None:
    def steep(states: Tensor) -> Tensor:
        return loss(states) + (states.sum((-2, -1)) * 0).sqrt()  # 0, with slope infinity times 0

    training = make_training(tmp_path, objective=last_state(steep))
    before = [parameter.detach().clone() for parameter in training.rule.parameters()]
    sentence, _, _ = training.step()
    assert sentence == "a gradient is not finite, no update"
    assert_same([parameter.detach() for parameter in training.rule.parameters()], before)


@pytest.mark.parametrize("part", ["rule", "seed", "topology"])
def test_parts_on_different_devices(part: str, tmp_path: Path) -> None:
    parts = {"rule": isonca(6, 12), "seed": point_seed(GRID, 6), "topology": GRID.clone()}
    parts[part] = parts[part].to("meta")
    world = World(parts["topology"], parts["seed"], last_state(loss), loss)
    with pytest.raises(ValueError, match=r"must lie on one device, got \['cpu', 'meta'\]"):
        Training(parts["rule"], world, CONFIG, tmp_path)


def test_pictures_are_drawn_of_what_was_committed(tmp_path: Path) -> None:
    drawn: list[tuple[Path, Tensor, int]] = []

    def draw(folder: Path, world: World, states: Tensor, history: list[float]) -> None:
        drawn.append((folder, states, len(history)))

    training = make_training(tmp_path, replace(CONFIG, iterations=3, picture_seconds=-1.0), draw=draw)
    training.run()
    assert [(folder, count) for folder, _, count in drawn] == [(tmp_path, 1), (tmp_path, 2), (tmp_path, 3)]
    assert drawn[-1][1].shape == (4, 64, 6)
    assert not drawn[-1][1].requires_grad


def test_the_averaged_rule(tmp_path: Path, uninterrupted: dict[str, Any]) -> None:
    training = make_training(tmp_path)
    training.load_state_dict(uninterrupted)
    rule = training.averaged_rule()
    assert rule.config == training.rule.config
    assert_same(dict(rule.state_dict()), uninterrupted["average"]["values"])
    assert not torch.equal(rule.update_rule.hidden.weight, training.rule.update_rule.hidden.weight)


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    """One sample, always the same living seed: a few steps towards half opaque are soon learnt."""
    pool = PoolPolicy(size=2, seed_always_until=10**9, damage_every=0)
    config = replace(CONFIG, iterations=40, batch_size=1, schedule=Cosine(3e-3, 1e-4, 40), pool=pool)
    training = make_training(tmp_path, config, objective=last_state(loss))
    brighter = torch.rand(64, 6, generator=torch.Generator().manual_seed(0)) * 0.2 + 0.15
    training.worlds.worlds[0] = replace(training.worlds.worlds[0], seed=brighter)
    training.run()
    assert sum(training.history[-5:]) < 0.4 * 5 * training.history[0]


def test_in_low_precision(tmp_path: Path) -> None:
    training = make_training(tmp_path, replace(CONFIG, precision="bfloat16"))
    training.step()
    training.step()
    assert all(parameter.dtype == torch.float32 for parameter in training.rule.parameters())


def test_the_configuration_as_plain_data() -> None:
    plain = describe(CONFIG)
    assert json.loads(json.dumps(plain))["pool"]["damage_count"] == 2
    assert plain["schedule"] == repr(CONFIG.schedule)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"explosion": 0.0}, r"`explosion` must be positive and finite, got 0.0"),
        ({"explosion": math.inf}, r"`explosion` must be finite, got inf"),
        ({"iterations": 0}, "`iterations` must be at least 1, got 0"),
        ({"iterations": 2.5}, "`iterations` must be a whole number, got 2.5"),
        ({"average_decay": 1.0}, "`average_decay` must be at least 0 and below 1, got 1.0"),
        ({"average_decay": math.nan}, "`average_decay` must be finite, got nan"),
        ({"checkpoint_seconds": math.nan}, "`checkpoint_seconds` must be finite, got nan"),
        ({"picture_seconds": math.inf}, "`picture_seconds` must be finite, got inf"),
        ({"weight_decay": -1.0}, "`weight_decay` must be at least 0, got -1.0"),
        ({"snapshot_every": -1}, "`snapshot_every` must be at least 0, got -1"),
        ({"seed": 2**63}, r"`seed` must be below 2\*\*63, got 9223372036854775808"),
        ({"seed": -1}, "`seed` must be at least 0, got -1"),
        ({"schedule": lambda i: math.inf * i}, "`schedule` must give a rate .* got nan at iteration 0"),
        ({"schedule": lambda i: -i}, "`schedule` must give a rate .* got -5 at iteration 5"),
        ({"schedule": 1e-3}, "`schedule` must be a function, got 0.001"),
        ({"pool": 256}, "`pool` must be of type Policy, got 256"),
        ({"precision": "half"}, r"`precision` must be one of .* got 'half'"),
        ({"steps": (0, 5)}, r"`steps` must be a range of at least one positive number, got \(0, 5\)"),
        ({"steps": (5, 5)}, r"`steps` must be a range"),
        ({"rollout_damage": RolloutDamage(1, 5)}, r"`rollout_damage` must damage at most the 4 samples .* count of 5"),
        ({"batch_size": 9}, "`batch_size` must lie between 1 .* and the pool's `size`, 8, got 9"),
        ({"batch_size": 1}, r"`batch_size` must lie between 1 \(and `damage_count`, 2\)"),
    ],
)
def test_numbers_that_do_not_fit_are_named(changes: dict[str, Any], message: str, as_released: None) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        replace(CONFIG, **changes)


def test_what_a_configuration_accepts_its_card_can_hold() -> None:
    json.dumps(describe(replace(CONFIG, explosion=1e300, weight_decay=1e300, picture_seconds=-1e300)), allow_nan=False)


@pytest.mark.parametrize("numbers", [(0, 1), (1, -1), (1, 1, -1)])
def test_damage_within_a_rollout_that_cannot_be(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"`every` must be at least 1, .* got {numbers[0]}, {numbers[1]} and"):
        RolloutDamage(*numbers)


def test_snapshots_are_the_averaged_rules_on_the_way(tmp_path: Path) -> None:
    training = make_training(tmp_path, replace(CONFIG, snapshot_every=4))
    training.run()
    paths = sorted((tmp_path / "snapshots").glob("*.safetensors"))
    assert [path.stem for path in paths] == ["000004"]
    at_four = make_training(tmp_path / "four", replace(CONFIG, iterations=4))
    at_four.run()
    assert_same(load_rule(str(paths[0])).state_dict(), at_four.averaged_rule().state_dict())


def test_without_a_pool_every_sample_is_the_seed(tmp_path: Path) -> None:
    policy = PoolPolicy(size=8, fresh=True, damage_every=1)
    training = make_training(tmp_path, replace(CONFIG, schedule=no_learning, pool=policy))
    for start in starts(training, 4):
        assert torch.equal(start, training.worlds.worlds[0].seed.expand_as(start))


@pytest.mark.parametrize(("rest", "times"), [(0, 2), (1, 2), (2, 1), (3, 1), (4, 0), (9, 0)])
def test_samples_are_damaged_while_they_grow(rest: int, times: int, tmp_path: Path) -> None:
    """The last rows, at every multiple of the period before the rest at the end; the others are left alone."""
    policy = PoolPolicy(size=8, seed_always_until=0, seed_every=100, damage_every=0)
    damage = RolloutDamage(every=2, count=2, rest=rest)
    config = replace(CONFIG, steps=(6, 7), rollout_damage=damage, schedule=no_learning, pool=policy)
    training = make_training(tmp_path, config)
    finals: list[Tensor] = []

    def objective(trajectory: Trajectory) -> Evaluation:
        finals.append(trajectory.final.detach().clone())
        return last_state(loss)(trajectory)

    training.worlds.worlds[0] = replace(training.worlds.worlds[0], objective=objective)
    disks: list[int] = []
    real = rollout_damage.random_disks

    def counted(topology: Data, count: int, **options: Any) -> Tensor:
        disks.append(count)
        return real(topology, count, **options)

    with patch.object(rollout_damage, "random_disks", counted):
        for _ in range(3):
            lively(training)
            training.step()
    assert disks == [2] * times * 3  # after 2 and 4 of 6 steps
    for final in finals[1:]:  # the first time the seed is in the first row
        dead = final.eq(0).all(-1).any(-1)
        assert dead[:2].tolist() == [False, False]
        assert bool(dead[2:].any()) == (times > 0)  # a small hole may have closed by the end
