"""Damage: regions of the plane in which every cell is set to zero, or filled with noise.

A region is a mask over the cells whose centres lie in it, measured from a point the shortest way round a torus. So a
damage is the same on every substrate: the same part of the plane, whatever the cells. On a surface in space disks are
geodesic, measured along the surface from a cell, and a plane in space cuts it in halves.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch_geometric.data import Data

from .arguments import at_least, checked
from .geodesics import unrolled
from .places import Place, cell_at, nearest_cells, point_in_plane

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
    centre: Place | None = None,
) -> Bool[Tensor, "b n"]:
    """`count` random disks, as masks over the cells: centre uniform in +-0.5, radius uniform in 0.1-0.4 half-widths.

    On a surface the centres are anywhere on it, or, round a given one, at offsets that are drawn as in the plane.

    Args:
        topology: The substrate.
        count: How many disks.
        generator: Source of the random numbers, on the CPU.
        half_width: The unit, in units of length; by default half the shorter side of the domain, so that a disk is a
            disk on every substrate; on a surface half the side of a square of its area. Give one, and the same
            generator draws the same disks on substrates of any size.
        centre: The `Place` that the disks lie around; the middle of the domain by default.

    Raises:
        ValueError: If `half_width` is not positive.
    """
    at_least(0, count=count)
    if half_width is not None and not half_width > 0:
        raise ValueError(f"`half_width` must be a positive length in units, got {half_width!r}.")
    if "frame" in topology:
        return _random_geodesic_disks(topology, count, generator, half_width, centre)
    extent = topology["extent"].view(2).cpu()
    half = extent.min() / 2 if half_width is None else torch.tensor(half_width)
    middle = extent / 2 if centre is None else point_in_plane(topology, centre).cpu()
    numbers = torch.rand(count, 3, generator=generator)
    centres = middle + half * CENTRE_RANGE * (2 * numbers[:, :2] - 1)
    radii = half * (RADIUS_RANGE[0] + (RADIUS_RANGE[1] - RADIUS_RANGE[0]) * numbers[:, 2])
    return disks(topology, centres, radii)


@checked
def disks(
    topology: Data, centres: Float[Tensor, "b d"] | Int[Tensor, " b"], radii: Float[Tensor, " b"]
) -> Bool[Tensor, "b n"]:
    """The cells whose centres lie inside each disk; centres and radii in units, round the seam of a torus.

    A centre is a point or a cell. On a surface points are (x, y, z), and the radius is measured along it.
    """
    cells = None if centres.is_floating_point() else [cell_at(topology, int(cell)) for cell in centres]
    if "frame" in topology:
        return _geodesic_disks(topology, nearest_cells(topology, centres).tolist() if cells is None else cells, radii)
    if cells is not None:
        centres = topology["pos"][cells, :2]
    offset = _offsets(topology, centres)
    return offset.square().sum(-1) < radii.to(offset)[:, None] ** 2


@checked
def half_space(
    topology: Data, point: tuple[float, float, float], direction: tuple[float, float, float]
) -> Bool[Tensor, " n"]:
    """The cells of a surface on one side of a plane in space: through a point, those in the direction.

    Raises:
        ValueError: If the substrate lies in the plane.
    """
    if "frame" not in topology:
        raise ValueError("`topology` must be a surface in space; a substrate of the plane has a `half_plane`.")
    pos = topology["pos"]
    along = torch.tensor(direction, dtype=torch.float64)
    offset = pos.cpu().double() - torch.tensor(point, dtype=torch.float64)
    return (offset @ along > ON_THE_LINE * along.norm()).to(pos.device)


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


def _geodesic_disks(topology: Data, cells: list[int], radii: Float[Tensor, " b"]) -> Bool[Tensor, "b n"]:
    inside = [
        unrolled(topology, cell, radius).norm(dim=1) < radius
        for cell, radius in zip(cells, radii.tolist(), strict=True)
    ]
    return torch.stack(inside) if inside else torch.zeros(0, len(topology["pos"]), dtype=torch.bool)


def _random_geodesic_disks(
    topology: Data, count: int, generator: torch.Generator | None, half_width: float | None, centre: Place | None
) -> Bool[Tensor, "b n"]:
    area = topology["area"].cpu().double()
    half = float(area.sum()) ** 0.5 / 2 if half_width is None else half_width
    numbers = torch.rand(count, 3, generator=generator)
    radii = half * (RADIUS_RANGE[0] + (RADIUS_RANGE[1] - RADIUS_RANGE[0]) * numbers[:, 2])
    if centre is None:
        cells = torch.searchsorted(area.cumsum(0), numbers[:, 0].double() * area.sum()).clamp(max=len(area) - 1)
    else:
        offsets = half * CENTRE_RANGE * (2 * numbers[:, :2] - 1)
        places = unrolled(topology, cell_at(topology, centre), half).cpu()
        cells = torch.cdist(offsets, places.nan_to_num(posinf=1e6)).argmin(1)
    return _geodesic_disks(topology, cells.tolist(), radii)


def _offsets(topology: Data, centres: Float[Tensor, "b 2"]) -> Float[Tensor, "b n 2"]:
    """From each point to every cell's centre, the shortest way round a torus.

    Raises:
        ValueError: If the substrate is a surface in space, or a point is none of the plane.
    """
    if "frame" in topology:
        raise ValueError("`topology` must lie in the plane; a surface in space is cut by `disks` or `half_space`.")
    if centres.shape[1] != 2:
        raise ValueError(f"`centres` must be points (x, y) of the plane, got shape {tuple(centres.shape)}.")
    pos = topology["pos"][:, :2]
    offset = pos[None] - centres.to(pos)[:, None]
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        offset = offset - extent * torch.round(offset / extent)
    return offset
