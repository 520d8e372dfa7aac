r"""Trains a rule to grow a shell chamber by chamber, at any scale and angle (gnomonic growth, Studying Growth).

    python experiments/studying_growth/shell_training.py --scale 12 --cells 2304 --steps 40 61 \
        --out runs/growing-shell-small
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-small/rule.safetensors \
        --out runs/growing-shell-full
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-full/rule.safetensors --first 1 \
        --good 0.5 --iterations 1500 --rate 1.5e-3 --out runs/growing-shell-own
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-own/rule.safetensors --first 1 \
        --good 0.5 --chambers 9 --cells 6084 --iterations 700 --rate 1e-3 --out runs/growing-shell-nine
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-nine/rule.safetensors --first 1 \
        --good 0.5 --chambers 9 --cells 6084 --batch-size 16 --pool-size 128 --iterations 300 --rate 1e-3 \
        --out runs/growing-shell-batch
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-batch/rule.safetensors --first 1 \
        --good 0.5 --chambers 9 --cells 6084 --batch-size 16 --pool-size 128 --iterations 1200 --rate 1e-3 \
        --out runs/growing-shell-1200
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-1200/rule.safetensors --first 1 \
        --good 0.5 --chambers 9 --cells 6084 --batch-size 16 --pool-size 128 --iterations 2400 --rate 1e-3 \
        --out runs/growing-shell-2400
    python experiments/studying_growth/shell_training.py --start runs/growing-shell-2400/rule.safetensors --first 1 \
        --good 0.5 --chambers 9 --cells 6084 --batch-size 16 --pool-size 128 --iterations 2400 --rate 1e-3 \
        --out runs/growing-shell

Small shells first, which cost a third; then larger ones; then all shells begin with no chamber of their own and go on
with what the rule itself has grown, as they will when they are measured: the second stage alone ends with good single
chambers, whose errors add up over eight. Then there is a ninth chamber, because the last one is met least and was too
small, and in the end a larger batch, twice. (The shipped rule's first two stages were stopped early, as its card
says.)

A sample is a shell of its own scale, angle and number of chambers. Its last chamber is mature (only the hidden channels
may change), the older ones are frozen, and all other cells are free: nothing but the shell itself says where the next
chamber belongs, how large it is and where it ends. The loss is the squared error of RGBA over the free cells,
divided by the number of cells that the chamber should have, so that small chambers count as much as large ones.

A chamber has two rollouts of 64 to 96 steps, with the loss at the end of both, so that it is there in time and stays.
When it is good (loss below `--good`), the sample goes on with what it has grown, hidden channels included: the new
chamber becomes mature, the mature one frozen, and the next has to grow, until there are eight. Otherwise, and after the
eighth, a newly drawn shell takes its place, with fewer chambers than `--first` and empty hidden channels.

The rule perceives no direction (state, Laplacian and gradient norm), so what it learns at one angle holds at all; with
a Sobel pair it learns three times as slowly. Gradients are normalised per tensor, Adam follows a cosine; the saved rule
is the running average of the parameters. The folder holds `checkpoint.pt`, from which a killed run goes on, `pool.png`,
`loss.png`, and at last `rule.safetensors`. About 0.2 s an iteration on one core.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.data import Data

from graphnca import Trajectory
from graphnca.evaluation.chambers import CHAMBERS, advanced, placed_shell, starting_state
from graphnca.layers import NCAConv
from graphnca.pool import PoolSample, SamplePool
from graphnca.regions import GROWING
from graphnca.results.training import train_from_command_line
from graphnca.training import (
    Cosine,
    Evaluation,
    Policy,
    Processes,
    Renewal,
    Training,
    TrainingConfig,
    Warmup,
    World,
    examine,
    load_checkpoint,
    save_checkpoint,
)
from graphnca.training.batch_share import BatchShare
from graphnca.training.config import describe
from graphnca.training.distributed import ALONE
from graphnca.training.objectives import Objective
from graphnca.training.recipes import Recipe, Sampler
from graphnca.training.recipes.recipe import Substrates
from topologies import sampled_torus

GAINS = {"gradient": 1 / 8, "gradient_norm": 1 / 8, "laplacian": 1 / 4}  # so that all bands have about one size
ROLLOUTS = 2  # of a chamber
SMALLEST = 0.92  # of `scale`: the range of scales that shells begin with
WARM_UP = 100  # iterations
LOWEST = 0.02  # of the rate, at the end of the cosine


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
    """Samples go on from chamber to chamber."""

    size: int
    scale: float
    """Largest radius of the outer wall at the beginning."""
    good: float
    """Loss below which the next chamber may build on this one."""
    chambers: int
    """After which a shell makes room."""
    first: int
    """Newly drawn shells have fewer chambers than this."""

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


@dataclass(frozen=True, kw_only=True)
class ShellRecipe(Recipe):
    """A shell, chamber by chamber."""

    iterations: int = 4000
    pool_size: int = 64
    """Shells that are grown side by side."""
    cells: int = 5184
    """Of the torus."""
    scale: float = 19.6
    """Largest radius of the outer wall at the beginning; with eight chambers it is twice that."""
    steps: tuple[int, int] = (64, 97)
    """Steps of a rollout; the upper bound is not included."""
    good: float = 0.25
    """Loss below which the next chamber may build on this one; of an empty chamber it is about 2."""
    chambers: int = CHAMBERS
    """After which a shell makes room; the last ones are met least, so one more than are wanted."""
    first: int = CHAMBERS
    """Newly drawn shells have fewer chambers than this; 1: what is learnt is to go on with one's own work."""
    num_channels: int = 16
    """State channels of an untrained rule."""
    hidden_size: int = 128
    """Width of its update network."""
    perception: tuple[str, ...] = ("identity", "laplacian", "gradient_norm")
    """Filters; these three have no frame, so what is learnt at one angle holds at every one."""
    rate: float = 2e-3
    out: str = "runs/growing-shell"

    @property
    def shape(self) -> tuple[int, int]:
        """A square."""
        return round(self.cells**0.5), round(self.cells**0.5)

    def untrained(self) -> NCAConv:
        """A rule of Growing NCA's architecture but for what it perceives."""
        gains = {name: GAINS[name] for name in self.perception if name in GAINS}
        options = {"life_mask": "pre_post", "hidden_init": "glorot", "gains": gains}
        return NCAConv(self.num_channels, self.hidden_size, self.perception, **options)  # type: ignore[arg-type]

    def config(self) -> TrainingConfig:
        """The numbers."""
        return self.config_of(
            steps=self.steps,
            schedule=Warmup(Cosine(self.rate, LOWEST * self.rate, self.iterations), WARM_UP),
            pool=ShellPolicy(self.pool_size, self.scale, self.good, self.chambers, self.first),
        )

    def worlds(
        self,
        rule: NCAConv,
        substrates: Substrates,
        generator: torch.Generator,  # noqa: ARG002
    ) -> tuple[list[World], Renewal | None]:
        """A torus of squares; what is asked of a shell, its policy knows."""
        topology, _ = substrates("square", np.random.default_rng(self.seed))

        empty = torch.zeros(len(topology["pos"]), rule.num_channels)
        return [World(topology, empty, asked_of_each_shell, asked_of_each_shell, record=())], None

    def training(self, sampler: Sampler, processes: Processes = ALONE, rule: NCAConv | None = None) -> Training:
        """The training; a checkpoint of before, when this was a loop of its own, is brought into the common form."""
        training = super().training(sampler, processes, rule)
        path = training.checkpoint_path
        if processes.is_first and path.exists() and "nursery" in (old := load_checkpoint(path)):
            pools = [old.pop("nursery")]
            state = {"architecture": training.rule.config, "repairs": training.repairs, "pools": pools, **old}
            save_checkpoint(path, state)
        return training

    def card(self) -> dict[str, Any]:
        """What it grows, and where; `chambers` in the configuration says that it starts from no seed."""
        configuration = {**describe(self.config()), "chambers": self.chambers}
        return {"target": "shell", **super().card(), "configuration": configuration}


if __name__ == "__main__":
    train_from_command_line(ShellRecipe, __doc__, sampled_torus)
