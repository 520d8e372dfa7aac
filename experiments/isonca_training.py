"""Trains an isotropic rule to grow a picture from a single cell, in any orientation (IsoNCA, single-seed strategy).

    python experiments/isonca_training.py --target lizard --out runs/isonca-lizard

Square torus, 48-pixel target on 72x72 cells, pool of 256, rollouts of 64-95 steps, rotation-reflection-invariant loss
with a binary auxiliary channel, overflow and stillness terms: the published recipe (Mordvintsev et al. 2022), with four
changes, for a fraction of its 50,000 iterations:

- a second auxiliary channel splits the target across its long axis, and counts three times: head and tail part early,
  and the mirror-symmetric pattern that training passes through has one of each (`graphnca.targets.axis_channel`);
- one cosine from 1e-3 to 1e-5 instead of 25 triangles that halve, after a warm-up of 300 iterations;
- the shipped rule is the running average of the parameters;
- the seed replaces the worst of a batch, not a random one, and whatever died or exploded (the guard of
  `graphnca.training`), so the pool is rid of states that fill the whole sheet; for a last stage `--reseed random` keeps
  the lesser faults in it, to be learnt from: above all drift, for what has left its place is the worst of its batch.

With `--substrate square,hex,voronoi,voronoi --gain-noise 0.15 --renew-every 40` the rule lives on several sheets at a
time, one an iteration, each of which gives way to a new one after a while: no mesh is seen for long.

The folder fills with `pool.png` (what the rule grows now), `loss.png`, `checkpoint.pt` and, at the end,
`rule.safetensors` with its description. A run that was killed goes on where its last checkpoint stands, when the same
command is given. An iteration takes about a quarter of a second on one core.

    torchrun --nproc-per-node=4 experiments/isonca_training.py --batch-size 32

Several processes train one rule: pool and batch are divided among them. `--device cuda` trains on GPUs, one a process.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from protocol.drawn import drawn_sheet, sampled_environments
from training_run import main, pictures, run, set_up, starting_rule

from graphnca.evaluation.published_loss import PADDING, SIZE, auxiliary_channels, target_with_auxiliary
from graphnca.training import Training, World, joined_processes
from graphnca.training.recipes import isonca_config, isonca_world


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    target: str = "lizard"
    auxiliary: str = "binary,axis:3"
    """Extra target channels with the weight of their squared error: binary, axis, side, radial4, ...; or none."""
    substrate: str = "square"
    """Kinds of cells, separated by commas: square, hex, voronoi; a kind named twice is drawn twice as often."""
    gain_noise: float = 0.0
    """How far the gain of the Laplacian may be off on a training's sheet, up or down."""
    renew_every: int = 0
    """Iterations between two new sheets, each taking the place of the oldest; 0: those of the beginning stay."""
    size: int = SIZE
    padding: int = PADDING
    iterations: int = 8000
    stop: int = 0
    """Iteration to stop at while the learning rate falls as for all of them; 0: at the end."""
    start: str = ""
    """A rule to go on from, for a second stage: the first one's average, at a lower rate; empty: from nothing."""
    reseed: str = "worst"
    """Which sample of a batch the seed replaces: the worst, or a random one."""
    seed_until: int = 3000
    """Iteration before which every batch gets a seed, and from then on every fourth."""
    batch_size: int = 8
    rate: float = 1e-3
    precision: str = "float32"
    device: str = "cpu"
    """cpu or cuda."""
    snapshots: int = 500
    """Iterations between two averaged rules kept in `snapshots/`; 0: none."""
    seed: int = 0
    threads: int = 0
    out: str = "runs/isonca-lizard"


def train(config: Config) -> Path:
    """Runs or resumes the training; returns the path of the rule, which the first process writes."""
    with joined_processes(config.device) as processes:
        set_up(config.threads, config.seed)
        if config.reseed not in ("worst", "random"):
            raise SystemExit(f"--reseed: expected worst or random, got {config.reseed!r}.")
        target = target_with_auxiliary(config.target, config.auxiliary, size=config.size, padding=config.padding)
        height, width = target.shape[-2:]
        weights = [1.0] * 4 + [weight for _, weight in auxiliary_channels(config.auxiliary)]
        kinds = config.substrate.split(",")

        def world(kind: str, rng: np.random.Generator) -> World:
            sheet = drawn_sheet(kind, height * width, config.gain_noise, rng)
            topology = sheet.topology.to(str(processes.device))
            name = f"{kind} of gain {sheet.gain:.3f}"
            return isonca_world(topology, target, weights, sheet.raster(height, width), name)

        worlds, renewal = sampled_environments(kinds, world, every=config.renew_every, seed=config.seed)
        training_config = isonca_config(
            config.iterations,
            stop=config.stop,
            rate=config.rate,
            batch_size=config.batch_size,
            reseed_worst=config.reseed == "worst",
            seed_until=config.seed_until,
            num_sheets=len(kinds),
            precision=config.precision,
            seed=config.seed,
            snapshot_every=config.snapshots,
        )

        rule, before = starting_rule(config.start)
        training = Training(
            rule.to(processes.device),
            worlds,
            training_config,
            config.out,
            pictures(config.target),
            renewal,
            processes,
        )
        card = {
            "target": config.target,
            "substrate": f"torus of {height}x{width} units: {config.substrate}",
            "gain noise": config.gain_noise,
            "iterations between two new sheets": config.renew_every,
            "auxiliary channels": config.auxiliary,
            "started from": before,
        }
        return run(training, card)


if __name__ == "__main__":
    main(train, Config, __doc__)
