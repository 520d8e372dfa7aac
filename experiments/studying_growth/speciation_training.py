"""Trains one rule to grow several pictures, each from a seed of its own, which is trained too (Studying Growth).

    python experiments/studying_growth/speciation_training.py --out runs/growing-flowers

Every picture has its genome: the hidden channels of the one living cell that growth starts from. Each iteration takes
one of the pictures and its pool, and the gradient of the rollout goes to the rule and to the genome of the sample that
started from the seed. Otherwise it is the training of a persistent rule (`growing/training.py`): 40-pixel targets on
72x72 cells, 64 to 95 steps, batches of 8, Adam at 2e-3 and later a tenth of it, gradients normalised per tensor, those
of the genomes too. The rule's file keeps the genomes (`graphnca.rules.load_genomes`); both are running averages.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from graphnca.layers import NCAConv
from graphnca.losses import PixelLoss
from graphnca.models import growing_nca
from graphnca.results.training import train_from_command_line
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from graphnca.training import Genome, MultiStep, Renewal, TrainingConfig, World, last_state
from graphnca.training.recipes import REGIMES, Recipe
from graphnca.training.recipes.growing import PADDING, SIZE
from graphnca.training.recipes.picture import seeded_view
from graphnca.training.recipes.recipe import Substrates
from topologies import sampled_torus


@dataclass(frozen=True, kw_only=True)
class SpeciationRecipe(Recipe):
    """Several pictures, a genome for each."""

    targets: tuple[str, ...] = ("rose", "blossom", "tulip")
    """One genome for each."""
    size: int = SIZE
    """Pixels of the longer side of every target."""
    padding: int = PADDING
    """Empty pixels on each of the four sides."""
    num_channels: int = 16
    """State channels of an untrained rule."""
    hidden_size: int = 128
    """Width of its update network."""
    milestones: tuple[int, ...] = (5000,)
    """Iterations from which on the rate is a tenth of what it was."""
    rate: float = 2e-3
    pool_size: int = 256
    """Entries of each target's pool."""
    snapshot_every: int = 1000
    out: str = "runs/growing-flowers"

    @property
    def shape(self) -> tuple[int, int]:
        """Of the square that every picture fits into."""
        return self.size + 2 * self.padding, self.size + 2 * self.padding

    def untrained(self) -> NCAConv:
        """The published architecture."""
        return growing_nca(self.num_channels, self.hidden_size)

    def config(self) -> TrainingConfig:
        """The numbers."""
        pool = replace(REGIMES["persistent"], size=self.pool_size)
        return self.config_of(schedule=MultiStep(self.rate, self.milestones), pool=pool)

    def worlds(
        self,
        rule: NCAConv,
        substrates: Substrates,
        generator: torch.Generator,  # noqa: ARG002
    ) -> tuple[list[World], Renewal | None]:
        """One torus of squares, with a seed for each picture."""
        topology, _ = substrates("square", np.random.default_rng(self.seed))
        numbers = torch.Generator().manual_seed(self.seed)

        def world(name: str) -> World:
            target = load_target(name, size=self.size, padding=self.padding)
            loss = PixelLoss(target, rasterizer=seeded_view(topology, *target.shape[-2:])).to(topology["pos"].device)
            genome = Genome(name, rule.num_channels, generator=numbers).to(topology["pos"].device)
            return World(topology, point_seed(topology, rule.num_channels), last_state(loss), loss, name, genome=genome)

        return [world(name) for name in self.targets], None

    def card(self) -> dict[str, Any]:
        """What it grows, and where."""
        own = {"targets": list(self.targets), "size": self.size, "padding": self.padding}
        return own | super().card() | {"recipe": "persistent, with a trained genome for each target"}


if __name__ == "__main__":
    train_from_command_line(SpeciationRecipe, __doc__, sampled_torus)
