"""The training loop of every experiment.

    pool.sample -> rank, reseed, damage -> trajectory -> objective -> backward -> normalise -> Adam -> guard -> commit

An iteration depends on nothing but the state that a checkpoint holds, so a run that is killed and resumed gives the
same rule, on the CPU to the bit.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from ..damage import random_disks
from ..layers import NCAConv
from ..pool import PoolSample, SamplePool
from ..rollout import trajectory
from .average import ParameterAverage
from .checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from .gradients import normalise_gradients
from .guard import examine
from .objectives import Loss, Objective
from .schedules import Schedule, Triangular2

PRECISIONS = ("float32", "bfloat16", "float64")


@dataclass(frozen=True)
class PoolPolicy:
    """What happens to a sample between the pool and the rollout; the defaults are IsoNCA's for the lizard."""

    size: int = 256
    seed_always_until: int = 4000
    """Before this iteration the first row is the seed every time,"""
    seed_every: int = 6
    """and from then on every so many iterations."""
    damage_every: int = 6
    """Every so many iterations the last rows lose a random disk; 0: never."""
    damage_count: int = 1
    """How many rows are damaged."""
    rank: bool = False
    """Whether the sample is ordered by loss first, the worst in front (Growing NCA)."""


@dataclass(frozen=True)
class TrainingConfig:
    """The numbers of a training; the defaults are IsoNCA's."""

    iterations: int = 50_000
    batch_size: int = 8
    steps: tuple[int, int] = (64, 96)
    """Steps of a rollout, drawn anew each iteration; the upper bound is not included."""
    schedule: Schedule = field(default_factory=Triangular2)
    pool: PoolPolicy = field(default_factory=PoolPolicy)
    average_decay: float = 0.995
    precision: str = "float32"
    """Type of the update network's products: float32 or bfloat16."""
    seed: int = 0
    checkpoint_seconds: float = 240.0
    picture_seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"`precision` must be one of {PRECISIONS}, got {self.precision!r}.")
        if not 1 <= self.steps[0] < self.steps[1]:
            raise ValueError(f"`steps` must be a range of at least one positive number, got {self.steps}.")
        if not max(1, self.pool.damage_count) <= self.batch_size <= self.pool.size:
            raise ValueError(
                f"`batch_size` must lie between 1 (and `damage_count`, {self.pool.damage_count}) and the pool's "
                f"`size`, {self.pool.size}, got {self.batch_size}."
            )


