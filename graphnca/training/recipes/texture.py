"""Self-Organising Textures: a texture that covers everything, from nothing (Niklasson et al. 2021, as of 2022)."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from ...damage import random_disks, scramble
from ...features.named import load_features
from ...features.vgg import Statistic
from ...layers import NCAConv, in_8_bits
from ...losses import MotionLoss, OverflowLoss, TextureLoss
from ...losses.texture import COLOURS
from ...models import texture_nca
from ...rasterizers import NearestCell, TangentPatches
from ...templates import DEEPEST, load_material, load_template
from ..config import TrainingConfig
from ..guard import BEYOND_RECOVERY
from ..objectives import also_moving, last_state_in_bounds
from ..pool_policy import PoolPolicy
from ..schedules import MultiStep
from ..worlds import World
from .recipe import UNITS, Sampler, SubstratesRecipe, pair

RGB_OFFSET = 0.5  # rgb = state + 0.5, as published
SIZE = 64  # units along a side: a fourth of the published area, and still four periods of the drawn templates
TEMPLATE_SIZE = 128  # pixels of a template's side, as published
FACTOR = 0.3  # of the rate at each milestone, as published
SEED_EVERY = 8  # iterations between two seeds in the batch, as published
EXPLOSION = 50.0  # |x| of a lost sample where there is noise: short of it, a rule learns from states that run away
PARTS = 2  # along a side: a sphere's patches are stretched by a third in their corners, and less elsewhere
HEIGHT, ROUGHNESS = 3, 4  # channels of a material, after its colours
MAPS = (HEIGHT, 1, ROUGHNESS)  # with green between them: height and roughness lie where the colours say
EARLIER, LATER = 16, 32  # steps between which a texture moves as it is to: as many as the shortest rollout has
BOUND = 1.0  # states beyond it overflow, as published


def whole_view(topology: Data, generator: torch.Generator | None = None) -> NearestCell | TangentPatches:
    """The raster that shows everything, a pixel a unit, a cell a pixel: means over cells would blur meshes alone.

    Of a surface in space, which can't be shown whole, patches of half the side of a square of its area, and so many
    that they have as many pixels; the generator draws which.
    """
    if "frame" in topology:
        side = round(float(topology["area"].sum()) ** 0.5 / PARTS)
        return TangentPatches(topology, side, count=PARTS**2, generator=generator)
    width, height = (max(1, round(length)) for length in topology["extent"].view(-1).tolist())
    return NearestCell(topology, height, width)


@dataclass(frozen=True, kw_only=True)
class SeenRecipe(SubstratesRecipe):
    """Cells that are all alike become a picture that features see."""

    features: str = "vgg16"
    """What sees the pictures: vgg16, filter-bank, or the path of a file of weights."""
    precision: str = "float32"
    """Type of a VGG's convolutions: float32 or bfloat16, which some processors compute in half the time."""
    size: int = SIZE
    """Units along a side of the torus."""
    num_channels: int = 12
    """State channels of an untrained rule."""
    hidden_size: int = 96
    """Width of its update network."""
    eight_bits: bool = False
    """Whether the rule is trained in 8 bits."""
    pool_size: int = 256
    """States in training at a time, of all substrates together."""
    batch_size: int = 4

    rgb_offset: ClassVar[float | None] = RGB_OFFSET

    def config_of(self, **numbers: Any) -> TrainingConfig:
        """The network's own products are float32: `precision` is that of what sees the pictures."""
        return super().config_of(**{"precision": "float32"} | numbers)

    @cached_property
    def seeing(self) -> nn.Module:
        """The features."""
        return load_features(self.features, precision=self.precision)

    @property
    def shape(self) -> tuple[int, int]:
        """In units."""
        return self.size, self.size

    def sample(self, sampler: Sampler, kind: str, rng: np.random.Generator) -> tuple[Data, float]:
        """A substrate of a kind that has the shape in units."""
        return sampler(kind, self.shape, rng, counted=UNITS, gain_noise=0.0)

    def untrained(self) -> NCAConv:
        """The published architecture."""
        return texture_nca(self.num_channels, self.hidden_size)

    def rule(self) -> NCAConv:
        """The rule to go on from, in 8 bits where that was asked for."""
        return in_8_bits(super().rule()) if self.eight_bits else super().rule()

    @property
    def part(self) -> int:
        """Entries of each substrate's pool."""
        return max(self.batch_size, self.pool_size // len(self.substrate))

    def card(self) -> dict[str, Any]:
        """What sees it, and where."""
        seeing = str(getattr(self.seeing, "description", self.features))
        return {"features": seeing, "rgb_offset": RGB_OFFSET, "size": self.size} | super().card()


@dataclass(frozen=True, kw_only=True)
class TextureRecipe(SeenRecipe):
    """The published numbers."""

    summary: ClassVar[str] = "a texture that covers everything (Self-Organising Textures) [64 units, 5000 iterations]"

    template: str
    """One of `graphnca.templates.template_names()`, or the path of an image."""
    maps: bool = False
    """Whether a template with depth is learnt with its height and roughness, in channels 3 and 4."""
    statistic: str = "sliced_ot"
    """sliced_ot or gram."""
    iterations: int = 5000
    milestones: tuple[int, ...] = (1000, 2000)
    """Iterations from which on the rate is 0.3 of what it was."""
    motion: tuple[float, ...] = (0.0, 0.0)
    """Units to the right, and down, that the picture is to move in a step; 0 0: it may, but is not asked to."""
    steps: tuple[int, ...] = (32, 96)
    """Steps of a rollout: at least the first number, and fewer than the second."""
    damage_every: int = 0
    """Iterations between two in which a sample has a disk of noise; 0, as published: never. A rule that has not seen
    noise may explode from it."""
    out: str = "runs/texture"

    @property
    def shown(self) -> Tensor:
        """The template."""
        return load_template(self.template, TEMPLATE_SIZE)

    @property
    def learnt(self) -> Tensor:
        """The template with all that is learnt of it."""
        return load_material(self.template, TEMPLATE_SIZE) if self.maps else self.shown

    def shortened(self) -> "TextureRecipe":
        """The recipe with what is published for 5,000 iterations in proportion to fewer."""
        return replace(self, milestones=(max(1, self.iterations // 5), max(2, 2 * self.iterations // 5)))

    def config(self) -> TrainingConfig:
        """The numbers."""
        steps = pair("steps", self.steps)
        if any(pair("motion", self.motion)) and steps[0] < LATER:
            raise ValueError(f"`steps` must be at least {LATER} where there is `motion`, got {steps[0]}.")
        return self.config_of(
            steps=steps,
            schedule=MultiStep(self.rate, self.milestones, FACTOR),
            pool=PoolPolicy(size=self.part, seed_always_until=0, seed_every=SEED_EVERY, damage_every=self.damage_every),
            explosion=EXPLOSION if self.damage_every else BEYOND_RECOVERY,
        )

    def world(self, kind: str, topology: Data, gain: float, rule: NCAConv, generator: torch.Generator) -> World:  # noqa: ARG002
        """Cells that are all alike, and are to look like the template while their states stay within +-1.

        Samples that the pool policy damages have a random disk filled with noise within +-1.
        """
        device = topology["pos"].device
        loss = TextureLoss(
            self.seeing.to(device),
            self.learnt.to(device),
            cast(Statistic, self.statistic),
            rasterizer=whole_view(topology, generator),
            offset=RGB_OFFSET,
            generator=generator,
            views=(COLOURS, MAPS) if self.maps else (COLOURS,),
        ).to(device)

        def damage(states: Tensor, generator: torch.Generator) -> Tensor:
            disks = random_disks(topology, len(states), generator=generator)
            return scramble(states, disks, BOUND, generator=generator)

        seed = torch.zeros(len(topology["pos"]), rule.num_channels, device=device)
        objective = last_state_in_bounds(loss, OverflowLoss(BOUND, power=1))
        record = World.record
        if any(self.motion):
            record = EARLIER, LATER
            objective = also_moving(objective, self.moving(topology).to(device), earlier=EARLIER, later=LATER)
        return World(topology, seed, objective, loss, kind, damage=damage, record=record)

    def moving(self, topology: Data) -> MotionLoss:
        """How far a picture is from having moved as it is to, on a substrate in the plane.

        Raises:
            ValueError: If that is a surface.
        """
        if "frame" in topology:
            raise ValueError("`motion` is learnt in the plane, and then runs on surfaces: take a flat `substrate`.")
        width, height = topology["extent"].view(-1).tolist()
        x, y = ((LATER - EARLIER) * part for part in self.motion)
        size = round(height), round(width)
        return MotionLoss(NearestCell(topology, *size), NearestCell(topology, *size, origin=(x, y)))

    def card(self) -> dict[str, Any]:
        """What it makes, and where."""
        material = {"height": HEIGHT, "roughness": ROUGHNESS, "deepest": DEEPEST} if self.maps else {}
        motion = {"motion": list(self.motion)} if any(self.motion) else {}
        return {"template": self.template, "statistic": self.statistic} | material | motion | super().card()
