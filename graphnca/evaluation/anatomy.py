"""Where eye and flank of the newt lie on a substrate."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch_geometric.data import Data

from ..targets.newt import BODY, EYE
from .scores import seeded_position
from .subject import PADDING, SIZE


@dataclass(frozen=True)
class Anatomy:
    """Where eye and flank lie in a newt of `size` pixels with `padding` around, in pixels from its middle."""

    size: int = SIZE
    padding: int = PADDING

    @property
    def side(self) -> int:
        """Of the picture, in pixels."""
        return self.size + 2 * self.padding

    @property
    def shift(self) -> tuple[int, int]:
        """From the eye to the place of the graft, in whole pixels: its middle comes to the middle of the flank."""
        return round((BODY[0] - EYE[0]) * self.size), round((BODY[1] - EYE[1]) * self.size)

    @cached_property
    def eye(self) -> tuple[float, float, float]:
        """Middle and radius of the eye, from where the seed lies: the middle of pixel side // 2."""
        x, y, radius = (value * self.size for value in EYE)
        seed = self.side // 2 + 0.5 - self.padding
        return x - seed, y - seed, radius

    def from_eye(self, topology: Data) -> Float[Tensor, "n 2"]:
        """Every cell's place, from the middle of the eye."""
        return topology["pos"][:, :2] - torch.tensor(seeded_position(topology)) - torch.tensor(self.eye[:2])

    def upper_half(self, topology: Data) -> Bool[Tensor, " n"]:
        """The cells of the upper half of the eye: those above its middle in the square around it."""
        x, y = self.from_eye(topology).unbind(-1)
        return (x.abs() < self.eye[2]) & (y < 0) & (y > -self.eye[2])

    def around_eye(self, topology: Data, reach: float) -> Bool[Tensor, " n"]:
        """The cells within so many radii of the eye's middle, its upper half left out."""
        near = self.from_eye(topology).norm(dim=-1) < reach * self.eye[2]
        return near & ~self.upper_half(topology)

    def lower_half(self) -> Bool[Tensor, "h w"]:
        """The pixels of the lower half of the eye, those at its edge left out."""
        x, y, radius = self.eye
        pixel = torch.arange(self.side) - self.side // 2
        across, down = pixel[None, :] - x, pixel[:, None] - y
        return (torch.hypot(across, down) < radius - 0.5) & (down > 0)

    def moved(self, mask: Bool[Tensor, "h w"]) -> Bool[Tensor, "h w"]:
        """Pixels moved from the eye to the place of the graft."""
        return mask.roll(self.shift[::-1], (0, 1))
