"""Trains one rule to grow several pictures, each from a seed of its own, which is trained too (Studying Growth).

    python experiments/speciation_training.py --out runs/growing-flowers

Every picture has its genome: the hidden channels of the one living cell that growth starts from. Each iteration takes
one of the pictures and its pool, and the gradient of the rollout goes to the rule and to the genome of the sample that
started from the seed. Otherwise it is the training of a persistent rule (`growing_training.py`): 40-pixel targets on
72x72 cells, 64 to 95 steps, batches of 8, Adam at 2e-3 and later a tenth of it, gradients normalised per tensor, those
of the genomes too. The rule's file keeps the genomes (`graphnca.rules.load_genomes`); both are running averages.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from protocol.drawn import drawn_sheet
from training_run import card_of, pictures, run, set_up

from graphnca import load_rule
from graphnca.losses import PixelLoss
from graphnca.models import growing_nca
from graphnca.results.options import from_command_line
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from graphnca.training import Genome, MultiStep, PoolPolicy, Training, TrainingConfig, World, last_state


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    targets: tuple[str, ...] = ("rose", "blossom", "tulip")
    """One genome for each."""
    size: int = 40
    """Pixels of the longer side of every target."""
    padding: int = 16
    """Empty pixels on each of the four sides."""
    channels: int = 16
    """State channels."""
    hidden: int = 128
    """Width of the update network."""
    iterations: int = 8000
    """Of all targets together."""
    milestone: int = 5000
    """Iteration from which on the rate is a tenth."""
    rate: float = 2e-3
    """Adam's learning rate."""
    batch_size: int = 8
    """Samples of an iteration."""
    pool: int = 256
    """Entries of each target's pool."""
    start: str = ""
    """A rule to go on from; empty: from nothing."""
    snapshots: int = 1000
    """Iterations between two averaged rules kept in `snapshots/`; 0: none."""
    seed: int = 0
    """Of all random numbers."""
    threads: int = 0
    """Threads of this process; 0: as they are."""
    out: str = "runs/growing-flowers"
    """Folder of checkpoint, pictures and rule."""


def train(config: Config) -> Path:
    """Runs or resumes the training; returns the path of the rule."""
    set_up(config.threads, config.seed)
    side = config.size + 2 * config.padding
    sheet = drawn_sheet("square", side * side, 0.0, np.random.default_rng(config.seed))
    generator = torch.Generator().manual_seed(config.seed)

    def world(name: str) -> World:
        target = load_target(name, size=config.size, padding=config.padding)
        loss = PixelLoss(target, rasterizer=sheet.raster(*target.shape[-2:]))
        seed, genome = point_seed(sheet.topology, config.channels), Genome(name, config.channels, generator=generator)
        return World(sheet.topology, seed, last_state(loss), loss, name, genome=genome)

    rule = load_rule(config.start) if config.start else growing_nca(config.channels, config.hidden)
    training = Training(
        rule,
        [world(name) for name in config.targets],
        TrainingConfig(
            iterations=config.iterations,
            batch_size=config.batch_size,
            schedule=MultiStep(config.rate, (config.milestone,)),
            pool=PoolPolicy(size=config.pool, seed_always_until=0, seed_every=1, damage_every=0, rank=True),
            seed=config.seed,
            snapshot_every=config.snapshots,
        ),
        config.out,
        pictures(", ".join(config.targets)),
    )
    card = {
        "targets": list(config.targets),
        "size": config.size,
        "padding": config.padding,
        "recipe": "persistent, with a trained genome for each target",
        "substrate": f"torus of {side}x{side} units: square",
        "started from": card_of(config.start),
    }
    return run(training, card)


if __name__ == "__main__":
    train(from_command_line(Config, __doc__))
