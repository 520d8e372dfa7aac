"""A training that can't recover says so, and writes no rule."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from graphnca.models import isonca
from graphnca.seeds import point_seed
from graphnca.training import (
    DivergedError,
    PoolPolicy,
    Training,
    TrainingConfig,
    World,
    last_state,
    load_checkpoint,
    pool_pictures,
    run_and_save,
)
from graphnca.training.divergence import PATIENCE, Divergence
from topologies import square_grid

GRID = square_grid(8, 8)
CONFIG = TrainingConfig(iterations=6, batch_size=2, steps=(3, 6), schedule=lambda _: 1e-3, pool=PoolPolicy(size=4))


def loss(states: Tensor) -> Tensor:
    return (states[..., :4] - 0.5).square().mean((-2, -1))


def training(folder: Path, config: TrainingConfig = CONFIG, loss=loss) -> Training:
    torch.manual_seed(0)
    return Training(isonca(6, 12), World(GRID, point_seed(GRID, 6), last_state(loss), loss), config, folder)


def test_a_rate_that_is_far_too_high(tmp_path: Path) -> None:
    run = training(tmp_path, replace(CONFIG, schedule=lambda _: 1e30))
    with pytest.raises(DivergedError, match=r"diverged at iteration \d: nothing could be learned from the last 3 it"):
        run_and_save(run, "", {})
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_never_finite_is_not_shown_as_a_number(tmp_path: Path) -> None:
    run = training(tmp_path, loss=lambda states: loss(states) * math.nan)
    run.draw = pool_pictures("nothing to draw yet")
    with pytest.raises(DivergedError, match="--rate"):
        run.run()
    assert len(run.history) == 3 and all(map(math.isnan, run.history))
    run.draw(tmp_path, run.worlds.worlds[0], run.worlds.pools[0].states, run.history)
    assert [path.name for path in tmp_path.iterdir()] == ["pool.png"]


def test_a_parameter_that_is_not_finite_ends_the_run_at_once(tmp_path: Path) -> None:
    run = training(tmp_path, replace(CONFIG, iterations=10_000))
    with torch.no_grad():
        run.rule.update_rule.hidden.weight[0, 0] = math.nan
    with pytest.raises(DivergedError, match="at iteration 1: a parameter of the rule is not finite"):
        run.run()


def test_the_checkpoint_of_before_stays(tmp_path: Path) -> None:
    """What diverges after the fourth iteration leaves the checkpoint of the fourth."""
    run = training(tmp_path, replace(CONFIG, checkpoint_seconds=-1.0))
    step = run.step

    def then_nan():
        if run.iteration == 4:
            run.worlds.worlds[0] = replace(
                run.worlds.worlds[0], objective=last_state(lambda states: loss(states) * math.nan)
            )
        return step()

    run.step, run.divergence.limit = then_nan, 2
    with pytest.raises(DivergedError):
        run.run()
    assert load_checkpoint(run.checkpoint_path)["iteration"] == 4


def test_a_parameter_that_is_not_finite_reaches_no_checkpoint(tmp_path: Path) -> None:
    run = training(tmp_path)
    run.save()
    before = run.checkpoint_path.read_bytes()
    run.average.values["update_rule.hidden.weight"][0, 0] = math.inf
    with pytest.raises(DivergedError):
        run.save()
    assert run.checkpoint_path.read_bytes() == before


def test_an_iteration_that_teaches_something_makes_up_for_those_before() -> None:
    divergence = Divergence(10_000)
    assert divergence.limit == PATIENCE
    for learned in [False] * (PATIENCE - 1) + [True] + [False] * (PATIENCE - 1):
        divergence.note(learned)
        divergence.check(0, [torch.zeros(3)])
    divergence.note(False)
    with pytest.raises(DivergedError, match=f"last {PATIENCE} iterations"):
        divergence.check(7, [])
