"""Damage: regions of the plane in which every cell is set to zero, or filled with noise.

A region is a mask over the cells whose centres lie in it, measured from a point the shortest way round a torus. So a
damage is the same on every substrate: the same part of the plane, whatever the cells.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch_geometric.data import Data

from .arguments import at_least, checked

CENTRE_RANGE = 0.5  # of the half-width: how far from the middle the centre of a random disk lies
RADIUS_RANGE = (0.1, 0.4)  # of the half-width (all published trainings)
ON_THE_LINE = (
    1e-4  # units: a cell's centre nearer to a line than that lies on it, whatever the rounding of its position
)

Point = tuple[float, float]


@checked
def random_disks(
    topology: Data,
    count: int,
    *,
    generator: torch.Generator | None = None,
    half_width: float | None = None,
    centre: Point | None = None,
) -> Bool[Tensor, "b n"]:
    """`count` random disks, as masks over the cells: centre uniform in +-0.5, radius uniform in 0.1-0.4 half-widths.

    Args:
        topology: The substrate.
        count: How many disks.
        generator: Source of the random numbers, on the CPU.
        half_width: The unit, in units of length; by default half the shorter side of the domain, so that a disk is a
            disk on every substrate. Give one, and the same generator draws the same disks on substrates of any size.
        centre: The point (x, y) that the disks lie around; the middle of the domain by default.

    Raises:
        ValueError: If `half_width` is not positive.
    """
    at_least(0, count=count)
    if half_width is not None and not half_width > 0:
        raise ValueError(f"`half_width` must be a positive length in units, got {half_width!r}.")
    extent = topology["extent"].view(2).cpu()
    half = extent.min() / 2 if half_width is None else torch.tensor(half_width)
    middle = extent / 2 if centre is None else torch.tensor(centre)
    numbers = torch.rand(count, 3, generator=generator)
    centres = middle + half * CENTRE_RANGE * (2 * numbers[:, :2] - 1)
    radii = half * (RADIUS_RANGE[0] + (RADIUS_RANGE[1] - RADIUS_RANGE[0]) * numbers[:, 2])
    return disks(topology, centres, radii)


@checked
def disks(topology: Data, centres: Float[Tensor, "b 2"], radii: Float[Tensor, " b"]) -> Bool[Tensor, "b n"]:
    """The cells whose centres lie inside each disk; centres and radii in units, round the seam of a torus."""
    offset = _offsets(topology, centres)
    return offset.square().sum(-1) < radii.to(offset)[:, None] ** 2


@checked
def half_plane(topology: Data, centre: Point, angle: float) -> Bool[Tensor, " n"]:
    """The cells on one side of a line through a point (x, y): those in the direction `angle`, not those on the line.

    0 is the right half, pi / 2 the lower, pi the left, -pi / 2 the upper (radians from x towards y, and y points down).
    A torus is cut opposite the point.
    """
    x, y = _offsets(topology, torch.tensor([centre]))[0].double().unbind(-1)
    return x * math.cos(angle) + y * math.sin(angle) > ON_THE_LINE


@checked
def quadrant(topology: Data, centre: Point, angle: float) -> Bool[Tensor, " n"]:
    """The cells in the right angle at a point (x, y) that begins in the direction `angle` and opens from x towards y.

    0 is the lower right quarter, pi / 2 the lower left, pi the upper left, -pi / 2 the upper right.
    """
    return half_plane(topology, centre, angle) & half_plane(topology, centre, angle + math.pi / 2)


@checked
def square(topology: Data, centre: Point, side: float) -> Bool[Tensor, " n"]:
    """The cells whose centres lie inside an upright square around a point (x, y), its side in units.

    Of the four sides the left and the upper one belong to it: on squares, an even side around a cell's centre takes
    side x side cells, from side / 2 before that cell to side / 2 - 1 behind it, as the article's cuts do.
    """
    offset = _offsets(topology, torch.tensor([centre]))[0] + ON_THE_LINE
    return ((offset >= -side / 2) & (offset < side / 2)).all(-1)


@checked
def random_cells(
    topology: Data, count: int, share: float, *, generator: torch.Generator | None = None
) -> Bool[Tensor, "b n"]:
    """`count` masks in which every cell is with probability `share`, each cell by itself.

    Raises:
        ValueError: If `share` is no probability.
    """
    at_least(0, count=count)
    if not 0 <= share <= 1:
        raise ValueError(f"`share` must lie in 0..1, got {share!r}.")
    pos = topology["pos"]
    return (torch.rand(count, len(pos), generator=generator) < share).to(pos.device)


@checked
def erase(x: Float[Tensor, "*b n c"], mask: Bool[Tensor, "*m n"]) -> Float[Tensor, "*b n c"]:
    """The states with the masked cells, `(N,)` or one mask for each, set to zero in all channels."""
    return x.masked_fill(mask.unsqueeze(-1), 0.0)


@checked
def scramble(
    x: Float[Tensor, "*b n c"],
    mask: Bool[Tensor, "*m n"],
    bound: float = 1.0,
    *,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "*b n c"]:
    """The states with every channel of the masked cells drawn anew, uniformly within +-`bound`.

    Args:
        x: States.
        mask: `(N,)` or one mask for each state.
        bound: Of the noise.
        generator: Source of the random numbers, on the CPU.
    """
    noise = bound * (2 * torch.rand(x.shape, generator=generator) - 1)
    return torch.where(mask.unsqueeze(-1), noise.to(x), x)


def _offsets(topology: Data, centres: Float[Tensor, "b 2"]) -> Float[Tensor, "b n 2"]:
    """From each point to every cell's centre, the shortest way round a torus."""
    pos = topology["pos"][:, :2]
    offset = pos[None] - centres.to(pos)[:, None]
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        offset = offset - extent * torch.round(offset / extent)
    return offset
