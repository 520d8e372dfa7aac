"""Another policy than the published one decides what is kept, how a sample starts, and what is asked of it."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from torch import Tensor

from graphnca import Trajectory
from graphnca.models import isonca
from graphnca.pool import PoolSample, SamplePool
from graphnca.regions import FROZEN, GROWING
from graphnca.seeds import point_seed
from graphnca.training import Evaluation, Policy, PoolPolicy, Training, TrainingConfig, World, last_state
from graphnca.training.batch_share import BatchShare
from graphnca.training.config import describe
from topologies import square_grid

GRID = square_grid(6, 6)


def loss(states: Tensor) -> Tensor:
    return (states[..., :4] - 0.5).square().mean((-2, -1))


@dataclass(frozen=True)
class HalfFrozen(Policy):
    """Every sample is half alive and half frozen, and is asked to be transparent."""

    size: int = 4
    asked: list[int] = field(default_factory=list)

    def pool(self, world: World, size: int, generator: torch.Generator) -> SamplePool:
        """States of one half."""
        return SamplePool(torch.full_like(world.start(), 0.5), size)

    def prepare(self, sample: PoolSample, world: World, iteration: int, share: BatchShare) -> None:
        """The first cells are frozen."""
        regions = torch.full(sample.states.shape[:2], GROWING)
        regions[:, :18] = FROZEN
        sample.regions = regions

    def objective(self, world: World, sample: PoolSample):
        """Transparency."""

        def objective(trajectory: Trajectory) -> Evaluation:
            self.asked.append(len(sample.indices))
            value = trajectory.final[..., 3].square().mean(-1)
            return Evaluation(value, value)

        return objective


def training_with(policy: Policy, folder: Path) -> Training:
    torch.manual_seed(0)
    rule = isonca(6, 12)
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.02)
    config = TrainingConfig(iterations=3, batch_size=2, steps=(3, 6), schedule=lambda _: 1e-3, pool=policy)
    return Training(rule, World(GRID, point_seed(GRID, 6), last_state(loss), loss), config, folder)


def test_a_policy_can_be_exchanged(tmp_path: Path) -> None:
    policy = HalfFrozen()
    training = training_with(policy, tmp_path)
    training.run()
    states = training.worlds.pools[0].states
    assert policy.asked == [2, 2, 2]
    assert (states[:, :18] == 0.5).all() and not (states[:, 18:] == 0.5).all()
    resumed = training_with(HalfFrozen(), tmp_path)
    resumed.run()
    assert torch.equal(resumed.worlds.pools[0].states, states)
    assert describe(training.config)["pool"]["size"] == 4


@pytest.mark.parametrize("policy", [HalfFrozen(size=1), PoolPolicy(size=1)])
def test_a_batch_must_fit_into_the_pool(policy: Policy, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`batch_size` must lie between 1 .*`size`, 1, got 2"):
        training_with(policy, tmp_path)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"size": 0}, "`size` must be at least 1, got 0"),
        ({"seed_every": 0}, "`seed_every` must be at least 1, got 0"),
        ({"damage_every": -1}, "`damage_every` must be at least 0, got -1"),
        ({"damage_count": -1}, "`damage_count` must be at least 0, got -1"),
        ({"seed_always_until": None}, "`seed_always_until` must be a whole number, got None"),
        ({"rank": "no"}, "`rank` must be True or False, got 'no'"),
    ],
)
def test_a_policy_that_cannot_be(numbers: dict, message: str, as_released: None) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        PoolPolicy(**numbers)
