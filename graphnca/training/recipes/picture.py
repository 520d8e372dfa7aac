"""What recipes for a picture that grows have in common."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from ...geodesics import unrolled
from ...places import cell_at
from ...rasterizers import NearestCell, TangentPatch
from ...targets import load_target
from .recipe import CELLS, Sampler, SubstratesRecipe

Offset = tuple[float, float]
SAMPLES = 2  # points per pixel side of the raster that a loss sees


def seeded_cell(topology: Data) -> int:
    """Where a training's seed lies: in the middle of the plane; on a surface nearest to a viewer far along its z."""
    return int(topology["pos"][:, 2].argmax()) if "frame" in topology else cell_at(topology, None)


def seeded_view(
    topology: Data, height: int, width: int, gain: float = 1.0, *, cell: int | None = None, offset: Offset = (0, 0)
) -> NearestCell | TangentPatch:
    """The raster that shows a pattern around the seed's cell in its normal size, a pixel a unit, whatever the gain.

    A surface in space is unrolled around the cell in the picture's middle.

    Args:
        topology: The substrate.
        height: Pixels.
        width: Pixels.
        gain: Factor of the Laplacian weights.
        cell: Where the seed lies; by default `seeded_cell`.
        offset: Units from the picture's middle to the seed.
    """
    cell = seeded_cell(topology) if cell is None else cell
    scale = gain**-0.5
    if "frame" in topology:
        middle = _cell_beside(topology, cell, (-offset[0], -offset[1]))
        return TangentPatch(topology, height, width, at=middle, scale=scale, interpolation="nearest", samples=SAMPLES)
    x, y = (place - by for place, by in zip(topology["pos"][cell, :2].tolist(), offset, strict=True))
    return NearestCell(topology, height, width, centre=(x, y), scale=scale, samples=SAMPLES)


def _cell_beside(topology: Data, cell: int, offset: Offset) -> int:
    """The cell so many units from another one, along the surface."""
    if not any(offset):
        return cell
    places = unrolled(topology, cell, 2 * float(np.hypot(*offset)))
    return int((places - places.new_tensor(offset)).norm(dim=1).argmin())


@dataclass(frozen=True, kw_only=True)
class PictureRecipe(SubstratesRecipe):
    """A picture, on any kinds of cells."""

    target: str = "lizard"
    """The name of an emoji, or the path of a picture with a transparent background."""
    size: int = 48
    """Pixels of the picture's longer side."""
    padding: int = 12
    """Empty pixels on each of its four sides."""
    gain_noise: float = 0.0
    """How far the gain of the Laplacian may be off on a training's substrate, up or down."""

    @classmethod
    def usual_padding(cls, size: int) -> int:
        """Empty pixels around a picture of another size, in the recipe's proportion."""
        return round(size * cls.padding / cls.size)

    @cached_property
    def image(self) -> Float[Tensor, "4 h w"]:
        """The picture, premultiplied RGBA."""
        return load_target(self.target, size=self.size, padding=self.padding)

    def of_image(self, image: Float[Tensor, "4 h w"]) -> "PictureRecipe":
        """The recipe for a picture that is at hand, whatever `target` says of it."""
        other = replace(self)
        vars(other)["image"] = image
        return other

    @property
    def shown(self) -> Tensor:
        """The picture."""
        return self.image

    @property
    def shape(self) -> tuple[int, int]:
        """Pixels of the picture; a substrate has as many cells."""
        height, width = self.image.shape[-2:]
        return height, width

    def sample(self, sampler: Sampler, kind: str, rng: np.random.Generator) -> tuple[Data, float]:
        """A substrate of a kind, whose gain may be off."""
        return sampler(kind, self.shape, rng, counted=CELLS, gain_noise=self.gain_noise, upright=True)

    def card(self) -> dict[str, Any]:
        """What it grows, and where."""
        own = {"target": self.target, "size": self.size, "padding": self.padding}
        return own | super().card() | {"gain noise": self.gain_noise}
