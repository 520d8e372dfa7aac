"""Goes on training a newt so that skin below the upper half of an eye becomes the lower half, wherever it came from.

    python experiments/newt_training.py --start runs/growing-newt/rule.safetensors --out runs/growing-newt-healing

The regenerating training of `growing_training.py` with another wound. Of the three best samples of a batch, one loses a
random disk as before; in the two others the lower half of the eye and what is around the eye, up to 2.5 times as far
from its middle as its edge, are replaced by tissue of the flank, all channels of all cells, and only the upper half of
the eye is left. The picture that the rule is to restore is the newt as it is: it never sees an eye on the flank. What
it then does with an upper half that lies there is what `induction.py` shows. Rollouts are shorter, 40 to 71 steps, so
that healing is quick.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from growing_training import REGIMES
from jaxtyping import Float
from protocol.anatomy import Anatomy
from protocol.command_line import from_command_line
from protocol.drawn import drawn_sheet
from torch import Tensor
from torch_geometric.data import Data
from training_run import pictures, run, set_up

from graphnca import load_rule
from graphnca.damage import random_disks, wound
from graphnca.graft import graft
from graphnca.losses import PixelLoss
from graphnca.models import growing_nca
from graphnca.rules import describe_rule
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from graphnca.training import MultiStep, Training, TrainingConfig, World, last_state

STEPS = (40, 72)  # the upper bound is not included
DAMAGED = 3  # rows of a batch (Growing NCA)
OPERATED = 2  # of them
REACH = (1.0, 2.5)  # radii of the eye: how far from its middle everything but the upper half is replaced
JITTER = 2.0  # pixels: how far from the middle of the flank the tissue is taken


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
    pool: int = 1024
    """Entries of the pool."""
    start: str = ""
    """A rule to go on from; empty: from nothing."""
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


def damage(topology: Data, anatomy: Anatomy) -> Callable[[Tensor, torch.Generator], Tensor]:
    """What befalls the damaged rows: the last ones are operated, the others lose a random disk."""

    def befall(states: Tensor, generator: torch.Generator) -> Tensor:
        cut, rest = states[:-OPERATED], states[-OPERATED:]
        disks = random_disks(topology, len(cut), generator=generator)
        operated = [eye_in_strange_skin(newt, topology, anatomy, generator) for newt in rest.split(1)]
        return torch.cat([wound(cut, disks), *operated])

    return befall


def train(config: Config) -> Path:
    """Runs or resumes the training; returns the path of the rule."""
    set_up(config.threads, config.seed)
    anatomy = Anatomy(config.size, config.padding)
    target = load_target("newt", size=config.size, padding=config.padding)
    sheet = drawn_sheet("square", anatomy.side**2, 0.0, np.random.default_rng(config.seed))
    loss = PixelLoss(target, rasterizer=sheet.raster(anatomy.side, anatomy.side))
    rule = load_rule(config.start) if config.start else growing_nca(config.channels)
    seed = point_seed(sheet.topology, rule.num_channels)
    training = Training(
        rule,
        World(sheet.topology, seed, last_state(loss), loss, "square", damage=damage(sheet.topology, anatomy)),
        TrainingConfig(
            iterations=config.iterations,
            batch_size=config.batch_size,
            steps=STEPS,
            schedule=MultiStep(config.rate, (config.milestone,)),
            pool=replace(REGIMES["regenerating"], size=config.pool, damage_count=DAMAGED),
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
        "started from": describe_rule(config.start)["card"] if config.start else None,
    }
    return run(training, card)


if __name__ == "__main__":
    train(from_command_line(Config, __doc__))
