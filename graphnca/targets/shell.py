"""A shell that grows by chambers, each an enlarged and turned copy of the one before (gnomonic growth).

The outer wall is a logarithmic spiral r = R exp(b Theta). Every point of the plane lies in exactly one place of the
tube between two of its turns, and has two coordinates in it: how many chambers *along*, and how far *across*, from the
inner wall (0) to the outer one (1). The picture is a function of the two, so it is the same at every scale and angle
and on any cells.
"""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..regions import FROZEN, GROWING, MATURE

WHORL = 3.0  # growth of the radius in a full turn; about that of a nautilus
CHAMBER_AREA = 4.0**0.125  # of a chamber to the one before it: after eight, the shell has four times its area
BULGE = 0.25  # how far the middle of a septum lies behind its rims, in chambers
GROWTH = math.log(WHORL) / (2 * math.pi)  # b
CHAMBER_ANGLE = math.log(CHAMBER_AREA) / (2 * GROWTH)  # turn from a chamber to the next, radians
SLICES = 4096  # of the tube's width, in the integral of a chamber's area

# Interior at the back of a chamber beside the inner wall, and what is added on the way to the front and to the outer
# wall: green says how far along, blue how far across, so that a cell can read its chamber's scale and direction.
BACK, TO_FRONT, TO_OUTER = (0.90, 0.42, 0.72), (0.06, 0.46, 0.0), (0.0, 0.0, -0.55)
SEPTUM, WALL = (0.55, 0.22, 0.30), (0.28, 0.13, 0.07)
SEPTUM_SHARE, WALL_SHARE = 0.16, 0.14  # of a chamber's length, and of the tube's width
SOFTNESS = 0.04  # of their rims, in the same units


@dataclass(frozen=True)
class Shell:
    """Where a shell lies.

    Chamber number k lies between the fronts k - 1 and k; a shell "of k chambers" is everything behind front k, so of
    the ones before number 1 it has as many as can be seen.

    Attributes:
        scale: Distance from the pole to where front 0 meets the outer wall, in units of length.
        angle: Direction of that point, radians from x towards y (clockwise on the screen); the shell is coiled so that
            it grows in this sense.
        pole: The spiral's centre (x, y).
    """

    scale: float
    angle: float = 0.0
    pole: tuple[float, float] = (0.0, 0.0)

    def after(self, chambers: float) -> "Shell":
        """The same curve with the fronts counted from that many chambers further on: larger, and turned."""
        scale = self.scale * CHAMBER_AREA ** (chambers / 2)
        return replace(self, scale=scale, angle=self.angle + chambers * CHAMBER_ANGLE)

    def centred(self, middle: tuple[float, float], chambers: float) -> "Shell":
        """The same shell moved so that, with that many chambers, the middle of its bounding box lies there."""
        turn = torch.linspace(-2 * math.pi, 0, 721, dtype=torch.float64) + chambers * CHAMBER_ANGLE
        radius = self.scale * torch.exp(GROWTH * turn)
        rim = radius * torch.stack([torch.cos(turn + self.angle), torch.sin(turn + self.angle)])
        x, y = ((rim.amin(1) + rim.amax(1)) / 2).tolist()
        return replace(self, pole=(middle[0] - x, middle[1] - y))

    def coordinates(self, pos: Float[Tensor, "*n 2"]) -> tuple[Float[Tensor, "*n"], Float[Tensor, "*n"]]:
        """Where points (x, y) lie in the tube: chambers along (0 at front 0), and across, in (0, 1]."""
        away = pos - torch.tensor(self.pole, dtype=pos.dtype, device=pos.device)
        radius = away.norm(dim=-1).clamp(min=1e-6 * self.scale)
        reach = torch.log(radius / self.scale) / GROWTH  # the angle at which the outer wall passes by
        direction = torch.atan2(away[..., 1], away[..., 0]) - self.angle
        behind = torch.remainder(direction - reach, 2 * math.pi)
        across = 1 - behind / (2 * math.pi)
        return (reach + behind) / CHAMBER_ANGLE + BULGE * 4 * across * (1 - across), across

    def image(
        self, pos: Float[Tensor, "n 2"], chambers: float, *, samples: int = 3, cell: float = 1.0
    ) -> Float[Tensor, "n 4"]:
        """Premultiplied RGBA of a shell of so many chambers on cells at the given places.

        Alpha is 1 where a cell's middle lies behind the front and 0 elsewhere, so that every cell belongs to exactly
        one chamber. The colour is the mean over `samples` x `samples` points in a square of side `cell`.
        """
        along, _ = self.coordinates(pos)
        steps = ((torch.arange(samples, dtype=pos.dtype, device=pos.device) + 0.5) / samples - 0.5) * cell
        offsets = torch.cartesian_prod(steps, steps)
        colour = _colour(*self.coordinates(pos[:, None] + offsets)).mean(1)
        alpha = (along < chambers).to(pos.dtype)[:, None]
        return torch.cat([colour * alpha, alpha], 1)

    def regions(self, pos: Float[Tensor, "n 2"], chambers: float) -> Int[Tensor, " n"]:
        """What may change while the next chamber grows: the last one is mature, those before are frozen."""
        along, _ = self.coordinates(pos)
        older = torch.where(along < chambers - 1, FROZEN, MATURE)
        return torch.where(along < chambers, older, GROWING)

    def chamber_area(self, number: float) -> float:
        """The area of a chamber; each is `CHAMBER_AREA` times as large as the one before.

        The tube at `across` t is a spiral of its own, r = R exp(b (Theta - 2 pi (1 - t))); a chamber's share of it is
        the integral of 2 pi b r^2 dt over its angles.
        """
        across = (torch.arange(SLICES, dtype=torch.float64) + 0.5) / SLICES
        shift = 2 * math.pi * (1 - across) + CHAMBER_ANGLE * BULGE * 4 * across * (1 - across)
        shape = float(torch.exp(-2 * GROWTH * shift).mean())
        front = math.pi * self.scale**2 * CHAMBER_AREA**number
        return front * (1 - 1 / CHAMBER_AREA) * shape


def _colour(along: Tensor, across: Tensor) -> Tensor:
    """RGB of the place in the tube: a shaded interior, a septum at the back of each chamber, the wall outside."""
    within = torch.remainder(along, 1.0)
    names = (BACK, TO_FRONT, TO_OUTER, SEPTUM, WALL)
    back, to_front, to_outer, septum, wall = (torch.tensor(colour).to(along) for colour in names)
    colour = back + to_front * within[..., None] + to_outer * across[..., None]
    colour = colour + (septum - colour) * torch.sigmoid((SEPTUM_SHARE - within) / SOFTNESS)[..., None]
    return colour + (wall - colour) * torch.sigmoid((across - 1 + WALL_SHARE) / SOFTNESS)[..., None]
