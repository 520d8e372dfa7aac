"""Trains a rule to grow a large flower, 64 pixels on 84x84 cells, with 32 channels (Studying Growth).

    python experiments/large_training.py --out runs/growing-flower-large

The published recipe: 32 channels and a hidden layer of 128; every channel of a cell fires on its own with probability
0.8; mean squared error of RGBA after 64 to 107 steps; batches of 8 from a pool of 1,000, the worst of a batch replaced
by the seed; Adam at 2e-3, times 0.2 after a quarter, a half and three quarters of 12,000 iterations, weight decay 3e-5,
gradients normalised per tensor. The seed lies where the stem is, not in the middle.

Changes: the sheet is a torus, not one with a border of zeros; the worst of the sample is replaced before the rollout,
not after it; a batch is drawn from the pool without repetition; the seed's cell is not kept alive by force; the rule is
the running average of the parameters. The milestones move with `--iterations`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from protocol.drawn import drawn_sheet
from protocol.planted import planted_raster, planted_seed
from training_run import card_of, pictures, run, set_up

from graphnca import load_rule
from graphnca.losses import PixelLoss
from graphnca.models import growing_nca
from graphnca.results.options import from_command_line
from graphnca.targets import load_target
from graphnca.training import MultiStep, PoolPolicy, Training, TrainingConfig, World, last_state

STEPS = (64, 108)  # the upper bound is not included
KEPT = 0.8  # of the channels in a step
FALL = 0.2  # of the rate at each milestone
WEIGHT_DECAY = 3e-5
POOL = 1000
EXPLOSION = 30.0  # |x| of a lost sample; 32 channels go beyond the usual 6 while they learn, and come back


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    target: str = "rose"
    """Name of a shipped target or path of a picture with alpha."""
    seed_at: tuple[float, float] = (0.5, 0.8)
    """Where the seed lies in the picture, as parts of its width and height from the top left corner."""
    size: int = 64
    """Pixels of the target's longer side."""
    padding: int = 10
    """Empty pixels on each of the four sides."""
    channels: int = 32
    """State channels."""
    hidden: int = 128
    """Width of the update network."""
    iterations: int = 12_000
    """As published."""
    rate: float = 2e-3
    """Adam's learning rate at first."""
    milestones: tuple[int, ...] = (0,)
    """Iterations from which on the rate is 0.2 of what it was; 0: a quarter, a half and three quarters of all."""
    start: str = ""
    """A rule to go on from; empty: from nothing."""
    batch_size: int = 8
    """Samples of an iteration."""
    snapshots: int = 500
    """Iterations between two averaged rules kept in `snapshots/`; 0: none."""
    seed: int = 0
    """Of all random numbers."""
    threads: int = 0
    """Threads of this process; 0: as they are."""
    out: str = "runs/growing-flower-large"
    """Folder of checkpoint, pictures and rule."""


def train(config: Config) -> Path:
    """Runs or resumes the training; returns the path of the rule."""
    set_up(config.threads, config.seed)
    target = load_target(config.target, size=config.size, padding=config.padding)
    height, width = target.shape[-2:]
    sheet = drawn_sheet("square", height * width, 0.0, np.random.default_rng(config.seed))
    place = (config.seed_at, config.size)
    loss = PixelLoss(target, rasterizer=planted_raster(sheet.topology, height, width, *place))
    milestones = (
        config.milestones if any(config.milestones) else tuple(config.iterations * part // 4 for part in (1, 2, 3))
    )
    new = growing_nca(config.channels, config.hidden, fire_per="channel", fire_rate=KEPT)
    rule = load_rule(config.start) if config.start else new
    seed = planted_seed(sheet.topology, rule.num_channels, *place)
    training = Training(
        rule,
        World(sheet.topology, seed, last_state(loss), loss, "square"),
        TrainingConfig(
            iterations=config.iterations,
            batch_size=config.batch_size,
            steps=STEPS,
            schedule=MultiStep(config.rate, milestones, FALL),
            weight_decay=WEIGHT_DECAY,
            explosion=EXPLOSION,
            pool=PoolPolicy(size=POOL, seed_always_until=0, seed_every=1, damage_every=0, rank=True),
            seed=config.seed,
            snapshot_every=config.snapshots,
        ),
        config.out,
        pictures(config.target),
    )
    card = {
        "target": config.target,
        "size": config.size,
        "padding": config.padding,
        "seed at": list(config.seed_at),
        "recipe": "Studying Growth",
        "started from": card_of(config.start),
        "substrate": f"torus of {height}x{width} units: square",
    }
    return run(training, card)


if __name__ == "__main__":
    train(from_command_line(Config, __doc__))
