"""Trains an isotropic rule to grow a picture the way up that its seed tells it (IsoNCA, structured seeds).

    python experiments/isonca/structured_training.py --target lizard --out runs/isonca-lizard-3point
    python experiments/isonca/structured_training.py --target dancer --out runs/isonca-dancer-6point

The seed is several coloured points (`graphnca.rules.STRUCTURED_SEEDS`): their arrangement breaks every symmetry, so the
loss needs no search over orientations: 1000 times the mean squared error of RGBA after the last step, with the terms
for overflow and stillness. With `--orientations 12` the rule learns on twelve substrates, each with seed and target in
another orientation, so that it does as well for seeds whose points the lattice rounds otherwise. With
`--substrate square hex voronoi voronoi --orientations 6 --renew-every 10` it learns each orientation on all kinds of
cells, and no mesh is seen for long; that is what the shipped rules' second stage did. With `--seed-always-until 0`
states grow older in the pool, and a pattern that would fall apart late is learnt from.

Pool of 256, rollouts of 64-95 steps, as published (Mordvintsev et al. 2022); one cosine from 1e-3 to 1e-5 instead of
triangles, the running average of the parameters, and the seed for the worst of a batch, as in `isonca/training.py`,
whose options these are. Expect a recognisable picture after 2,000 iterations.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.scores import LOSS_SCALE
from graphnca.layers import NCAConv
from graphnca.losses import PixelLoss
from graphnca.models import isonca
from graphnca.results.training import train_from_command_line
from graphnca.rules import STRUCTURED_SEEDS
from graphnca.targets import turn_target
from graphnca.training import (
    Cosine,
    PoolPolicy,
    Renewal,
    TrainingConfig,
    Warmup,
    World,
    grown_and_still,
    sampled_environments,
)
from graphnca.training.recipes.isonca import LOWEST_RATE, POOL, SEED_EVERY, SEED_UNTIL, WARM_UP
from graphnca.training.recipes.picture import PictureRecipe, seeded_view
from graphnca.training.recipes.recipe import Substrates
from topologies import sampled_torus

DAMAGE_EVERY = 3  # iterations


@dataclass(frozen=True, kw_only=True)
class StructuredRecipe(PictureRecipe):
    """A picture that grows from several points, in each of several orientations on each kind of cells."""

    orientations: int = 1
    """How many substrates of each kind, each with seed and target turned by an angle of its own and half of them
    mirrored; 1: one, upright."""
    seed_always_until: int = SEED_UNTIL
    """Iteration before which every batch gets a seed, and from then on every fourth."""
    out: str = "runs/isonca-lizard-3point"

    def __post_init__(self) -> None:
        if self.target not in STRUCTURED_SEEDS:
            raise ValueError(
                f"`target` must have a structured seed, as {sorted(STRUCTURED_SEEDS)}, got {self.target!r}."
            )

    @property
    def places(self) -> list[tuple[str, float, bool]]:
        """Kind, angle and mirroring of each substrate; angles are random, one in each of equal parts of the turn."""
        rng = np.random.default_rng(self.seed)
        step = 2 * math.pi / self.orientations
        turns = [(step * (number + rng.random()), number % 2 == 1) for number in range(self.orientations)]
        return [
            (kind, *turn) for turn in (turns if self.orientations > 1 else [(0.0, False)]) for kind in self.substrate
        ]

    def untrained(self) -> NCAConv:
        """The published architecture."""
        return isonca()

    def config(self) -> TrainingConfig:
        """The numbers; the pool is divided among the substrates, each of which has at least two batches."""
        return self.config_of(
            schedule=Warmup(Cosine(self.rate, LOWEST_RATE, self.iterations), WARM_UP),
            pool=PoolPolicy(
                max(2 * self.batch_size, POOL // len(self.places)),
                seed_always_until=self.seed_always_until,
                seed_every=SEED_EVERY,
                damage_every=DAMAGE_EVERY,
                rank=True,
            ),
        )

    def worlds(
        self, rule: NCAConv, substrates: Substrates, generator: torch.Generator
    ) -> tuple[list[World], Renewal | None]:
        """One of each kind in each orientation."""

        def make(place: tuple[str, float, bool], rng: np.random.Generator) -> World:
            kind, angle, mirror = place
            return self.world(kind, *substrates(kind, rng), rule, generator, angle, mirror)

        return sampled_environments(self.places, make, every=self.renew_every, seed=self.seed)

    def world(
        self,
        kind: str,
        topology: Data,
        gain: float,
        rule: NCAConv,
        generator: torch.Generator,  # noqa: ARG002
        angle: float = 0.0,
        mirror: bool = False,
    ) -> World:
        """Points that are to become the target as they lie, to stay it, and to stay still."""
        target, view = turn_target(self.image, angle, mirror=mirror), seeded_view(topology, *self.shape, gain)
        pixels = PixelLoss(target, rasterizer=view).to(topology["pos"].device)

        def loss(states: Tensor) -> Tensor:
            return LOSS_SCALE * pixels(states)

        seed = STRUCTURED_SEEDS[self.target].state(topology, rule.num_channels, angle=angle, mirror=mirror)
        return World(topology, seed, grown_and_still(loss, first_step=False), loss, kind)

    def card(self) -> dict[str, Any]:
        """What it grows, and where."""
        return super().card() | {"seed": "structured", "orientations": self.orientations}


if __name__ == "__main__":
    train_from_command_line(StructuredRecipe, __doc__, sampled_torus)
