r"""Trains a rule to grow a shell chamber by chamber, at any scale and angle (gnomonic growth, Studying Growth).

    python experiments/shell_training.py --scale 12 --cells 2304 --steps 40 61 --out runs/growing-shell-small
    python experiments/shell_training.py --start runs/growing-shell-small/rule.safetensors --out runs/growing-shell-full
    python experiments/shell_training.py --start runs/growing-shell-full/rule.safetensors --first 1 --good 0.5 \
        --iterations 1500 --rate 1.5e-3 --out runs/growing-shell-own
    python experiments/shell_training.py --start runs/growing-shell-own/rule.safetensors --first 1 --good 0.5 \
        --chambers 9 --cells 6084 --iterations 700 --rate 1e-3 --out runs/growing-shell-nine
    python experiments/shell_training.py --start runs/growing-shell-nine/rule.safetensors --first 1 --good 0.5 \
        --chambers 9 --cells 6084 --batch-size 16 --pool 128 --iterations 300 --rate 1e-3 --out runs/growing-shell-batch
    python experiments/shell_training.py --start runs/growing-shell-batch/rule.safetensors --first 1 --good 0.5 \
        --chambers 9 --cells 6084 --batch-size 16 --pool 128 --iterations 1200 --rate 1e-3 --out runs/growing-shell-1200
    python experiments/shell_training.py --start runs/growing-shell-1200/rule.safetensors --first 1 --good 0.5 \
        --chambers 9 --cells 6084 --batch-size 16 --pool 128 --iterations 2400 --rate 1e-3 --out runs/growing-shell-2400
    python experiments/shell_training.py --start runs/growing-shell-2400/rule.safetensors --first 1 --good 0.5 \
        --chambers 9 --cells 6084 --batch-size 16 --pool 128 --iterations 2400 --rate 1e-3 --out runs/growing-shell

Small shells first, which cost a third; then larger ones; then all shells begin with no chamber of their own and go on
with what the rule itself has grown, as they will when they are measured: the second stage alone ends with good single
chambers, whose errors add up over eight. Then there is a ninth chamber, because the last one is met least and was too
small, and in the end a larger batch, twice. (The shipped rule's first two stages were stopped early, as its card
says.)

A sample is a shell of its own scale, angle and number of chambers. Its last chamber is mature (only the hidden channels
may change), the older ones are frozen, and the whole rest of the sheet is free: nothing but the shell itself says where
the next chamber belongs, how large it is and where it ends. The loss is the squared error of RGBA over the free cells,
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
import shlex
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import torch
from protocol.chambers import CHAMBERS, advanced, placed_shell, starting_state
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm
from training_run import card_of, set_up

from graphnca import load_rule, save_rule, trajectory
from graphnca.drawing import draw_curves, montage, save_image
from graphnca.layers import NCAConv
from graphnca.rasterizers import NearestCell
from graphnca.regions import GROWING
from graphnca.results.options import from_command_line
from graphnca.training import (
    Cosine,
    ParameterAverage,
    Warmup,
    examine,
    load_checkpoint,
    machine,
    normalise_gradients,
    save_checkpoint,
)
from topologies import substrate_of_cells

GAINS = {"gradient": 1 / 8, "gradient_norm": 1 / 8, "laplacian": 1 / 4}  # so that all bands have about one size
ROLLOUTS = 2  # of a chamber
SMALLEST = 0.92  # of `scale`: the range of scales that shells begin with


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    iterations: int = 4000
    batch_size: int = 8
    pool: int = 64
    """Shells that are grown side by side."""
    cells: int = 5184
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
    channels: int = 16
    hidden: int = 128
    perception: tuple[str, ...] = ("identity", "laplacian", "gradient_norm")
    """Filters; these three have no frame, so what is learnt at one angle holds at every one."""
    rate: float = 2e-3
    start: str = ""
    """A rule to go on from; empty: from nothing."""
    seed: int = 0
    threads: int = 0
    out: str = "runs/growing-shell"


def untrained(config: Config) -> NCAConv:
    """A rule of Growing NCA's architecture but for what it perceives."""
    gains = {name: GAINS[name] for name in config.perception if name in GAINS}
    options = {"life_mask": "pre_post", "hidden_init": "glorot", "gains": gains}
    return NCAConv(config.channels, config.hidden, config.perception, **options)  # type: ignore[arg-type]


