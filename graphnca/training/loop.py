"""The training loop of every experiment.

    world -> pool.sample -> rank, reseed, damage -> trajectory -> objective -> backward -> normalise -> Adam -> guard
        -> commit

An iteration depends on nothing but the state that a checkpoint holds, so a run that is killed and resumed gives the
same rule, on the CPU to the bit. Numbers are drawn on the CPU, whatever the device.

Several processes share pool and batch: each draws its part of the batch from its part of the pool, and the step is that
of the whole batch (`graphnca.training.distributed`). What the policy says of the batch holds for the whole one: one
seed for the worst sample of all, the disks for the best of all; where nothing is ranked, the shares count one after
another, from a process drawn anew each time.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from ..damage import random_disks, wound
from ..layers import NCAConv
from ..pool import PoolSample, join_pools, part_of_pool
from ..rollout import trajectory
from ..rules import save_rule
from .average import ParameterAverage
from .checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from .distributed import ALONE, Processes, own_generator
from .gradients import normalise_gradients
from .guard import EXPLODED, examine, tell
from .schedules import Schedule, Triangular2
from .worlds import Renewal, World, Worlds

PRECISIONS = ("float32", "bfloat16", "float64")
STATE = (
    "architecture",
    "rule",
    "optimizer",
    "average",
    "pools",
    "generator",
    "iteration",
    "seconds",
    "history",
    "repairs",
)


@dataclass(frozen=True)
class PoolPolicy:
    """What happens to a sample between the pool and the rollout; the defaults are IsoNCA's for the lizard."""

    size: int = 256
    """Entries of each world's pool, of all processes together."""
    seed_always_until: int = 4000
    """Before this iteration the first row is the seed every time,"""
    seed_every: int = 6
    """and from then on every so many iterations."""
    damage_every: int = 6
    """Every so many iterations the last rows are damaged: they lose a random disk, or what the world says; 0: never."""
    damage_count: int = 1
    """How many rows are damaged."""
    fresh: bool = False
    """Whether every sample is the seed, so that nothing of the pool is ever used (Growing NCA's first experiment)."""
    rank: bool = False
    """Whether the sample is ordered by loss first, the worst in front (Growing NCA)."""


@dataclass(frozen=True)
class TrainingConfig:
    """The numbers of a training; the defaults are IsoNCA's."""

    iterations: int = 50_000
    batch_size: int = 8
    """Samples of an iteration, of all processes together."""
    steps: tuple[int, int] = (64, 96)
    """Steps of a rollout, drawn anew each iteration; the upper bound is not included."""
    wound_every: int = 0
    """Every so many steps of a rollout, while they grow, some samples lose a random disk; 0: never."""
    wounded: int = 0
    """How many: the last rows of the batch."""
    wound_rest: int = 0
    """Steps at the end of a rollout in which nothing is wounded."""
    schedule: Schedule = field(default_factory=Triangular2)
    pool: PoolPolicy = field(default_factory=PoolPolicy)
    average_decay: float = 0.995
    weight_decay: float = 0.0
    """Factor of the parameters that Adam adds to their gradients (Studying Growth: 3e-5)."""
    explosion: float = EXPLODED
    """|x| beyond which a sample is given up and replaced by the seed. Many hidden channels may need more room."""
    precision: str = "float32"
    """Type of the update network's products: float32 or bfloat16."""
    seed: int = 0
    checkpoint_seconds: float = 240.0
    picture_seconds: float = 60.0
    snapshot_every: int = 0
    """Every so many iterations the averaged rule is saved into `snapshots/`; 0: never."""

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"`precision` must be one of {PRECISIONS}, got {self.precision!r}.")
        if not self.explosion > 0:
            raise ValueError(f"`explosion` must be positive, got {self.explosion}.")
        if not 1 <= self.steps[0] < self.steps[1]:
            raise ValueError(f"`steps` must be a range of at least one positive number, got {self.steps}.")
        if not 0 <= self.wounded <= self.batch_size or min(self.wound_every, self.wound_rest) < 0:
            raise ValueError(
                f"`wounded` must lie in 0..{self.batch_size}, `wound_every` and `wound_rest` be at least 0, got "
                f"{self.wounded}, {self.wound_every} and {self.wound_rest}."
            )
        if not max(1, self.pool.damage_count) <= self.batch_size <= self.pool.size:
            raise ValueError(
                f"`batch_size` must lie between 1 (and `damage_count`, {self.pool.damage_count}) and the pool's "
                f"`size`, {self.pool.size}, got {self.batch_size}."
            )


