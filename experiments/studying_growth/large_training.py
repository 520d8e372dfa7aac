"""Trains a rule to grow a large flower, 64 pixels on 84x84 cells, with 32 channels (Studying Growth).

    python experiments/studying_growth/large_training.py --out runs/growing-flower-large

The published recipe: 32 channels and a hidden layer of 128; every channel of a cell fires on its own with probability
0.8; mean squared error of RGBA after 64 to 107 steps; batches of 8 from a pool of 1,000, the worst of a batch replaced
by the seed; Adam at 2e-3, times 0.2 after a quarter, a half and three quarters of 12,000 iterations, weight decay 3e-5,
gradients normalised per tensor. The seed lies where the stem is, not in the middle.

Changes: the substrate is a torus, not one with a border of zeros; the worst of the sample is replaced before the
rollout, not after it; a batch is drawn from the pool without repetition; the seed's cell is not kept alive by force;
the rule is the running average of the parameters. The milestones move with `--iterations`.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphnca.evaluation.subject import Subject
from graphnca.layers import NCAConv
from graphnca.losses import PixelLoss
from graphnca.models import growing_nca
from graphnca.results.training import train_from_command_line
from graphnca.targets import load_target
from graphnca.training import MultiStep, Renewal, TrainingConfig, World, last_state
from graphnca.training.recipes import REGIMES, Recipe
from graphnca.training.recipes.recipe import Substrates
from topologies import sampled_torus

STEPS = (64, 108)  # the upper bound is not included
KEPT = 0.8  # of the channels in a step
FALL = 0.2  # of the rate at each milestone
WEIGHT_DECAY = 3e-5
EXPLOSION = 30.0  # |x| of a lost sample; 32 channels go beyond the usual 6 while they learn, and come back


@dataclass(frozen=True, kw_only=True)
class LargeRecipe(Recipe):
    """One large picture whose seed lies anywhere in it."""

    target: str = "rose"
    """The name of an emoji, or the path of a picture with a transparent background."""
    seed_at: tuple[float, float] = (0.5, 0.8)
    """Where the seed lies in the picture, as parts of its width and height from the top left corner."""
    size: int = 64
    """Pixels of the target's longer side."""
    padding: int = 10
    """Empty pixels on each of the four sides."""
    num_channels: int = 32
    """State channels of an untrained rule."""
    hidden_size: int = 128
    """Width of its update network."""
    iterations: int = 12_000
    rate: float = 2e-3
    milestones: tuple[int, ...] = (0,)
    """Iterations from which on the rate is 0.2 of what it was; 0: a quarter, a half and three quarters of all."""
    pool_size: int = 1000
    """Entries of the pool. In a small one samples grow older: a rule learns to stay."""
    out: str = "runs/growing-flower-large"

    @cached_property
    def image(self) -> Tensor:
        """The picture, premultiplied RGBA."""
        return load_target(self.target, size=self.size, padding=self.padding)

    @property
    def shape(self) -> tuple[int, int]:
        """Of the picture."""
        height, width = self.image.shape[-2:]
        return height, width

    def untrained(self) -> NCAConv:
        """The published architecture."""
        return growing_nca(self.num_channels, self.hidden_size, fire_per="channel", fire_rate=KEPT)

    def config(self) -> TrainingConfig:
        """The numbers."""
        quarters = tuple(self.iterations * part // 4 for part in (1, 2, 3))
        return self.config_of(
            steps=STEPS,
            schedule=MultiStep(self.rate, self.milestones if any(self.milestones) else quarters, FALL),
            weight_decay=WEIGHT_DECAY,
            explosion=EXPLOSION,
            pool=replace(REGIMES["persistent"], size=self.pool_size),
        )

    def worlds(
        self,
        rule: NCAConv,
        substrates: Substrates,
        generator: torch.Generator,  # noqa: ARG002
    ) -> tuple[list[World], Renewal | None]:
        """A torus of squares."""
        topology, _ = substrates("square", np.random.default_rng(self.seed))
        subject = Subject(self.target, rule, self.card(), picture_of_goal=self.image)
        loss = PixelLoss(self.image, rasterizer=subject.view(topology)).to(topology["pos"].device)
        return [World(topology, subject.seed(topology), last_state(loss), loss, "square")], None

    def card(self) -> dict[str, Any]:
        """What it grows, and where."""
        own = {"target": self.target, "size": self.size, "padding": self.padding, "seed at": list(self.seed_at)}
        return own | super().card() | {"recipe": "Studying Growth"}


if __name__ == "__main__":
    train_from_command_line(LargeRecipe, __doc__, sampled_torus)
