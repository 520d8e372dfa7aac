"""Growing NCA: a picture from a single cell, upright (Mordvintsev et al. 2020)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch_geometric.data import Data

from ...layers import NCAConv
from ...layers.life import ALPHA
from ...losses import PixelLoss
from ...models import growing_nca
from ...seeds import point_seed
from ..config import TrainingConfig
from ..objectives import last_state
from ..pool_policy import PoolPolicy
from ..rollout_damage import RolloutDamage
from ..schedules import MultiStep
from ..worlds import World
from .cuts import CUTS, DISKS, cuts_around
from .picture import PictureRecipe, seeded_cell, seeded_view
from .recipe import pair

REGIMES = {
    "naive": PoolPolicy(size=8, fresh=True),
    "persistent": PoolPolicy(size=1024, seed_always_until=0, seed_every=1, damage_every=0, rank=True),
    "regenerating": PoolPolicy(size=1024, seed_always_until=0, seed_every=1, damage_every=1, damage_count=3, rank=True),
    "hardened": PoolPolicy(size=1024, seed_always_until=0, seed_every=1, damage_every=1, damage_count=3, rank=True),
}
"""Growing NCA's three experiments, and damage over time (ours, for damage that is repeated while a pattern regrows)."""
STEPS = (64, 96)  # of a rollout, as published
HARDENED_STEPS = (96, 128)  # of a rollout: damage as often as in 64 to 95 steps, and time to heal the last of it
HARDENED_DAMAGE = (20, 40)  # steps between, and at the end: without those a rule learns to look right soon, not to heal
SIZE, PADDING = 40, 16  # pixels, as published
MIDDLE = (0.5, 0.5)  # of a picture


def check_regime(regime: str) -> None:
    """Whether there is such a regime.

    Raises:
        ValueError: If not.
    """
    if regime not in REGIMES:
        raise ValueError(f"`regime` must be one of {sorted(REGIMES)}, got {regime!r}.")


@dataclass(frozen=True, kw_only=True)
class GrowingRecipe(PictureRecipe):
    """One of the three published regimes, or the hardened one."""

    summary: ClassVar[str] = "a picture from a single cell, upright (Growing NCA) [40 pixels, 8000 iterations]"

    regime: str = "regenerating"
    """naive, persistent, regenerating or hardened."""
    size: int = SIZE
    padding: int = PADDING
    num_channels: int = 16
    """State channels of an untrained rule."""
    hidden_size: int = 128
    """Width of its update network."""
    rate: float = 2e-3
    milestones: tuple[int, ...] = (2000,)
    """Iterations from which on the rate is a tenth of what it was."""
    steps: tuple[int, ...] = (0, 0)
    """Steps of a rollout, the second number not included; 0 0: the regime's. Longer ones teach a rule not to drift."""
    rollout_damage: tuple[int, ...] = (0, 0)
    """Steps between two disks that half a batch loses while it grows, and steps at the end without any; 0 0: the
    regime's."""
    cut: tuple[str, ...] = (DISKS,)
    """What damaged samples lose: disks, as published, halves, or either."""
    seed_at: tuple[float, float] = MIDDLE
    """Where the seed lies in the picture, in parts of `size` from above left of the square around it."""
    out: str = "runs/growing-lizard"

    def __post_init__(self) -> None:
        check_regime(self.regime)
        if not self.cut or not set(self.cut) <= set(CUTS):
            raise ValueError(f"`cut` must be some of {CUTS}, got {self.cut!r}.")
        if len(self.seed_at) != 2 or not all(0 <= part <= 1 for part in self.seed_at):
            raise ValueError(f"`seed_at` must be two numbers from 0 to 1, got {self.seed_at}.")

    def shortened(self) -> "GrowingRecipe":
        """The recipe with what is published for 8,000 iterations in proportion to fewer."""
        return replace(self, milestones=(max(1, self.iterations // 4),))

    def untrained(self) -> NCAConv:
        """The published architecture."""
        return growing_nca(self.num_channels, self.hidden_size)

    def config(self) -> TrainingConfig:
        """The numbers."""
        hardened = self.regime == "hardened"
        every, rest = _own("rollout_damage", self.rollout_damage) or (HARDENED_DAMAGE if hardened else (0, 0))
        policy = REGIMES[self.regime]
        return self.config_of(
            steps=_own("steps", self.steps) or (HARDENED_STEPS if hardened else STEPS),
            rollout_damage=RolloutDamage(every, self.batch_size // 2, rest) if every else None,
            schedule=MultiStep(self.rate, self.milestones),
            pool=replace(policy, size=max(self.batch_size, policy.size // len(self.substrate))),
        )

    def world(self, kind: str, topology: Data, gain: float, rule: NCAConv, generator: torch.Generator) -> World:  # noqa: ARG002
        """A single cell that is to become the target: the mean squared error of RGBA of the last state."""
        x, y = (float(round((part - 0.5) * self.size)) for part in self.seed_at)
        middle = seeded_cell(topology)
        place = topology["pos"][middle, :2]
        planted = (x or y) and "frame" not in topology  # a surface has no middle but where the seed lies
        seed = point_seed(topology, rule.num_channels, at=place + place.new_tensor([x, y]) if planted else middle)
        cell = int(seed[:, ALPHA].argmax())
        view = seeded_view(topology, *self.shape, gain, cell=cell, offset=(x, y))
        loss = PixelLoss(self.image, rasterizer=view).to(topology["pos"].device)
        return World(topology, seed, last_state(loss), loss, kind, damage=cuts_around(topology, cell, self.cut))

    def card(self) -> dict[str, Any]:
        """What it grows, how, and where."""
        planted = {} if self.seed_at == MIDDLE else {"seed at": list(self.seed_at)}
        cut = {} if self.cut == (DISKS,) else {"cut": list(self.cut)}
        return super().card() | {"regime": self.regime} | cut | planted


def _own(name: str, values: Sequence[int]) -> tuple[int, int] | None:
    """Two numbers of steps that were asked for; None where the regime's are.

    Raises:
        ValueError: If they are not two of at least 1.
    """
    if not any(values):
        return None
    first, second = pair(name, tuple(values))
    if min(first, second) < 1:
        raise ValueError(f"`{name}` must be two numbers of at least 1, got {first} and {second}.")
    return first, second
