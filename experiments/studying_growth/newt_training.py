r"""Goes on training a newt so that skin below the upper half of an eye becomes the lower half, wherever it came from.

    python experiments/studying_growth/newt_training.py --start runs/growing-newt-plain/rule.safetensors \
        --out runs/growing-newt

Half of the iterations are the regenerating training of `growing/training.py`. The other half start from grown newts,
and three of a batch are operated: the lower half of the eye and what is around the eye, up to three times as far from
its middle as its edge, are replaced by tissue of the flank, all channels of all cells, and only the upper half of the
eye is left. These rollouts are short, 16 to 39 steps, so what is far away has no time to show what belongs there, and
the eye counts more in the loss. The picture that the rule is to restore is the newt as it is: it never sees an eye on
the flank. What it then does with an upper half that lies there is what `induction.py` shows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.anatomy import Anatomy
from graphnca.evaluation.runs import grow
from graphnca.graft import graft
from graphnca.layers import NCAConv
from graphnca.losses import PixelLoss
from graphnca.models import growing_nca
from graphnca.results.training import train_from_command_line
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from graphnca.training import MultiStep, Renewal, TrainingConfig, World, last_state
from graphnca.training.recipes import REGIMES, Recipe
from graphnca.training.recipes.growing import PADDING, SIZE
from graphnca.training.recipes.picture import seeded_view
from graphnca.training.recipes.recipe import Substrates
from topologies import sampled_torus

HEALING_STEPS = (16, 40)  # the upper bound is not included
REACH = (1.0, 3.0)  # radii of the eye: how far from its middle everything but the upper half is replaced
JITTER = 2.0  # pixels: how far from the middle of the flank the tissue is taken
EYE_WEIGHT = 5.0  # of the pixels in the square around the eye, of all others 1
GROWN = 150  # steps


def eye_in_strange_skin(
    states: Float[Tensor, "b n c"], topology: Data, anatomy: Anatomy, generator: torch.Generator
) -> Float[Tensor, "b n c"]:
    """Newts with tissue of the flank around the upper half of the eye, in place of the lower half and of the skin."""
    reach, *jitter = torch.rand(3, generator=generator).tolist()
    flank = [along + round(JITTER * (2 * part - 1)) for along, part in zip(anatomy.shift, jitter, strict=True)]
    everything = torch.ones(states.shape[-2], dtype=torch.bool)
    moved, _ = graft(states, topology, everything, (-float(flank[0]), -float(flank[1])))
    replaced = anatomy.around_eye(topology, REACH[0] + (REACH[1] - REACH[0]) * reach).to(states.device)
    return torch.where(replaced[:, None], moved, states)


def healing_loss(target: Tensor, view: Callable[[Tensor], Tensor], anatomy: Anatomy) -> Callable[[Tensor], Tensor]:
    """Mean squared error of RGBA in which the pixels of the eye count more."""
    x, y, radius = anatomy.eye
    pixel = torch.arange(anatomy.side) - anatomy.side // 2
    eye = ((pixel[None, :] - x).abs() < radius + 1) & ((pixel[:, None] - y).abs() < radius + 1)
    weight = torch.where(eye, EYE_WEIGHT, 1.0)

    def loss(states: Tensor) -> Tensor:
        return (weight * (view(states[..., :4]) - target).square()).mean((-3, -2, -1))

    return loss


@dataclass(frozen=True, kw_only=True)
class NewtRecipe(Recipe):
    """A newt that grows, and one whose eye heals."""

    size: int = SIZE
    """Pixels of the longer side of the target."""
    padding: int = PADDING
    """Empty pixels on each of the four sides."""
    num_channels: int = 16
    """State channels of an untrained rule, of which no newt is there to be operated at first."""
    iterations: int = 2500
    milestones: tuple[int, ...] = (1500,)
    """Iterations from which on the rate is a tenth of what it was."""
    pool_size: int = 512
    """Entries of each of the two pools."""
    out: str = "runs/growing-newt-healing"

    @cached_property
    def anatomy(self) -> Anatomy:
        """Of the picture."""
        return Anatomy(self.size, self.padding)

    @property
    def shape(self) -> tuple[int, int]:
        """Of the picture."""
        return self.anatomy.side, self.anatomy.side

    def untrained(self) -> NCAConv:
        """The published architecture."""
        return growing_nca(self.num_channels)

    def config(self) -> TrainingConfig:
        """The numbers."""
        pool = replace(REGIMES["regenerating"], size=self.pool_size)
        return self.config_of(schedule=MultiStep(self.rate, self.milestones), pool=pool)

    def worlds(
        self,
        rule: NCAConv,
        substrates: Substrates,
        generator: torch.Generator,  # noqa: ARG002
    ) -> tuple[list[World], Renewal | None]:
        """Growth from a seed, and healing of what has grown, on one torus of squares."""
        topology, _ = substrates("square", np.random.default_rng(self.seed))
        target, view = load_target("newt", size=self.size, padding=self.padding), seeded_view(topology, *self.shape)
        growing, healing = PixelLoss(target, rasterizer=view), healing_loss(target, view, self.anatomy)

        def operate(states: Tensor, generator: torch.Generator) -> Tensor:
            return torch.cat([eye_in_strange_skin(one, topology, self.anatomy, generator) for one in states.split(1)])

        seed = point_seed(topology, rule.num_channels)
        newt = grow(rule, topology, 1, (GROWN,), self.seed)[GROWN][0]
        worlds = [
            World(topology, seed, last_state(growing), growing, "growing"),
            World(topology, newt, last_state(healing), healing, "healing", damage=operate, steps=HEALING_STEPS),
        ]
        return worlds, None

    def card(self) -> dict[str, Any]:
        """What it grows, how, and where."""
        regime = "regenerating, and healing of an eye of which only the upper half is left, amid tissue of the flank"
        own = {"target": "newt", "size": self.size, "padding": self.padding, "regime": regime}
        return own | super().card()


if __name__ == "__main__":
    train_from_command_line(NewtRecipe, __doc__, sampled_torus)
