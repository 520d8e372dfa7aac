"""Trains one rule to grow several pictures, each from a seed of its own, which is trained too (Studying Growth).

    python experiments/studying_growth/speciation_training.py --out runs/growing-flowers
    python experiments/studying_growth/speciation_training.py --substrate square hex voronoi --renew-every 50

Every picture has its genome: the hidden channels of the one living cell that growth starts from. Each iteration takes
one of the pictures and its pool, and the gradient of the rollout goes to the rule and to the genome of the sample that
started from the seed. Otherwise it is the training of a persistent rule (`growing/training.py`): 40-pixel targets on
72x72 cells, 64 to 95 steps, batches of 8, Adam at 2e-3 and later a tenth of it, gradients normalised per tensor, those
of the genomes too. The rule's file keeps the genomes (`graphnca.rules.load_genomes`); both are running averages. With
several kinds of cells (`--substrate`) every picture has a pool on each of them; a training that goes on from a rule
(`--start`) goes on from its genomes too.
"""

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data

from graphnca.layers import NCAConv
from graphnca.losses import PixelLoss
from graphnca.models import growing_nca
from graphnca.results.training import train_from_command_line
from graphnca.rules import load_genomes
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from graphnca.training import Genome, MultiStep, Renewal, TrainingConfig, World, last_state, sampled_environments
from graphnca.training.recipes import REGIMES, SubstratesRecipe
from graphnca.training.recipes.growing import PADDING, SIZE
from graphnca.training.recipes.picture import seeded_view
from graphnca.training.recipes.recipe import Substrates
from topologies import sampled_torus


@dataclass(frozen=True, kw_only=True)
class SpeciationRecipe(SubstratesRecipe):
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
    """Entries of the pool of each target on each kind of cells."""
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
        self, rule: NCAConv, substrates: Substrates, generator: torch.Generator
    ) -> tuple[list[World], Renewal | None]:
        """One for each picture on each kind of cells, replaced in turn; the pictures' genomes remain."""
        numbers = torch.Generator().manual_seed(self.seed)
        genomes = [Genome(name, rule.num_channels, generator=numbers) for name in self.targets]
        known = load_genomes(self.start) if self.start else {}
        for genome in genomes:
            if genome.name in known:
                genome.hidden.data.copy_(known[genome.name])

        def make(place: tuple[Genome, str], rng: np.random.Generator) -> World:
            genome, kind = place
            topology, gain = substrates(kind, rng)
            genome.to(topology["pos"].device)
            return self.world(kind, topology, gain, rule, generator, genome)

        return sampled_environments(
            list(product(genomes, self.substrate)), make, every=self.renew_every, seed=self.seed
        )

    def world(
        self,
        kind: str,
        topology: Data,
        gain: float,
        rule: NCAConv,
        generator: torch.Generator,  # noqa: ARG002
        genome: Genome | None = None,
    ) -> World:
        """A seed with the genome of the picture that it becomes; without one, of the first picture."""
        name = self.targets[0] if genome is None else genome.name
        target = load_target(name, size=self.size, padding=self.padding)
        view = seeded_view(topology, *target.shape[-2:], gain=gain)
        loss = PixelLoss(target, rasterizer=view).to(topology["pos"].device)
        seed = point_seed(topology, rule.num_channels)
        return World(topology, seed, last_state(loss), loss, f"{name}, {kind}", genome=genome)

    def card(self) -> dict[str, Any]:
        """What it grows, and where."""
        own = {"targets": list(self.targets), "size": self.size, "padding": self.padding}
        return own | super().card() | {"recipe": "persistent, with a trained genome for each target"}


if __name__ == "__main__":
    train_from_command_line(SpeciationRecipe, __doc__, sampled_torus)
