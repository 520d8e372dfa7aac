"""A pool of shells that grow chamber by chamber, each with its own next chamber (gnomonic growth, Studying Growth).

A sample is a shell of its own scale, angle and number of chambers. When a chamber is good, the sample goes on with what
it has grown; otherwise, and after the last, a newly drawn shell takes its place.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import at_least, check_fields
from ..engine.rollout import Trajectory
from ..pool import PoolSample, SamplePool
from ..regions import GROWING
from ..targets.chambers import advanced, placed_shell, starting_state
from .batch_share import BatchShare
from .guard import examine
from .objectives import Evaluation, Objective
from .pool_policy import Policy
from .worlds import World

ROLLOUTS = 2  # of a chamber
SMALLEST = 0.92  # of `scale`: the range of scales that shells begin with


@dataclass
class ShellSample(PoolSample):
    """Some shells, each of which is to grow its own next chamber."""

    losses_of: Callable[[Tensor], Tensor] = torch.clone
    """The losses of what has become of them."""


def asked_of_each_shell(_: object) -> NoReturn:
    """A world has no loss: every shell has its own (`ShellPolicy.objective`)."""
    raise NotImplementedError


class Nursery(SamplePool):
    """Shells at all stages: their states, their regions, and what they are to become."""

    def __init__(
        self, policy: "ShellPolicy", topology: Data, num_channels: int, size: int, generator: torch.Generator
    ) -> None:
        cells = len(topology["pos"])
        super().__init__(torch.zeros(cells, num_channels), size)
        self.policy, self.topology, self.generator = policy, topology, generator
        self.regions = torch.zeros(size, cells, dtype=torch.int64)
        self.along, self.whole = torch.zeros(size, cells), torch.zeros(size, cells, 4)
        self.chambers, self.rollouts = torch.zeros(size, dtype=torch.int64), torch.zeros(size, dtype=torch.int64)
        for row in range(size):
            self.renew(row, policy.chambers)  # at all stages, or those of a pool would advance in step

    def renew(self, row: int, first: int) -> None:
        """Puts a newly drawn shell of fewer chambers than `first` into a place."""
        share, turn, stage = torch.rand(3, generator=self.generator).tolist()
        scale = self.policy.scale * SMALLEST**share
        shell = placed_shell(self.topology, scale, 2 * math.pi * turn)
        chambers, pos = int(first * stage), self.topology["pos"]
        self.states[row] = starting_state(shell, self.topology, chambers, self.states.shape[-1])
        self.regions[row] = shell.regions(pos, chambers)
        self.along[row], self.whole[row] = shell.coordinates(pos)[0], shell.image(pos, math.inf)
        self.chambers[row], self.rollouts[row] = chambers, 0

    def losses_of(self, rows: Int[Tensor, " b"], states: Float[Tensor, "b n c"]) -> Float[Tensor, " b"]:
        """Squared error over the free cells for each cell of the chamber that is to grow, one per sample."""
        number, free = self.chambers[rows, None] + 1, self.regions[rows] == GROWING
        wanted = self.along[rows] < number
        chamber = wanted & (self.along[rows] >= number - 1)
        error = (states[..., :4] - self.whole[rows] * wanted[..., None]).square().sum(-1)
        return (error * free).sum(1) / chamber.sum(1)

    def sample(
        self, batch_size: int, *, generator: torch.Generator | None = None, replace: bool = False
    ) -> ShellSample:
        """Draws shells, with what may change in each and what is asked of it."""
        drawn = super().sample(batch_size, generator=generator, replace=replace)
        rows = drawn.indices
        regions = self.regions[rows]
        return ShellSample(rows, drawn.states, drawn.losses, regions, losses_of=lambda x: self.losses_of(rows, x))

    def commit(
        self, sample: PoolSample, states: Float[Tensor, "b n c"], losses: Float[Tensor, " b"] | None = None
    ) -> None:
        """Takes back what a rollout has made; those that have finished a chamber go on or make room, as the lost do."""
        super().commit(sample, states, losses)
        self.rollouts[sample.indices] += 1
        for row in sample.indices.tolist():
            loss, finished = float(self.losses[row]), int(self.rollouts[row]) == ROLLOUTS
            goes_on = loss < self.policy.good and self.chambers[row] < self.policy.chambers - 1
            if math.isnan(loss) or (finished and not goes_on):
                self.renew(row, self.policy.first)
            elif finished:
                self.regions[row] = advanced(self.regions[row], self.states[row])
                self.chambers[row], self.rollouts[row] = self.chambers[row] + 1, 0

    def state_dict(self) -> dict[str, Tensor]:
        """All that a checkpoint needs."""
        names = ("states", "regions", "along", "whole", "chambers", "rollouts")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Goes on from there."""
        for name, value in state.items():
            setattr(self, name, value)


@dataclass(frozen=True)
class ShellPolicy(Policy):
    """Samples go on from chamber to chamber.

    Raises:
        ValueError: If a number is out of range.
    """

    size: int
    scale: float
    """Largest radius of the outer wall at the beginning."""
    good: float
    """Loss below which the next chamber may build on this one."""
    chambers: int
    """After which a shell makes room."""
    first: int
    """Newly drawn shells have fewer chambers than this."""

    def __post_init__(self) -> None:
        check_fields(self)
        at_least(1, size=self.size, chambers=self.chambers, first=self.first)
        at_least(0, scale=self.scale, good=self.good)

    def pool(self, world: World, size: int, generator: torch.Generator) -> Nursery:
        """Shells at all stages."""
        return Nursery(self, world.topology, world.seed.shape[-1], size, generator)

    def prepare(self, sample: PoolSample, world: World, iteration: int, share: BatchShare) -> None:
        """Nothing: a shell starts as it was drawn, or as it has grown."""

    def objective(self, world: World, sample: PoolSample) -> Objective:  # noqa: ARG002
        """The loss and the overflow of each cell, averaged over the samples that are not lost."""

        def objective(trajectory: Trajectory) -> Evaluation:
            loss = cast(ShellSample, sample).losses_of(trajectory.final)
            value = loss + trajectory.overflow / trajectory.final.shape[-2]
            lost: Bool[Tensor, " b"] = examine(trajectory.final.detach()).lost
            return Evaluation(loss, torch.where(lost, 0.0, value) * (len(lost) / (~lost).sum()))

        return objective
