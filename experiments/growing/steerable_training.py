"""Trains a rule whose cells have no frame but their own to grow a picture, lying as two cells of a seed say.

    python experiments/growing/steerable_training.py --iterations 2000 --stop 1470 --rate 2e-3 \
        --seed-always-until 1000 --out runs/growing-lizard-points
    python experiments/growing/steerable_training.py --orientations 12 --iterations 700 --stop 375 \
        --start runs/growing-lizard-points/rule.safetensors --out runs/growing-lizard-steerable

Every cell turns the gradients that it perceives to that of its own last channel (`steered_gradient`; Randazzo,
Mordvintsev, Fouts 2023): the rule knows left from right, but neither up nor down. What breaks the symmetry is the seed,
two cells of different colour (`graphnca.rules.PAIR_SEED`). The loss is the distance to the picture in the orientation
that fits best, mirror images excluded, so nothing says where the seed's direction is to be found again in the pattern.
With `--orientations 12` the rule learns on twelve substrates, in each of which the seed lies in another direction. The
other options are those of `isonca/training.py`. Expect a lizard after 500 iterations.

`--points 1` starts from a single cell, from which no direction can be told. Expect two tails: after 400 iterations from
the rule of the first stage, head and tail are alike.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from graphnca.layers import NCAConv
from graphnca.losses import RotationInvariantLoss
from graphnca.results.training import train_from_command_line
from graphnca.rules import PAIR_SEED
from graphnca.rules.starts import PAIR
from graphnca.seeds import point_seed
from graphnca.targets import auxiliary_channels, load_target, with_auxiliary
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
from graphnca.training.recipes.isonca import LOWEST_RATE, POOL, SEED_EVERY, IsoNCARecipe
from graphnca.training.recipes.picture import seeded_view
from graphnca.training.recipes.recipe import Substrates
from topologies import sampled_torus

FILTERS = ("identity", "steered_gradient", "laplacian")
GAINS = {"steered_gradient": 1 / 8, "laplacian": 1 / 4}  # so that all bands have about one size
STEPS = (48, 72)  # of a rollout
WARM_UP = 50  # iterations


@dataclass(frozen=True, kw_only=True)
class SteerableRecipe(IsoNCARecipe):
    """A picture in the orientation that fits best, from seeds that lie in several directions."""

    points: int = 2
    """Cells of the seed: 2, or 1, which has no direction."""
    orientations: int = 1
    """How many substrates of each kind, in each of which the seed lies turned by an angle of its own; 1: not turned."""
    size: int = 24
    padding: int = 10
    auxiliary: str = ""
    """As of isotropic rules; none are needed."""
    hidden_size: int = 96
    """Width of an untrained rule's update network."""
    out: str = "runs/growing-lizard-steerable"

    def __post_init__(self) -> None:
        if self.points not in (1, 2) or self.orientations < 1:
            raise ValueError(
                f"`points` must be 1 or 2 and `orientations` at least 1, got {self.points} and {self.orientations}."
            )

    @property
    def places(self) -> list[tuple[str, float]]:
        """Kind and angle of each substrate; angles are random, one in each of equal parts of the turn."""
        rng, step = np.random.default_rng(self.seed), 2 * math.pi / self.orientations
        angles = [step * (number + rng.random()) for number in range(self.orientations)]
        return [(kind, angle) for angle in (angles if self.orientations > 1 else [0.0]) for kind in self.substrate]

    def config(self) -> TrainingConfig:
        """As of isotropic rules, but for a shorter warm-up and, in proportion to the picture, fewer steps."""
        return self.config_of(
            iterations=self.stop or self.iterations,
            steps=STEPS,
            schedule=Warmup(Cosine(self.rate, LOWEST_RATE, self.iterations), WARM_UP),
            pool=PoolPolicy(
                max(2 * self.batch_size, POOL // len(self.places)),
                seed_always_until=self.seed_always_until,
                seed_every=SEED_EVERY,
                rank=self.rank,
            ),
        )

    def untrained(self) -> NCAConv:
        """As Growing NCA's, but for what it perceives."""
        return NCAConv(16, self.hidden_size, FILTERS, gains=GAINS, life_mask="pre_post", hidden_init="glorot")

    @cached_property
    def image(self) -> Float[Tensor, "4 h w"]:
        """The picture around the middle of a pixel, where the seed lies: so it costs the same however it lies."""
        return load_target(self.target, size=self.size, padding=self.padding, on_pixel=True)

    def worlds(
        self, rule: NCAConv, substrates: Substrates, generator: torch.Generator
    ) -> tuple[list[World], Renewal | None]:
        """One of each kind in each orientation."""

        def make(place: tuple[str, float], rng: np.random.Generator) -> World:
            kind, angle = place
            return self.world(kind, *substrates(kind, rng), rule, generator, angle)

        return sampled_environments(self.places, make, every=self.renew_every, seed=self.seed)

    def world(
        self,
        kind: str,
        topology: Data,
        gain: float,
        rule: NCAConv,
        generator: torch.Generator,  # noqa: ARG002
        angle: float = 0.0,
    ) -> World:
        """A seed that is to become the target in any orientation, to stay it, and to stay still."""
        target = with_auxiliary(self.image, self.auxiliary)
        weights = [1.0] * 4 + [weight for _, weight in auxiliary_channels(self.auxiliary)]
        view = seeded_view(topology, *self.shape, gain)
        loss = RotationInvariantLoss(target, mirror=False, channel_weights=weights, rasterizer=view)
        loss = loss.to(topology["pos"].device)
        if self.points == 1:
            seed = point_seed(topology, rule.num_channels)
        else:
            seed = PAIR_SEED.state(topology, rule.num_channels, angle=angle)
        return World(topology, seed, grown_and_still(loss), loss, kind)

    def card(self) -> dict[str, Any]:
        """What it grows, and where."""
        of_seed = {"seed": PAIR, "orientations": self.orientations} if self.points == 2 else {}
        return super().card() | of_seed


if __name__ == "__main__":
    train_from_command_line(SteerableRecipe, __doc__, sampled_torus)
