"""Fields of frames: by how many radians what a rule makes is to lie turned at every cell, and how that is drawn."""

import math

import torch
from jaxtyping import Float
from PIL import Image, ImageDraw
from torch import Tensor
from torch_geometric.data import Data

from ..rasterizers.locate import CellLocator

SPACING = 6  # units between two frames that are drawn
LENGTH = 0.4  # of the spacing: how long a drawn frame is
HEAD, BARB = 0.6, 0.45  # radians between an arrow and its barbs, and their length in arrows
POLES = (0.25, 0.75)  # of the substrate's sides, where a bipolar field comes from and goes to (texture demo)
DISC = 0.22  # of the shorter side: the radius of each of two discs


def offset_from(topology: Data, place: tuple[float, float]) -> Float[Tensor, "n 2"]:
    """Where each cell lies from a place given in shares of the sides, in units; on a torus the shortest way."""
    extent = topology["extent"].view(2)
    offset = topology["pos"][:, :2] - extent * torch.tensor(place, dtype=extent.dtype)
    return offset - extent * torch.round(offset / extent) if bool(topology["periodic"]) else offset


def pointing(direction: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
    """By how much each cell is turned so that its own "down" points in a direction, as in the texture demo."""
    return torch.atan2(-direction[:, 0], direction[:, 1])


def polar(topology: Data) -> Float[Tensor, " n"]:
    """Down is away from the middle."""
    return pointing(offset_from(topology, (0.5, 0.5)))


def bipolar(topology: Data) -> Float[Tensor, " n"]:
    """Down is along the field of two poles of opposite sign, a and b, a quarter of the diagonal from its ends.

    The field is r_a / |r_a|^3 - r_b / |r_b|^3, so each pole's strength falls with the square of the distance r.
    """
    field = torch.zeros(len(topology["pos"]), 2)
    for sign, share in zip((1.0, -1.0), POLES, strict=True):
        offset = offset_from(topology, (share, share))
        field = field + sign * offset / offset.norm(dim=-1, keepdim=True).clamp_min(1e-3) ** 3
    return pointing(field)


def halves(topology: Data) -> Float[Tensor, " n"]:
    """The right half is turned by 60 degrees."""
    return torch.where(topology["pos"][:, 0] >= topology["extent"][0, 0] / 2, math.radians(60.0), 0.0)


def discs(topology: Data) -> Float[Tensor, " n"]:
    """One disc is turned by 45 degrees, another by 90, and what is between them not at all."""
    radius = DISC * float(topology["extent"].min())
    turn = torch.zeros(len(topology["pos"]))
    for share, degrees in zip(POLES, (45.0, 90.0), strict=True):
        inside = offset_from(topology, (share, share)).norm(dim=-1) < radius
        turn = torch.where(inside, math.radians(degrees), turn)
    return turn


def with_frames(
    picture: Image.Image,
    topology: Data,
    turn: Float[Tensor, " n"],
    scale: float,
    *,
    window: tuple[float, float, float, float] | None = None,
    spacing: float = SPACING,
    colour: tuple[int, int, int] = (90, 90, 90),
    arrows: bool = False,
) -> Image.Image:
    """A picture with a short line every few units: where the cells there take x to point.

    Args:
        picture: Of `scale` pixels a unit; it is left as it was.
        topology: The substrate.
        turn: Radians at every cell.
        scale: Pixels a unit.
        window: The part (x0, y0, x1, y1) that it shows, in units; by default the whole substrate.
        spacing: Units between two lines.
        colour: Of the lines.
        arrows: Whether lines end in heads; by default they begin with dots.
    """
    picture = picture.copy()
    draw = ImageDraw.Draw(picture)
    width, height = topology["extent"][0].tolist()
    x0, y0, x1, y1 = (0.0, 0.0, width, height) if window is None else window
    locator, length = CellLocator(topology), spacing * scale * LENGTH
    across, down = (
        [spacing * (number + 0.5) for number in range(int(side / spacing + 0.5))] for side in (x1 - x0, y1 - y0)
    )
    for x in across:
        for y in down:
            cell = int(locator.nearest(torch.tensor([[x0 + x, y0 + y]]).double().numpy())[1][0, 0])
            angle, begin = float(turn[cell]), (x * scale, y * scale)
            end = (begin[0] + length * math.cos(angle), begin[1] + length * math.sin(angle))
            draw.line([begin, end], fill=colour)
            if arrows:
                for side in (-HEAD, HEAD):
                    back = (math.cos(angle + math.pi + side), math.sin(angle + math.pi + side))
                    draw.line([end, (end[0] + BARB * length * back[0], end[1] + BARB * length * back[1])], fill=colour)
            else:
                draw.ellipse([begin[0] - 1, begin[1] - 1, begin[0] + 1, begin[1] + 1], fill=colour)
    return picture