class Nursery:
    """Shells at all stages: their states, their regions, and what they are to become."""

    def __init__(self, config: Config, topology: Data, generator: torch.Generator) -> None:
        self.config, self.topology, self.generator = config, topology, generator
        size, cells = config.pool, len(topology["pos"])
        self.states = torch.zeros(size, cells, config.channels)
        self.regions = torch.zeros(size, cells, dtype=torch.int64)
        self.along, self.whole = torch.zeros(size, cells), torch.zeros(size, cells, 4)
        self.chambers, self.rollouts = torch.zeros(size, dtype=torch.int64), torch.zeros(size, dtype=torch.int64)
        for row in range(size):
            self.renew(row, config.chambers)  # at all stages, or those of a pool would advance in step

    def renew(self, row: int, first: int) -> None:
        """Puts a newly drawn shell of fewer chambers than `first` into a place."""
        share, turn, stage = torch.rand(3, generator=self.generator).tolist()
        scale = self.config.scale * SMALLEST**share
        shell = placed_shell(self.topology, scale, 2 * math.pi * turn)
        chambers, pos = int(first * stage), self.topology["pos"]
        self.states[row] = starting_state(shell, self.topology, chambers, self.config.channels)
        self.regions[row] = shell.regions(pos, chambers)
        self.along[row], self.whole[row] = shell.coordinates(pos)[0], shell.image(pos, math.inf)
        self.chambers[row], self.rollouts[row] = chambers, 0

    def losses(self, rows: Tensor, states: Tensor) -> Tensor:
        """Squared error over the free cells for each cell of the chamber that is to grow, one per sample."""
        number, free = self.chambers[rows, None] + 1, self.regions[rows] == GROWING
        wanted = self.along[rows] < number
        chamber = wanted & (self.along[rows] >= number - 1)
        error = (states[..., :4] - self.whole[rows] * wanted[..., None]).square().sum(-1)
        return (error * free).sum(1) / chamber.sum(1)

    def commit(self, rows: Tensor, states: Tensor, losses: Tensor, lost: Tensor) -> None:
        """Takes back what a rollout has made, and lets those that have finished a chamber go on or make room."""
        self.states[rows] = states
        self.rollouts[rows] += 1
        for row, loss, is_lost in zip(rows.tolist(), losses.tolist(), lost.tolist(), strict=True):
            finished = int(self.rollouts[row]) == ROLLOUTS
            if is_lost or (
                finished and not (loss < self.config.good and self.chambers[row] < self.config.chambers - 1)
            ):
                self.renew(row, self.config.first)
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


