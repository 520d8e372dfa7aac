"""The training loop of every experiment.

    world -> pool.sample -> policy.prepare -> trajectory -> objective -> backward -> normalise -> Adam -> guard
        -> commit

An iteration depends on nothing but the state that a checkpoint holds, so a run that is killed and resumed gives the
same rule, on the CPU to the bit. Numbers are drawn on the CPU, whatever the device.

Several processes share pool and batch: each draws its part of the batch from its part of the pool, and the step is that
of the whole batch (`graphnca.training.distributed`). What the policy says of the batch holds for the whole one: one
seed for the worst sample of all, the disks for the best of all (`graphnca.training.batch_share`).
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from ..arguments import checked
from ..engine.rollout import trajectory
from ..layers import NCAConv
from ..rules import save_rule
from .average import ParameterAverage
from .batch_share import BatchShare
from .checkpoint import CheckpointError, check_state, collect_parts, load_checkpoint, save_checkpoint, take_part
from .config import TrainingConfig
from .distributed import ALONE, Processes, own_generator
from .divergence import Divergence
from .film import PoolFilm
from .fingerprint import differences, fingerprint
from .folder_lock import FolderLock
from .gradients import gradients_of, normalise_gradients
from .guard import description, examine
from .narration import Narrator, duration
from .plateau import has_settled
from .stop_signals import StoppedError, StopSignals
from .worlds import Renewal, World, Worlds


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
        generator: All random numbers, on the CPU; by default one of the configuration's seed (`own_generator`). A loss
            that draws some must share it: its state is in the checkpoint.
        kept: Called by the first process after every checkpoint, to keep more: the rule of the moment.
        film: Keeps pictures of the first process's batch on the way.

    Raises:
        ValueError: If the rule and the worlds lie on different devices, or batch and pool can't be divided by the
            number of processes.
    """

    @checked
    def __init__(
        self,
        rule: NCAConv,
        worlds: World | Sequence[World],
        config: TrainingConfig,
        folder: str | Path,
        draw: Callable[[Path, World, Tensor, list[float]], None] | None = None,
        renewal: Renewal | None = None,
        processes: Processes = ALONE,
        generator: torch.Generator | None = None,
        kept: Callable[[], None] | None = None,
        film: PoolFilm | None = None,
    ) -> None:
        worlds = [worlds] if isinstance(worlds, World) else worlds
        devices = {next(rule.parameters()).device}
        devices |= {part.device for world in worlds for part in (world.topology["edge_index"], world.seed)}
        if len(devices) > 1:
            found = sorted(map(str, devices))
            raise ValueError(f"`rule`, and topology and seed of every world, must lie on one device, got {found}.")
        self.rule, self.config, self.draw, self.processes = rule.train(), config, draw, processes
        self.kept, self.film = kept, film
        self.generator = generator or own_generator(config.seed, processes.rank)
        self.share = BatchShare(processes, config.batch_size, config.pool.size, self.generator)
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = FolderLock(self.folder)
        self.worlds = Worlds(
            worlds, lambda world: config.pool.pool(world, self.share.pool_size, self.generator), renewal
        )
        self.genomes = nn.ModuleDict(self.worlds.genomes)
        self.parameters = [*rule.parameters(), *self.genomes.parameters()]
        processes.copy_from_first([*self.parameters, *rule.buffers()])
        self.optimizer = torch.optim.Adam(self.parameters, lr=config.schedule(0), weight_decay=config.weight_decay)
        self.average = ParameterAverage(rule, config.average_decay)
        self.average_genomes = ParameterAverage(self.genomes, config.average_decay)
        self.iteration, self.seconds = 0, 0.0
        self.history: list[float] = []
        self.repairs = {"not finite": 0, "exploded": 0, "dead": 0}
        self.divergence = Divergence(config.iterations)
        self.ended = ""

    @property
    def checkpoint_path(self) -> Path:
        """The run's one checkpoint."""
        return self.folder / "checkpoint.pt"

    def run(self) -> None:
        """Trains until the configured iteration, from the folder's checkpoint if there is one.

        It ends before that when its time is over or its loss has settled (`TrainingConfig.minutes`, `patience`); why is
        then in `ended`.

        Raises:
            StoppedError: At ctrl-c, SIGTERM or SIGHUP, after the iteration that it is in, which is saved.
            DivergedError: If the rule is beyond recovery; the last checkpoint is then of before.
            BlockingIOError: If another training is running in the folder.
            CheckpointError: If the checkpoint can't be read, or is of another rule or other worlds.
        """
        if not self.processes.is_first:
            self._run()
            return
        with self.lock:
            self._run()

    def _run(self) -> None:
        first = self.processes.is_first
        if self.processes.agree(self.checkpoint_path.exists()):
            self.load_state_dict(self.processes.hand_out(load_checkpoint(self.checkpoint_path) if first else {}))
            if first:
                print(f"Resuming {self.checkpoint_path} at iteration {self.iteration}.")
        narrator = Narrator(self.config.iterations, self.iteration, self.empty_loss(), silent=not first)
        saved = drawn = perf_counter()
        with narrator, StopSignals() as stop:
            while not self._is_over():
                started = perf_counter()
                sentence, world, states = self.step()
                now = perf_counter()
                self.seconds += now - started
                narrator.note(self.history, now - started, self.seconds_left, sentence)
                if first and self.draw is not None and now - drawn > self.config.picture_seconds:
                    self.draw(self.folder, world, states, self.history)
                    drawn = perf_counter()
                fruitless = self.divergence.fruitless
                if fruitless:
                    self._check_divergence()
                if first and self.config.snapshot_every and self.iteration % self.config.snapshot_every == 0:
                    self.snapshot()
                # what taught nothing may be the beginning of the end: until that is known, the one of before stays
                stopped = self.processes.agree(stop.received)
                due = bool(stopped) or now - saved > self.config.checkpoint_seconds
                if self.processes.agree(due) and not fruitless:
                    self.save()
                    saved = perf_counter()
                if stopped:
                    raise StoppedError(stopped, f"Stopped at iteration {self.iteration:,}")
            self.save()

    def _is_over(self) -> bool:
        """Whether nothing is left to do; the first process decides, and its clock."""
        if self.iteration >= self.config.iterations:
            return True
        if self.processes.agree(self.seconds_left <= 0):
            self.ended = f"its {duration(self.seconds)} are over"
        elif has_settled(self.history, self.config.schedule, self.config.iterations, self.config.patience):
            self.ended = f"the loss has hardly fallen in the last {self.config.patience} iterations"
        return bool(self.ended)

    @property
    def seconds_left(self) -> float:
        """Of the time that the training has."""
        return self.config.minutes * 60 - self.seconds if self.config.minutes else math.inf

    def empty_loss(self) -> float | None:
        """The loss of the first world's substrate without a living cell.

        None of a rule that knows no life, and of a world that has no loss but that of its samples (`nursery`).
        """
        if self.rule.life_mask is None:
            return None
        world = self.worlds.worlds[0]
        try:
            with torch.no_grad():
                return float(world.loss(torch.zeros_like(world.start())[None]).mean())
        except NotImplementedError:
            return None

    def _check_divergence(self) -> None:
        self.divergence.check(self.iteration, [*self.parameters, *self.average.values.values()])

    def save(self) -> None:
        """Writes the checkpoint.

        Raises:
            DivergedError: If a parameter is not finite: then the one before stays.
        """
        self._check_divergence()
        state = self.state_dict()
        if self.processes.is_first:
            save_checkpoint(self.checkpoint_path, state)
            if self.kept is not None:
                self.kept()

    def snapshot(self) -> None:
        """Saves the averaged rule as it is now (`TrainingConfig.snapshot_every`)."""
        path = self.folder / "snapshots" / f"{self.iteration:06d}.safetensors"
        path.parent.mkdir(exist_ok=True)
        save_rule(self.averaged_rule(), path, {"iteration": self.iteration}, genomes=self.averaged_genomes())

    def step(self) -> tuple[str, World, Tensor]:
        """One iteration; returns what there is to report, the world it took place in and the states after it."""
        config, share = self.config, self.share
        self.worlds.renew(self.iteration)
        chosen = self.processes.agree(self.worlds.draw(self.generator))
        world, pool = self.worlds.worlds[chosen], self.worlds.pools[chosen]
        sample = pool.sample(share.count, generator=self.generator)
        config.pool.prepare(sample, world, self.iteration, share)
        lengths = world.steps or config.steps
        num_steps = self.processes.agree(int(torch.randint(*lengths, (), generator=self.generator)))
        damage = config.rollout_damage
        result = trajectory(
            self.rule,
            sample.states,
            world.topology,
            num_steps,
            record=world.record,
            regions=sample.regions,
            interventions=damage and damage.interventions(sample, world.topology, num_steps, share),
            generator=self.generator,
            precision=getattr(torch, config.precision),
        )
        evaluation = config.pool.objective(world, sample)(result)
        value = evaluation.share(config.batch_size)
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        final, losses = result.final.detach(), evaluation.loss.detach()
        diagnosis = examine(final, self.rule.alive_threshold if self.rule.life_mask else None, config.explosion)
        genome = [] if world.genome is None else world.genome.parameters()  # of the others none has a gradient
        gradients = gradients_of([*self.rule.parameters(), *genome], complete=self.processes.size > 1)
        outcome = share.outcome(value, losses, diagnosis, gradients)
        events = []
        if not math.isfinite(outcome.value):
            events.append("the loss is not finite, no update")
        elif not outcome.finite:
            events.append("a gradient is not finite, no update")
        else:
            self._update()
        if any(outcome.lost):
            events.append(f"{description(outcome.lost, config.batch_size, config.explosion)} replaced by the seed")
            for name, count in zip(self.repairs, outcome.lost, strict=True):
                self.repairs[name] += count
            final = torch.where(diagnosis.lost[:, None, None], world.start().detach().to(final), final)
            losses = torch.where(diagnosis.lost, torch.nan, losses)
        pool.commit(sample, final, losses)
        self.history.append(outcome.loss)
        self.divergence.note(math.isfinite(outcome.value) and outcome.finite and sum(outcome.lost) < config.batch_size)
        self.iteration += 1
        if self.film is not None and self.processes.is_first:
            self.film.note(self.iteration, world, sample.states, final)
        return "; ".join(events), world, final

    def _update(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.schedule(self.iteration)
        normalise_gradients(self.parameters)
        self.optimizer.step()
        self.average.update()
        self.average_genomes.update()

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
        genomes = {"values": self.genomes.state_dict(), "average": self.average_genomes.state_dict()}
        return {
            "architecture": self.rule.config,
            "rule": self.rule.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(),
            **collect_parts(self.processes, self.worlds.pools, self.generator),
            "iteration": self.iteration,
            "seconds": self.seconds,
            "history": torch.tensor(self.history),
            "repairs": self.repairs,
            "worlds": [fingerprint(world) for world in self.worlds.worlds],
            **({"genomes": genomes} if self.worlds.genomes else {}),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a checkpoint, every process from the same.

        With as many processes as wrote it, to the same bits. With another number, the pool is divided anew, and
        processes that did not exist begin their random numbers.

        Raises:
            CheckpointError: If it was written by a run of another architecture or in other worlds, or is not whole.
            ValueError: If its pools are of another shape or number.
        """
        check_state(state, self.rule, set(self.genomes.state_dict()))
        if self.worlds.genomes:
            self.genomes.load_state_dict(state["genomes"]["values"])
            self.average_genomes.load_state_dict(state["genomes"]["average"])
        self.rule.load_state_dict(state["rule"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load_state_dict(state["average"])
        self.worlds.load_state_dict(take_part(self.processes, state, self.generator), state["iteration"])
        self._check_worlds(state)
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.history, self.repairs = state["history"].tolist(), dict(state["repairs"])

    def _check_worlds(self, state: dict[str, Any]) -> None:
        """Whether substrates, seeds and what the losses compare with are those of a checkpoint."""
        for number, (before, world) in enumerate(zip(state.get("worlds", []), self.worlds.worlds, strict=False)):
            if different := differences(before, fingerprint(world)):
                raise CheckpointError(
                    f"The checkpoint was made in other worlds: of number {number} {world.name!r}, these have changed: "
                    f"{', '.join(different)}. Bring back the substrate and the picture that the training began with, "
                    "or start anew in another folder."
                )
