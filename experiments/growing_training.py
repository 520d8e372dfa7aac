"""Trains a rule that perceives gradients to grow a picture from a single cell, upright (Growing NCA).

    python experiments/growing_training.py --target lizard --regime regenerating --out runs/growing-lizard
    python experiments/growing_training.py --substrate square,hex,voronoi,voronoi,voronoi --renew-every 40

The published recipe (Mordvintsev et al. 2020): 40-pixel target on 72x72 cells, mean squared error of RGBA after 64 to
95 steps, batches of 8, Adam at 2e-3 and from iteration 2,000 on at a tenth of it, gradients normalised per tensor. The
three regimes are its experiments:

- `naive`: every sample starts from the seed;
- `persistent`: samples come from a pool, and the worst of a batch is replaced by the seed;
- `regenerating`: and the three best of a batch lose a random disk first.

A fourth is ours, for damage that is repeated while the pattern regrows (the open problem of the GNCA explainer):

- `hardened`: rollouts take 96 to 127 steps, in which the four best of a batch lose another disk every 20 steps, the
  last one at least 40 steps before the end. It goes on from a regenerating rule:

      python experiments/growing_training.py --regime hardened --start growing-lizard --rate 1e-3 --milestone 3000 \
          --iterations 4000 --out runs/growing-lizard-hardened

Two changes: the substrate is a torus (the article's sheet has a border of zeros, which no pattern reaches), and the
shipped rule is the running average of the parameters. With several kinds of cells the rule lives on several sheets at a
time, as in `isonca_training.py`. The folder fills in the same way, and a killed run goes on when it is started again.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from protocol.drawn import drawn_sheet, sampled_environments
from training_run import card_of, main, pictures, run, set_up

from graphnca import load_rule
from graphnca.models import growing_nca
from graphnca.targets import load_target
from graphnca.training import Training, World, joined_processes
from graphnca.training.recipes import REGIMES, growing_config, growing_world


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    target: str = "lizard"
    regime: str = "regenerating"
    """naive, persistent, regenerating or hardened."""
    substrate: str = "square"
    """Kinds of cells, separated by commas: square, hex, voronoi; a kind named twice is drawn twice as often."""
    renew_every: int = 0
    """Iterations between two new sheets, each taking the place of the oldest; 0: those of the beginning stay."""
    size: int = 40
    padding: int = 16
    channels: int = 16
    hidden: int = 128
    iterations: int = 8000
    milestone: int = 2000
    """Iteration from which on the rate is a tenth."""
    rate: float = 2e-3
    start: str = ""
    """A rule to go on from; empty: from nothing."""
    batch_size: int = 8
    device: str = "cpu"
    """cpu or cuda."""
    snapshots: int = 500
    """Iterations between two averaged rules kept in `snapshots/`; 0: none."""
    steps: tuple[int, ...] = (0, 0)
    """Steps of a rollout, the second number not included; 0 0: the regime's. Longer ones teach a rule not to drift."""
    wounds: tuple[int, ...] = (0, 0)
    """Steps between two wounds within a rollout, and steps at its end without any; 0 0: the regime's."""
    seed: int = 0
    threads: int = 0
    out: str = "runs/growing-lizard"


def steps_of(config: Config) -> tuple[int, int] | None:
    """The length of rollouts that was asked for; None: the regime's."""
    if not any(config.steps):
        return None
    if len(config.steps) != 2 or not 0 < config.steps[0] < config.steps[1]:
        raise SystemExit(f"--steps: expected two numbers of steps, the smaller one first, got {config.steps}.")
    return config.steps[0], config.steps[1]


def wounds_of(config: Config) -> tuple[int, int] | None:
    """The wounds within a rollout that were asked for; None: the regime's."""
    if not any(config.wounds):
        return None
    if len(config.wounds) != 2 or min(config.wounds) < 1:
        raise SystemExit(f"--wounds: expected two numbers of steps, both at least 1, got {config.wounds}.")
    return config.wounds[0], config.wounds[1]


def train(config: Config) -> Path:
    """Runs or resumes the training; returns the path of the rule, which the first process writes."""
    if config.regime not in REGIMES:
        raise SystemExit(f"--regime: expected one of {sorted(REGIMES)}, got {config.regime!r}.")
    with joined_processes(config.device) as processes:
        set_up(config.threads, config.seed)
        target = load_target(config.target, size=config.size, padding=config.padding)
        height, width = target.shape[-2:]
        kinds = config.substrate.split(",")

        def world(kind: str, rng: np.random.Generator) -> World:
            sheet = drawn_sheet(kind, height * width, 0.0, rng)
            topology = sheet.topology.to(str(processes.device))
            return growing_world(topology, target, sheet.raster(height, width), config.channels, kind)

        worlds, renewal = sampled_environments(kinds, world, every=config.renew_every, seed=config.seed)
        rule = load_rule(config.start) if config.start else growing_nca(config.channels, config.hidden)
        training = Training(
            rule.to(processes.device),
            worlds,
            growing_config(
                config.regime,
                config.iterations,
                milestone=config.milestone,
                rate=config.rate,
                batch_size=config.batch_size,
                steps=steps_of(config),
                wounds=wounds_of(config),
                num_sheets=len(kinds),
                seed=config.seed,
                snapshot_every=config.snapshots,
            ),
            config.out,
            pictures(config.target),
            renewal,
            processes,
        )
        card = {
            "target": config.target,
            "size": config.size,
            "padding": config.padding,
            "regime": config.regime,
            "substrate": f"torus of {height}x{width} units: {config.substrate}",
            "iterations between two new sheets": config.renew_every,
            "started from": card_of(config.start),
        }
        return run(training, card)


if __name__ == "__main__":
    main(train, Config, __doc__)
