"""Trains an isotropic rule to grow a picture the way up that its seed tells it (IsoNCA, structured seeds).

    python experiments/structured_training.py --target lizard --out runs/isonca-lizard-3point
    python experiments/structured_training.py --target dancer --out runs/isonca-dancer-6point

The seed is several coloured points (`protocol/structured.py`): their arrangement breaks every symmetry, so the loss
needs no search over orientations: 1000 times the mean squared error of RGBA after the last step, with the terms for
overflow and stillness.
Pool of 256, rollouts of 64-95 steps, as published (Mordvintsev et al. 2022); one cosine from 1e-3 to 1e-5 instead of
triangles, the running average of the parameters, and the seed for the worst of a batch, as in `isonca_training.py`,
whose options these are. Expect a recognisable picture after 2,000 iterations.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from protocol.structured import seed_of
from torch import Tensor
from training_run import pictures, run, set_up, starting_rule

from graphnca.losses import PixelLoss
from graphnca.rasterizers import NearestCell
from graphnca.targets import load_target
from graphnca.training import (
    Cosine,
    LostProcessError,
    PoolPolicy,
    Training,
    TrainingConfig,
    Warmup,
    World,
    grown_and_still,
    joined_processes,
)
from topologies import square_grid

LOSS_SCALE = 1000.0  # of the mean squared error, as published


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    target: str = "lizard"
    size: int = 48
    padding: int = 12
    iterations: int = 8000
    start: str = ""
    """A rule to go on from; empty: from nothing."""
    batch_size: int = 8
    rate: float = 1e-3
    device: str = "cpu"
    """cpu or cuda."""
    snapshots: int = 500
    """Iterations between two averaged rules kept in `snapshots/`; 0: none."""
    seed: int = 0
    threads: int = 0
    out: str = "runs/isonca-lizard-3point"


def train(config: Config) -> Path:
    """Runs or resumes the training; returns the path of the rule."""
    with joined_processes(config.device) as processes:
        set_up(config.threads, config.seed)
        target = load_target(config.target, size=config.size, padding=config.padding)
        height, width = target.shape[-2:]
        topology = square_grid(height, width).to(str(processes.device))
        raster = NearestCell(topology)
        pixels = PixelLoss(target, rasterizer=raster).to(processes.device)

        def loss(states: Tensor) -> Tensor:
            return LOSS_SCALE * pixels(states)

        rule, before = starting_rule(config.start)
        training = Training(
            rule.to(processes.device),
            World(topology, seed_of(config.target, topology), grown_and_still(loss, first_step=False), loss),
            TrainingConfig(
                iterations=config.iterations,
                batch_size=config.batch_size,
                schedule=Warmup(Cosine(config.rate, 1e-5, config.iterations), 300),
                pool=PoolPolicy(seed_always_until=3000, seed_every=4, damage_every=3, rank=True),
                seed=config.seed,
                snapshot_every=config.snapshots,
            ),
            config.out,
            pictures(config.target),
            processes=processes,
        )
        substrate = f"square torus, {height}x{width}"
        return run(training, {"target": config.target, "substrate": substrate, "started from": before})


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in vars(Config()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default, help=f"{default!r}")
    try:
        train(Config(**vars(parser.parse_args())))
    except LostProcessError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
