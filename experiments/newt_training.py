"""Goes on training a newt so that skin below the upper half of an eye becomes the lower half, wherever it came from.

    python experiments/newt_training.py --start runs/growing-newt-plain/rule.safetensors --out runs/growing-newt

Half of the iterations are the regenerating training of `growing_training.py`. The other half start from grown newts,
and three of a batch are operated: the lower half of the eye and what is around the eye, up to three times as far from
its middle as its edge, are replaced by tissue of the flank, all channels of all cells, and only the upper half of the
eye is left. These rollouts are short, 16 to 39 steps, so what is far away has no time to tell what belongs there, and
the eye counts more in the loss. The picture that the rule is to restore is the newt as it is: it never sees an eye on
the flank. What it then does with an upper half that lies there is what `induction.py` shows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from protocol.anatomy import Anatomy
from protocol.drawn import drawn_sheet
from torch import Tensor
from torch_geometric.data import Data
from training_run import card_of, pictures, run, set_up

from graphnca import load_rule
from graphnca.evaluation.runs import grow
from graphnca.graft import graft
from graphnca.losses import PixelLoss
from graphnca.models import growing_nca
from graphnca.rasterizers import NearestCell
from graphnca.results.options import from_command_line
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from graphnca.training import MultiStep, Training, TrainingConfig, World, last_state
from graphnca.training.recipes import REGIMES

HEALING_STEPS = (16, 40)  # the upper bound is not included
REACH = (1.0, 3.0)  # radii of the eye: how far from its middle everything but the upper half is replaced
JITTER = 2.0  # pixels: how far from the middle of the flank the tissue is taken
EYE_WEIGHT = 5.0  # of the pixels in the square around the eye, of all others 1
GROWN = 150  # steps


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    size: int = 40
    """Pixels of the longer side of the target."""
    padding: int = 16
    """Empty pixels on each of the four sides."""
    channels: int = 16
    """State channels of a rule that starts from nothing."""
    iterations: int = 2500
    """How many."""
    milestone: int = 1500
    """Iteration from which on the rate is a tenth."""
    rate: float = 1e-3
    """Adam's learning rate."""
    batch_size: int = 8
    """Samples of an iteration."""
    pool: int = 512
    """Entries of each of the two pools."""
    start: str = ""
    """A rule to go on from; empty: from nothing, and then no newt is there to be operated at first."""
    snapshots: int = 500
    """Iterations between two averaged rules kept in `snapshots/`; 0: none."""
    seed: int = 0
    """Of all random numbers."""
    threads: int = 0
    """Threads of this process; 0: as they are."""
    out: str = "runs/growing-newt-healing"
    """Folder of checkpoint, pictures and rule."""


def eye_in_strange_skin(
    states: Float[Tensor, "b n c"], topology: Data, anatomy: Anatomy, generator: torch.Generator
) -> Float[Tensor, "b n c"]:
    """Newts with tissue of the flank around the upper half of the eye, in place of the lower half and of the skin."""
    reach, *jitter = torch.rand(3, generator=generator).tolist()
    flank = [along + round(JITTER * (2 * part - 1)) for along, part in zip(anatomy.shift, jitter, strict=True)]
    everything = torch.ones(states.shape[-2], dtype=torch.bool)
    moved, _ = graft(states, topology, everything, (-float(flank[0]), -float(flank[1])))
    replaced = anatomy.around_eye(topology, REACH[0] + (REACH[1] - REACH[0]) * reach)
    return torch.where(replaced[:, None], moved, states)


def healing_loss(target: Tensor, raster: NearestCell, anatomy: Anatomy) -> Callable[[Tensor], Tensor]:
    """Mean squared error of RGBA in which the pixels of the eye count more."""
    x, y, radius = anatomy.eye
    pixel = torch.arange(anatomy.side) - anatomy.side // 2
    eye = ((pixel[None, :] - x).abs() < radius + 1) & ((pixel[:, None] - y).abs() < radius + 1)
    weight = torch.where(eye, EYE_WEIGHT, 1.0)

    def loss(states: Tensor) -> Tensor:
        return (weight * (raster(states[..., :4]) - target).square()).mean((-3, -2, -1))

    return loss


def train(config: Config) -> Path:
    """Runs or resumes the training; returns the path of the rule."""
    set_up(config.threads, config.seed)
    anatomy = Anatomy(config.size, config.padding)
    target = load_target("newt", size=config.size, padding=config.padding)
    sheet = drawn_sheet("square", anatomy.side**2, 0.0, np.random.default_rng(config.seed))
    topology, raster = sheet.topology, sheet.raster(anatomy.side, anatomy.side)
    rule = load_rule(config.start) if config.start else growing_nca(config.channels)
    seed = point_seed(topology, rule.num_channels)
    newt = grow(rule, topology, 1, (GROWN,), config.seed)[GROWN][0]
    growing, healing = PixelLoss(target, rasterizer=raster), healing_loss(target, raster, anatomy)
    worlds = [
        World(topology, seed, last_state(growing), growing, "growing"),
        World(
            topology,
            newt,
            last_state(healing),
            healing,
            "healing",
            damage=lambda states, generator: torch.cat(
                [eye_in_strange_skin(one, topology, anatomy, generator) for one in states.split(1)]
            ),
            steps=HEALING_STEPS,
        ),
    ]
    training = Training(
        rule,
        worlds,
        TrainingConfig(
            iterations=config.iterations,
            batch_size=config.batch_size,
            schedule=MultiStep(config.rate, (config.milestone,)),
            pool=replace(REGIMES["regenerating"], size=config.pool),
            seed=config.seed,
            snapshot_every=config.snapshots,
        ),
        config.out,
        pictures("newt"),
    )
    card = {
        "target": "newt",
        "size": config.size,
        "padding": config.padding,
        "regime": "regenerating, and healing of an eye of which only the upper half is left, amid tissue of the flank",
        "substrate": f"torus of {anatomy.side}x{anatomy.side} units: square",
        "started from": card_of(config.start),
    }
    return run(training, card)


if __name__ == "__main__":
    train(from_command_line(Config, __doc__))