class ShellTraining:
    """A rule that learns in a nursery."""

    def __init__(self, config: Config) -> None:
        set_up(config.threads, config.seed)
        self.config, self.folder = config, Path(config.out)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.generator = torch.Generator().manual_seed(config.seed)
        self.topology = substrate_of_cells("square", config.cells)
        self.rule = load_rule(config.start) if config.start else untrained(config)
        self.nursery = Nursery(config, self.topology, self.generator)
        self.average = ParameterAverage(self.rule)
        self.optimizer = torch.optim.Adam(self.rule.parameters())
        self.schedule = Warmup(Cosine(config.rate, 0.02 * config.rate, config.iterations), 100)
        self.iteration, self.seconds = 0, 0.0
        self.history: list[float] = []

    def step(self) -> None:
        """One iteration."""
        config, started = self.config, perf_counter()
        rows = torch.randperm(config.pool, generator=self.generator)[: config.batch_size]
        num_steps = int(torch.randint(*config.steps, (), generator=self.generator))
        result = trajectory(
            self.rule,
            self.nursery.states[rows],
            self.topology,
            num_steps,
            regions=self.nursery.regions[rows],
            generator=self.generator,
        )
        losses = self.nursery.losses(rows, result.final)
        overflow = result.overflow / len(self.topology["pos"])
        final = result.final.detach()
        diagnosis = examine(final, self.rule.alive_threshold)
        value = (losses + overflow)[~diagnosis.lost].mean()
        if value.isfinite():
            self.optimizer.zero_grad(set_to_none=True)
            value.backward()
            if all(p.grad is not None and bool(p.grad.isfinite().all()) for p in self.rule.parameters()):
                for group in self.optimizer.param_groups:
                    group["lr"] = self.schedule(self.iteration)
                normalise_gradients(self.rule.parameters())
                self.optimizer.step()
                self.average.update()
            self.history.append(float(losses.detach()[~diagnosis.lost].mean()))
        self.nursery.commit(rows, final, losses.detach(), diagnosis.lost)
        self.iteration += 1
        self.seconds += perf_counter() - started

    def run(self) -> Path:
        """Trains, or goes on from the folder's checkpoint; returns the path of the rule."""
        checkpoint, saved = self.folder / "checkpoint.pt", perf_counter()
        if checkpoint.exists():
            self.load_state_dict(load_checkpoint(checkpoint))
        with tqdm(total=self.config.iterations, initial=self.iteration, unit="it", dynamic_ncols=True) as bar:
            while self.iteration < self.config.iterations:
                self.step()
                bar.update()
                recent = self.history[-100:] or [math.nan]
                bar.set_postfix_str(f"loss {sum(recent) / len(recent):.3f}", refresh=False)
                if perf_counter() - saved > 120:
                    save_checkpoint(checkpoint, self.state_dict())
                    self.draw()
                    saved = perf_counter()
        save_checkpoint(checkpoint, self.state_dict())
        self.draw()
        return self.save()

    def averaged_rule(self) -> NCAConv:
        """The rule with the averaged parameters."""
        rule = NCAConv(**self.rule.config)
        rule.load_state_dict(self.average.values)
        return rule

    def draw(self) -> None:
        """Some of the pool, and the curve of the loss."""
        raster = NearestCell(self.topology)
        tiles = [raster(state[:, :4]).clamp(0, 1) for state in self.nursery.states[:16]]
        save_image(self.folder / "pool.png", montage(tiles, columns=8, pad=4), scale=2)
        if self.history:
            curve = draw_curves({"loss": self.history}, smooth=50, x_label="iteration", title="shell")
            save_image(self.folder / "loss.png", curve)

    def save(self) -> Path:
        """Writes the rule with what is known of the run."""
        path = self.folder / "rule.safetensors"
        card = {
            "trained by": shlex.join(["python", *sys.argv]),
            "target": "shell",
            "substrate": "square torus",
            "configuration": asdict(self.config) | {"out": str(self.folder)},
            "iterations": self.iteration,
            "hours": round(self.seconds / 3600, 2),
            "machine": machine(),
            "started from": card_of(self.config.start),
        }
        save_rule(self.averaged_rule(), path, card)
        return path

    def state_dict(self) -> dict:
        """Everything the next iteration depends on."""
        return {
            "rule": self.rule.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(),
            "nursery": self.nursery.state_dict(),
            "generator": self.generator.get_state(),
            "iteration": self.iteration,
            "seconds": self.seconds,
            "history": torch.tensor(self.history, dtype=torch.float64),
        }

    def load_state_dict(self, state: dict) -> None:
        """Goes on from a checkpoint."""
        self.rule.load_state_dict(state["rule"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load_state_dict(state["average"])
        self.nursery.load_state_dict(state["nursery"])
        self.generator.set_state(state["generator"])
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        self.history = state["history"].tolist()


def main() -> None:
    """Reads the command line and trains."""
    print(f"The rule is at {ShellTraining(from_command_line(Config, __doc__)).run()}.")


if __name__ == "__main__":
    main()
