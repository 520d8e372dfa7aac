"""Growing Isotropic NCA: a picture from a single cell, in any orientation (Mordvintsev et al. 2022)."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch_geometric.data import Data

from ...layers import NCAConv
from ...losses import RotationInvariantLoss
from ...models import isonca
from ...seeds import point_seed
from ...targets import auxiliary_channels, with_auxiliary
from ..config import TrainingConfig
from ..objectives import grown_and_still
from ..pool_policy import PoolPolicy
from ..schedules import Cosine, Warmup
from ..worlds import World
from .cuts import cuts_around
from .picture import PictureRecipe, seeded_cell, seeded_view

POOL = 256  # states in training at a time, on all substrates together, as published
POOL_MULTIPLE = 8  # each substrate's part is one, so that several processes can share it
SEED_EVERY = 4  # iterations between two seeds in the batch, once there are not always some
WARM_UP = 300  # iterations; with them 1e-3 is stable
LOWEST_RATE = 1e-5  # at the end of the cosine
SEED_UNTIL = 3000  # iterations


@dataclass(frozen=True, kw_only=True)
class IsoNCARecipe(PictureRecipe):
    """The published numbers, with one cosine in place of 25 triangles, and the seed in place of a batch's worst."""

    summary: ClassVar[str] = (
        "a picture from a single cell, in any orientation (Growing Isotropic NCA) [48 pixels, 8000 iterations]"
    )

    auxiliary: str = "binary,axis:3"
    """Extra target channels with the weight of their squared error: binary, axis, side, radial4, ...; or none."""
    rank: bool = True
    """Whether the seed replaces the worst of a batch, or a random one (as published)."""
    seed_always_until: int = SEED_UNTIL
    """Iteration before which every batch gets a seed, and from then on every fourth."""
    stop: int = 0
    """Iteration to stop at while the learning rate falls as for all of them; 0: at the end."""
    out: str = "runs/isonca-lizard"

    @classmethod
    def usual_padding(cls, size: int) -> int:
        """A quarter."""
        return size // 4

    def shortened(self) -> "IsoNCARecipe":
        """The recipe with what is published for 8,000 iterations in proportion to fewer."""
        return replace(self, seed_always_until=min(SEED_UNTIL, 3 * self.iterations // 8))

    def untrained(self) -> NCAConv:
        """The published architecture."""
        return isonca()

    def config(self) -> TrainingConfig:
        """The numbers."""
        return self.config_of(
            iterations=self.stop or self.iterations,
            schedule=Warmup(Cosine(self.rate, LOWEST_RATE, self.iterations), WARM_UP),
            pool=PoolPolicy(
                -(-POOL // len(self.substrate) // POOL_MULTIPLE) * POOL_MULTIPLE,
                seed_always_until=self.seed_always_until,
                seed_every=SEED_EVERY,
                rank=self.rank,
            ),
        )

    def world(self, kind: str, topology: Data, gain: float, rule: NCAConv, generator: torch.Generator) -> World:  # noqa: ARG002
        """A single cell that is to become the target in any orientation, to stay it, and to stay still."""
        target = with_auxiliary(self.image, self.auxiliary)
        weights = [1.0] * 4 + [weight for _, weight in auxiliary_channels(self.auxiliary)]
        cell = seeded_cell(topology)
        view = seeded_view(topology, *self.shape, gain, cell=cell)
        loss = RotationInvariantLoss(target, channel_weights=weights, rasterizer=view).to(topology["pos"].device)
        seed, name = point_seed(topology, rule.num_channels, at=cell), f"{kind} of gain {gain:.3f}"
        return World(topology, seed, grown_and_still(loss), loss, name, damage=cuts_around(topology, cell))

    def card(self) -> dict[str, Any]:
        """What it grows, and where."""
        return super().card() | {"auxiliary channels": self.auxiliary}