class Training:
    """A rule in training.

    Args:
        rule: The rule; trained in place.
        topology: The substrate.
        seed: The state `(N, C)` that growth starts from.
        objective: One value per sample of a trajectory (see `graphnca.training.objectives`).
        loss: The loss of states alone, one value per sample: shown, and used to rank.
        config: The numbers.
        folder: Where checkpoint and pictures go; it is created.
        draw: Called now and then with the folder, the states last committed and the history of the loss.
    """

    def __init__(
        self,
        rule: NCAConv,
        topology: Data,
        seed: Tensor,
        objective: Objective,
        loss: Loss,
        config: TrainingConfig,
        folder: str | Path,
        draw: Callable[[Path, Tensor, list[float]], None] | None = None,
    ) -> None:
        self.rule, self.topology, self.seed = rule, topology, seed
        self.objective, self.loss, self.config, self.draw = objective, loss, config, draw
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.generator = torch.Generator().manual_seed(config.seed)
        self.pool = SamplePool(seed, config.pool.size)
        self.optimizer = torch.optim.Adam(rule.parameters(), lr=config.schedule(0))
        self.average = ParameterAverage(rule, config.average_decay)
        self.iteration = 0
        self.seconds = 0.0
        self.history: list[float] = []
        self.repairs = {"not finite": 0, "exploded": 0, "dead": 0}
        self.precision = getattr(torch, config.precision)

    @property
    def checkpoint_path(self) -> Path:
        """The run's one checkpoint."""
        return self.folder / "checkpoint.pt"

    def run(self) -> None:
        """Trains until the configured iteration, from the folder's checkpoint if there is one."""
        if self.checkpoint_path.exists():
            self.load_state_dict(load_checkpoint(self.checkpoint_path))
            print(f"Resuming {self.checkpoint_path} at iteration {self.iteration}.")
        bar = tqdm(total=self.config.iterations, initial=self.iteration, unit="it", dynamic_ncols=True)
        saved = drawn = perf_counter()
        with bar:
            while self.iteration < self.config.iterations:
                started = perf_counter()
                sentence, states = self.step()
                now = perf_counter()
                self.seconds += now - started
                bar.update()
                recent = self.history[-100:]
                bar.set_postfix_str(
                    f"loss {self.history[-1]:.4g}, last 100 {sum(recent) / len(recent):.4g}", refresh=False
                )
                if sentence:
                    bar.write(f"iteration {self.iteration}: {sentence}.")
                if self.draw is not None and now - drawn > self.config.picture_seconds:
                    self.draw(self.folder, states, self.history)
                    drawn = perf_counter()
                if now - saved > self.config.checkpoint_seconds:
                    save_checkpoint(self.checkpoint_path, self.state_dict())
                    saved = perf_counter()
        save_checkpoint(self.checkpoint_path, self.state_dict())

    def step(self) -> tuple[str, Tensor]:
        """One iteration; returns what the guard has to say and the states after it."""
        config, policy, generator = self.config, self.config.pool, self.generator
        sample = self.pool.sample(config.batch_size, generator=generator)
        self._prepare(sample, policy)
        num_steps = int(torch.randint(*config.steps, (), generator=generator))
        result = trajectory(
            self.rule,
            sample.states,
            self.topology,
            num_steps,
            record=(1,),
            generator=generator,
            precision=self.precision,
        )
        value = self.objective(result).mean()
        self.optimizer.zero_grad(set_to_none=True)
        events: list[str] = []
        if bool(torch.isfinite(value)):
            value.backward()
            for group in self.optimizer.param_groups:
                group["lr"] = config.schedule(self.iteration)
            if all(bool(p.grad.isfinite().all()) for p in self.rule.parameters() if p.grad is not None):
                normalise_gradients(self.rule.parameters())
                self.optimizer.step()
                self.average.update()
            else:
                events.append("a gradient is not finite, no update")
        else:
            events.append("the loss is not finite, no update")
        final = result.final.detach()
        diagnosis = examine(final, self.rule.alive_threshold if self.rule.life_mask else None)
        if bool(diagnosis.lost.any()):
            events.append(f"{diagnosis.sentence()} replaced by the seed")
            for name, flags in zip(self.repairs, diagnosis, strict=True):
                self.repairs[name] += int(flags.sum())
            final = torch.where(diagnosis.lost[:, None, None], self.seed.to(final), final)
        self.pool.commit(sample, final)
        with torch.no_grad():
            shown = self.loss(final).mean().item()
        self.history.append(shown if math.isfinite(shown) else self.history[-1] if self.history else 0.0)
        self.iteration += 1
        return "; ".join(events), final

    def _prepare(self, sample: PoolSample, policy: PoolPolicy) -> None:
        if policy.rank:
            with torch.no_grad():
                sample.rank(self.loss(sample.states))
        if self.iteration < policy.seed_always_until or self.iteration % policy.seed_every == 0:
            sample.reseed([0], self.seed)
        if policy.damage_every and self.iteration % policy.damage_every == 0:
            rows = list(range(len(sample.states) - policy.damage_count, len(sample.states)))
            sample.damage(rows, random_disks(self.topology, len(rows), generator=self.generator))

    def averaged_rule(self) -> NCAConv:
        """A rule with the averaged parameters."""
        rule = NCAConv(**self.rule.config)
        rule.load_state_dict(self.average.values)
        return rule

    def state_dict(self) -> dict[str, Any]:
        """Everything the next iteration depends on."""
        return {
            "architecture": self.rule.config,
            "rule": self.rule.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(),
            "pool": self.pool.state_dict(),
            "generator": self.generator.get_state(),
            "iteration": self.iteration,
            "seconds": self.seconds,
            "history": torch.tensor(self.history),
            "repairs": self.repairs,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a checkpoint.

        Raises:
            CheckpointError: If it was written by a run of another architecture, or is not whole.
        """
        missing = [name for name in self.state_dict() if name not in state]
        if missing:
            raise CheckpointError(f"The checkpoint lacks {missing}.")
        if state["architecture"] != self.rule.config:
            different = {
                name: (state["architecture"].get(name), value)
                for name, value in self.rule.config.items()
                if state["architecture"].get(name) != value
            }
            raise CheckpointError(f"The checkpoint is of another architecture (checkpoint, this run): {different}.")
        self.rule.load_state_dict(state["rule"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load_state_dict(state["average"])
        self.pool.load_state_dict(state["pool"])
        self.generator.set_state(state["generator"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.history, self.repairs = state["history"].tolist(), dict(state["repairs"])


def describe(config: TrainingConfig) -> dict[str, Any]:
    """The configuration as plain data, for a rule's card."""
    plain = asdict(config)
    plain["schedule"] = repr(config.schedule)
    return plain