class Training:
    """A rule in training.

    Args:
        rule: The rule; trained in place.
        worlds: The substrate with its seed and its loss; or several, of which each iteration draws one.
        config: The numbers.
        folder: Where checkpoint and pictures go; it is created.
        draw: Called now and then with the folder, a world, the states last committed there (of several processes: the
            first's) and the history of the loss.
        renewal: Which of the worlds are replaced on the way, and by what.
        processes: The processes that share the work, from `joined_processes`; by default there is only this one. All of
            them make the same `Training` and call the same of its methods.

    Raises:
        ValueError: If the rule and the worlds lie on different devices, or batch and pool can't be divided by the
            number of processes.
    """

    def __init__(
        self,
        rule: NCAConv,
        worlds: World | Sequence[World],
        config: TrainingConfig,
        folder: str | Path,
        draw: Callable[[Path, World, Tensor, list[float]], None] | None = None,
        renewal: Renewal | None = None,
        processes: Processes = ALONE,
    ) -> None:
        worlds = [worlds] if isinstance(worlds, World) else worlds
        devices = {next(rule.parameters()).device}
        devices |= {part.device for world in worlds for part in (world.topology["edge_index"], world.seed)}
        if len(devices) > 1:
            raise ValueError(
                f"`rule` and the topology and seed of every world must lie on one device, got "
                f"{sorted(map(str, devices))}."
            )
        if config.batch_size % processes.size or config.pool.size % processes.size:
            raise ValueError(
                f"`batch_size` and the pool's `size` must be multiples of the number of processes, {processes.size}, "
                f"got {config.batch_size} and {config.pool.size}."
            )
        self.rule, self.config, self.draw = rule, config, draw
        self.processes = processes
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.generator = own_generator(config.seed, processes.rank)
        self.worlds = Worlds(worlds, config.pool.size // processes.size, renewal)
        self.genomes = nn.ModuleDict(self.worlds.genomes)
        self.parameters = [*rule.parameters(), *self.genomes.parameters()]
        processes.copy_from_first([*self.parameters, *rule.buffers()])
        self.optimizer = torch.optim.Adam(self.parameters, lr=config.schedule(0), weight_decay=config.weight_decay)
        self.average = ParameterAverage(rule, config.average_decay)
        self.average_genomes = ParameterAverage(self.genomes, config.average_decay)
        self.iteration = 0
        self.seconds = 0.0
        self.history: list[float] = []
        self.repairs = {"not finite": 0, "exploded": 0, "dead": 0}
        self.precision = getattr(torch, config.precision)

    @property
    def checkpoint_path(self) -> Path:
        """The run's one checkpoint."""
        return self.folder / "checkpoint.pt"

    def snapshot_path(self, iteration: int) -> Path:
        """Where the averaged rule as of an iteration is saved (`TrainingConfig.snapshot_every`)."""
        return self.folder / "snapshots" / f"{iteration:06d}.safetensors"

    def run(self) -> None:
        """Trains until the configured iteration, from the folder's checkpoint if there is one."""
        first = self.processes.is_first
        if self.processes.agree(self.checkpoint_path.exists()):
            self.load_state_dict(self.processes.hand_out(load_checkpoint(self.checkpoint_path) if first else {}))
            if first:
                print(f"Resuming {self.checkpoint_path} at iteration {self.iteration}.")
        bar = tqdm(
            total=self.config.iterations, initial=self.iteration, unit="it", dynamic_ncols=True, disable=not first
        )
        saved = drawn = perf_counter()
        with bar:
            while self.iteration < self.config.iterations:
                started = perf_counter()
                sentence, world, states = self.step()
                now = perf_counter()
                self.seconds += now - started
                if first:
                    bar.update()
                    recent = self.history[-100:]
                    bar.set_postfix_str(
                        f"loss {self.history[-1]:.4g}, last 100 {sum(recent) / len(recent):.4g}", refresh=False
                    )
                    if sentence:
                        bar.write(f"iteration {self.iteration}: {sentence}.")
                    if self.draw is not None and now - drawn > self.config.picture_seconds:
                        self.draw(self.folder, world, states, self.history)
                        drawn = perf_counter()
                if first and self.config.snapshot_every and self.iteration % self.config.snapshot_every == 0:
                    self.snapshot()
                if self.processes.agree(now - saved > self.config.checkpoint_seconds):
                    self.save()
                    saved = perf_counter()
        self.save()

    def save(self) -> None:
        """Writes the checkpoint."""
        state = self.state_dict()
        if self.processes.is_first:
            save_checkpoint(self.checkpoint_path, state)

    def snapshot(self) -> None:
        """Saves the averaged rule as it is now."""
        path = self.snapshot_path(self.iteration)
        path.parent.mkdir(exist_ok=True)
        save_rule(self.averaged_rule(), path, {"iteration": self.iteration}, genomes=self.averaged_genomes())

    def step(self) -> tuple[str, World, Tensor]:
        """One iteration; returns what the guard has to say, the world it took place in and the states after it."""
        config = self.config
        self.worlds.renew(self.iteration)
        chosen = self.processes.agree(self.worlds.draw(self.generator))
        world, pool = self.worlds.worlds[chosen], self.worlds.pools[chosen]
        sample = pool.sample(config.batch_size // self.processes.size, generator=self.generator)
        self._prepare(sample, world)
        num_steps = self.processes.agree(
            int(torch.randint(*(world.steps or config.steps), (), generator=self.generator))
        )
        result = trajectory(
            self.rule,
            sample.states,
            world.topology,
            num_steps,
            record=(1,),
            interventions=self._wounds(sample, world, num_steps),
            generator=self.generator,
            precision=self.precision,
        )
        evaluation = world.objective(result)
        value = evaluation.share(config.batch_size)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        final = result.final.detach()
        diagnosis = examine(final, self.rule.alive_threshold if self.rule.life_mask else None, config.explosion)
        lost, losses = diagnosis.lost, evaluation.loss.detach()
        gradients = self._gradients(world)
        # everything that the host must know, in one exchange between the processes and one with the device
        total = torch.where(lost, 0.0, losses).sum()
        told = torch.stack([value.detach(), total, lost.sum().to(total), *diagnosis.counts().to(total)])
        self.processes.sum([*gradients, told])
        finite = torch.stack([gradient.isfinite().all() for gradient in gradients]).all()
        value, total, num_lost, *counts, finite = torch.cat([told, finite[None].to(told)]).tolist()
        events: list[str] = []
        if not math.isfinite(value):
            events.append("the loss is not finite, no update")
        elif not finite:
            events.append("a gradient is not finite, no update")
        else:
            for group in self.optimizer.param_groups:
                group["lr"] = config.schedule(self.iteration)
            normalise_gradients(self.parameters)
            self.optimizer.step()
            self.average.update()
            self.average_genomes.update()
        if num_lost:
            counts = [int(count) for count in counts]
            events.append(f"{tell(counts, config.batch_size, config.explosion)} replaced by the seed")
            for name, count in zip(self.repairs, counts, strict=True):
                self.repairs[name] += count
            final = torch.where(lost[:, None, None], world.start().detach().to(final), final)
            losses = torch.where(lost, torch.nan, losses)
        pool.commit(sample, final, losses)
        shown = total / (config.batch_size - num_lost) if num_lost < config.batch_size else math.nan
        self.history.append(shown if math.isfinite(shown) else self.history[-1] if self.history else 0.0)
        self.iteration += 1
        return "; ".join(events), world, final

    def _gradients(self, world: World) -> list[Tensor]:
        """The parameters' gradients; with several processes, zeros where this share of the batch left none.

        Of the genomes, only that of the iteration's world has one.
        """
        genome = [] if world.genome is None else world.genome.parameters()
        parameters = [parameter for parameter in (*self.rule.parameters(), *genome) if parameter.requires_grad]
        if self.processes.size > 1:
            for parameter in parameters:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
        return [parameter.grad for parameter in parameters if parameter.grad is not None]

    def _prepare(self, sample: PoolSample, world: World) -> None:
        policy = self.config.pool
        if policy.fresh:
            sample.reseed(slice(None), world.start())
            return
        if policy.rank:
            unknown = sample.losses.isnan()
            if unknown.any():
                with torch.no_grad():
                    sample.losses[unknown] = world.loss(sample.states[unknown]).to(sample.losses)
            sample.rank(sample.losses)
        places = self._places(sample, policy)
        if (self.iteration < policy.seed_always_until or self.iteration % policy.seed_every == 0) and 0 in places:
            sample.reseed([places.index(0)], world.start())
        if policy.damage_every and self.iteration % policy.damage_every == 0:
            last = self.config.batch_size - policy.damage_count
            rows = [row for row, place in enumerate(places) if place >= last]
            if rows and world.damage is not None:
                sample.states[rows] = world.damage(sample.states[rows], self.generator)
            elif rows:
                sample.damage(rows, random_disks(world.topology, len(rows), generator=self.generator))

    def _wounds(self, sample: PoolSample, world: World, num_steps: int) -> dict[int, Callable[[Tensor], Tensor]]:
        """What befalls the sample on the way."""
        if not self.config.wound_every:
            return {}
        first = self.config.batch_size - self.config.wounded
        rows = [row for row, place in enumerate(self._places(sample, self.config.pool)) if place >= first]

        def cut(states: Tensor) -> Tensor:
            mask = torch.zeros(states.shape[:2], dtype=torch.bool, device=states.device)
            mask[rows] = random_disks(world.topology, len(rows), generator=self.generator)
            return wound(states, mask)

        last = num_steps - self.config.wound_rest
        return dict.fromkeys(range(self.config.wound_every, last, self.config.wound_every), cut)

    def _places(self, sample: PoolSample, policy: PoolPolicy) -> list[int]:
        """Which row of the whole batch each row of this process's share is."""
        rank, size, count = self.processes.rank, self.processes.size, len(sample.indices)
        if size == 1:
            return list(range(count))
        if policy.rank:
            order = self.processes.rows(sample.losses).argsort(descending=True, stable=True)
            return order.argsort()[rank * count : (rank + 1) * count].tolist()
        start = self.processes.agree(int(torch.randint(size, (), generator=self.generator)))
        return [(rank - start) % size * count + row for row in range(count)]

    def averaged_rule(self) -> NCAConv:
        """A rule with the averaged parameters."""
        rule = NCAConv(**self.rule.config)
        rule.load_state_dict(self.average.values)
        return rule

    def averaged_genomes(self) -> dict[str, Tensor]:
        """The averaged genomes of the worlds by name."""
        return {name: self.average_genomes.values[f"{name}.hidden"] for name in self.worlds.genomes}

    def state_dict(self) -> dict[str, Any]:
        """Everything the next iteration depends on.

        Several processes must call this together; pools and generators of all of them are then in what the first one
        gets, and None in what the others get.
        """
        shares = self.processes.collect([pool.state_dict() for pool in self.worlds.pools])
        generators = self.processes.collect(self.generator.get_state())
        return {
            "architecture": self.rule.config,
            "rule": self.rule.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(),
            "pools": None if shares is None else [join_pools(list(parts)) for parts in zip(*shares, strict=True)],
            "generator": None if generators is None else generators[0],
            "other_generators": None if generators is None else generators[1:],
            "iteration": self.iteration,
            "seconds": self.seconds,
            "history": torch.tensor(self.history),
            "repairs": self.repairs,
            **self._genome_state(),
        }

    def _genome_state(self) -> dict[str, Any]:
        """What a checkpoint holds of the genomes, if there are any."""
        if not self.worlds.genomes:
            return {}
        return {"genomes": {"values": self.genomes.state_dict(), "average": self.average_genomes.state_dict()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a checkpoint, every process from the same.

        With as many processes as wrote it, to the same bits. With another number, the pool is divided anew, and
        processes that did not exist begin their random numbers.

        Raises:
            CheckpointError: If it was written by a run of another architecture, or is not whole.
            ValueError: If its pools are of another shape or number.
        """
        missing = [name for name in STATE if name not in state]
        if missing:
            raise CheckpointError(f"The checkpoint lacks {missing}.")
        if state["architecture"] != self.rule.config:
            different = {
                name: (state["architecture"].get(name), value)
                for name, value in self.rule.config.items()
                if state["architecture"].get(name) != value
            }
            raise CheckpointError(f"The checkpoint is of another architecture (checkpoint, this run): {different}.")
        genomes = state.get("genomes", {"values": {}})
        if genomes["values"].keys() != self.genomes.state_dict().keys():
            raise CheckpointError(
                f"The checkpoint is of other genomes (checkpoint, this run): {sorted(genomes['values'])}, "
                f"{sorted(self.genomes.state_dict())}."
            )
        if self.worlds.genomes:
            self.genomes.load_state_dict(genomes["values"])
            self.average_genomes.load_state_dict(genomes["average"])
        self.rule.load_state_dict(state["rule"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load_state_dict(state["average"])
        rank, size = self.processes.rank, self.processes.size
        parts = [part_of_pool(pool, rank, size) for pool in state["pools"]]
        self.worlds.load_state_dict(parts, state["iteration"])
        generators = [state["generator"], *state.get("other_generators", [])]
        if rank < len(generators):
            self.generator.set_state(generators[rank])
        if len(generators) != size and self.processes.is_first:
            print(
                f"The checkpoint was written by {len(generators)} process(es), this run has {size}: the pool is "
                "divided anew, and what follows is not what would have followed there."
            )
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.history, self.repairs = state["history"].tolist(), dict(state["repairs"])


def describe(config: TrainingConfig) -> dict[str, Any]:
    """The configuration as plain data, for a rule's card."""
    plain = asdict(config)
    plain["schedule"] = repr(config.schedule)
    return plain
