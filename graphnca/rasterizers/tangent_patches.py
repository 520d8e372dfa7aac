"""A surface in space as several images, each of it unrolled around another cell."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import Data

from ..arguments import at_least, checked
from .interpolation import Interpolation
from .tangent_patch import TangentPatch

PLACES_SEED = 0  # of the cells that are looked at: a surface always has the same patches
LOOKED_AT = 4  # times as many cells as there are to be patches


class TangentPatches(nn.Module):
    """States of the cells of a surface in space as images of it, each unrolled around another cell.

    So a loss that asks what there is, and not where, sees a whole surface: at each call some of its `TangentPatch`es
    are drawn anew, for all states the same ones. A patch counts if its disk unrolls one to one; where a surface is
    narrower than a patch, there is none.

    Args:
        topology: One substrate of the contract, a surface in space.
        side: Rows and columns of an image, one pixel a unit.
        count: Images of each state.
        places: Patches to draw from, around random cells.
        interpolation: Between the corners of a triangle of cells.
        generator: Of what is drawn, on the CPU; by default torch's own.

    Attributes:
        patches: All of them.

    Shape:
        states (..., N, C) -> images (..., count, C, side, side), differentiable in the states.

    Raises:
        ValueError: A number below 1, a topology that is no surface in space, or one that is narrower than a patch
            everywhere.
    """

    @checked
    def __init__(
        self,
        topology: Data,
        side: int,
        *,
        count: int = 4,
        places: int = 64,
        interpolation: Interpolation = "nearest",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        at_least(1, side=side, count=count, places=places)
        self.count, self.generator = count, generator
        order = torch.randperm(len(topology["pos"]), generator=torch.Generator().manual_seed(PLACES_SEED)).tolist()
        found: list[TangentPatch] = []
        for cell in order[: LOOKED_AT * places]:
            patch = TangentPatch(topology, side, at=cell, interpolation=interpolation)
            found += [patch] if patch.one_to_one else []
            if len(found) == places:
                break
        if not found:
            raise ValueError(f"`side` must be less: no disk of {side} units of this surface unrolls one to one.")
        self.patches = nn.ModuleList(found)

    def forward(self, states: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b k c h w"]:
        """The images (..., count, C, side, side) of states (..., N, C)."""
        drawn = torch.randint(len(self.patches), (self.count,), generator=self.generator).tolist()
        return torch.stack([self.patches[number](states) for number in drawn], dim=-4)
