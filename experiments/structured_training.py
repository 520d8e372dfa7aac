"""Trains an isotropic rule to grow a picture the way up that its seed tells it (IsoNCA, structured seeds).

    python experiments/structured_training.py --target lizard --out runs/isonca-lizard-3point
    python experiments/structured_training.py --target dancer --out runs/isonca-dancer-6point

The seed is several coloured points (`protocol/structured.py`): their arrangement breaks every symmetry, so the loss
needs no search over orientations: 1000 times the mean squared error of RGBA after the last step, with the terms for
overflow and stillness. With `--orientations 12` the rule learns on twelve sheets, each with seed and target in another
orientation, so that it does as well for seeds whose points the lattice rounds otherwise. With
`--substrate square,hex,voronoi,voronoi --orientations 6 --renew-every 10` it learns each orientation on all kinds of
cells, and no mesh is seen for long; that is what the shipped rules' second stage did. With `--seed-until 0` states grow
older in the pool, and a pattern that would fall apart late is learnt from.

Pool of 256, rollouts of 64-95 steps, as published (Mordvintsev et al. 2022); one cosine from 1e-3 to 1e-5 instead of
triangles, the running average of the parameters, and the seed for the worst of a batch, as in `isonca_training.py`,
whose options these are. Expect a recognisable picture after 2,000 iterations.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from protocol.drawn import drawn_sheet, sampled_environments
from protocol.structured import seed_of
from torch import Tensor
from training_run import main, pictures, run, set_up, starting_rule

from graphnca.evaluation.published_loss import PADDING, SIZE
from graphnca.evaluation.scores import LOSS_SCALE
from graphnca.losses import PixelLoss
from graphnca.targets import load_target, turn_target
from graphnca.training import (
    Cosine,
    PoolPolicy,
    Training,
    TrainingConfig,
    Warmup,
    World,
    grown_and_still,
    joined_processes,
)

POOL = 256  # states in training at a time, on all sheets together; at least two batches on each


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    target: str = "lizard"
    substrate: str = "square"
    """Kinds of cells, separated by commas: square, hex, voronoi."""
    orientations: int = 1
    """How many sheets of each kind, each with seed and target turned by an angle of its own and half of them mirrored;
    1: one sheet, upright."""
    gain_noise: float = 0.0
    """How far the gain of the Laplacian may be off on a training's sheet, up or down."""
    renew_every: int = 0
    """Iterations between two new sheets, each taking the place of the oldest of its kind and orientation; 0: those of
    the beginning stay."""
    size: int = SIZE
    padding: int = PADDING
    iterations: int = 8000
    start: str = ""
    """A rule to go on from; empty: from nothing."""
    seed_until: int = 3000
    """Iteration before which every batch gets a seed, and from then on every fourth."""
    batch_size: int = 8
    rate: float = 1e-3
    device: str = "cpu"
    """cpu or cuda."""
    snapshots: int = 500
    """Iterations between two averaged rules kept in `snapshots/`; 0: none."""
    seed: int = 0
    threads: int = 0
    out: str = "runs/isonca-lizard-3point"


def orientations(config: Config) -> list[tuple[float, bool]]:
    """Angle and mirroring of each orientation: a random one out of each of as many equal parts of the turn."""
    if config.orientations == 1:
        return [(0.0, False)]
    rng = np.random.default_rng(config.seed)
    step = 2 * math.pi / config.orientations
    return [(step * (number + rng.random()), number % 2 == 1) for number in range(config.orientations)]


def train(config: Config) -> Path:
    """Runs or resumes the training; returns the path of the rule."""
    with joined_processes(config.device) as processes:
        set_up(config.threads, config.seed)
        target = load_target(config.target, size=config.size, padding=config.padding)
        height, width = target.shape[-2:]
        placed = [(kind, *orientation) for orientation in orientations(config) for kind in config.substrate.split(",")]

        def world(place: tuple[str, float, bool], rng: np.random.Generator) -> World:
            kind, angle, mirror = place
            sheet = drawn_sheet(kind, height * width, config.gain_noise, rng)
            wanted = turn_target(target, angle, mirror=mirror)
            pixels = PixelLoss(wanted, rasterizer=sheet.raster(height, width)).to(processes.device)

            def loss(states: Tensor) -> Tensor:
                return LOSS_SCALE * pixels(states)

            topology = sheet.topology.to(str(processes.device))
            seed = seed_of(config.target, topology, angle=angle, mirror=mirror)
            return World(topology, seed, grown_and_still(loss, first_step=False), loss, kind)

        worlds, renewal = sampled_environments(placed, world, every=config.renew_every, seed=config.seed)
        rule, before = starting_rule(config.start)
        training = Training(
            rule.to(processes.device),
            worlds,
            TrainingConfig(
                iterations=config.iterations,
                batch_size=config.batch_size,
                schedule=Warmup(Cosine(config.rate, 1e-5, config.iterations), 300),
                pool=PoolPolicy(
                    max(2 * config.batch_size, POOL // len(placed)),
                    seed_always_until=config.seed_until,
                    seed_every=4,
                    damage_every=3,
                    rank=True,
                ),
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
            "seed": "structured",
            "substrate": f"torus of {height}x{width} units: {config.substrate}",
            "orientations": config.orientations,
            "gain noise": config.gain_noise,
            "iterations between two new sheets": config.renew_every,
            "started from": before,
        }
        return run(training, card)


if __name__ == "__main__":
    main(train, Config, __doc__)
