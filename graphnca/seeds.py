"""The states that growth starts from, on any substrate: points are positions, never indices."""

import colorsys
import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import Data

RGB = 3  # colour channels; alpha and the hidden channels of a seed are 1
RING_RADIUS = 4.0  # units between the centre and the points of a structured seed (IsoNCA notebook)


def centre_of(topology: Data) -> Float[Tensor, " 2"]:
    """The middle of the domain, in units; of a substrate without extent, the middle of its cells."""
    if "extent" in topology:
        return topology["extent"].view(2) / 2
    return (topology["pos"].amin(0) + topology["pos"].amax(0))[:2] / 2


def nearest_cells(topology: Data, positions: Float[Tensor, "p 2"]) -> Int[Tensor, " p"]:
    """The cell nearest to each position, on a torus by the shortest way round; of several, the last.

    So the middle of a square grid of even size is the cell at index size // 2, as in the published code.
    """
    offset = topology["pos"][None, :, :2] - positions.to(topology["pos"].device)[:, None]
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        offset = offset - extent * torch.round(offset / extent)
    distance = offset.double().square().sum(-1)
    nearest = distance.amin(1, keepdim=True)
    close = distance <= nearest + 1e-6
    number = torch.arange(distance.shape[1], device=distance.device)
    return torch.where(close, number, -1).amax(1)


def point_seed(
    topology: Data, num_channels: int = 16, *, at: tuple[float, float] | Tensor | None = None
) -> Float[Tensor, "n c"]:
    """A single living cell: RGB 0, alpha and hidden channels 1 (Growing NCA and IsoNCA).

    Args:
        topology: The substrate.
        num_channels: State channels C, at least 4.
        at: Position (x, y) of the cell, in units; the middle of the domain by default.
    """
    return structured_seed(topology, num_channels, points=[(0.0, 0.0)], colours=[(0.0, 0.0, 0.0)], at=at)


def ring(num_points: int = 3, radius: float = RING_RADIUS) -> tuple[Float[Tensor, "p 2"], Float[Tensor, "p 3"]]:
    """Points at equal steps on a circle, the first below the centre, with the colours of equal steps of hue.

    Point i lies at radius * (sin t, cos t) from the centre, t = 2 pi i / p, y down, and is hsv(i / p, 1, 1): for three
    points red below, green upper right, blue upper left. (The published code truncates the offsets to whole cells,
    which shifts two of the three points by up to half a cell; here the nearest cell is taken.)
    """
    turns = [2.0 * math.pi * i / num_points for i in range(num_points)]
    points = torch.tensor([(radius * math.sin(t), radius * math.cos(t)) for t in turns])
    colours = torch.tensor([colorsys.hsv_to_rgb(i / num_points, 1.0, 1.0) for i in range(num_points)])
    return points, colours


def structured_seed(
    topology: Data,
    num_channels: int = 16,
    *,
    points: Sequence[tuple[float, float]] | Tensor | None = None,
    colours: Sequence[tuple[float, float, float]] | Tensor | None = None,
    angle: float = 0.0,
    mirror: bool = False,
    at: tuple[float, float] | Tensor | None = None,
) -> Float[Tensor, "n c"]:
    """A seed of several coloured points, whose arrangement tells the pattern where to lie (IsoNCA, structured seeds).

    Args:
        topology: The substrate.
        num_channels: State channels C, at least 4.
        points: Offsets (x, y) from the seed's centre in units, y down; by default three on a circle (see `ring`).
        colours: RGB of each point; alpha and the hidden channels are 1. By default equal steps of hue.
        angle: Radians by which the whole seed is turned, from x towards y (clockwise on the screen).
        mirror: Whether x is negated before the seed is turned.
        at: Position of the seed's centre, in units; the middle of the domain by default.

    Raises:
        ValueError: If points and colours differ in number, or two points fall on one cell.
    """
    if num_channels < RGB + 1:
        raise ValueError(f"`num_channels` must be at least {RGB + 1} (RGB and alpha), got {num_channels}.")
    default_points, default_colours = ring(3 if points is None else len(points))
    offsets = torch.as_tensor(default_points if points is None else points, dtype=torch.float32).view(-1, 2)
    paint = torch.as_tensor(default_colours if colours is None else colours, dtype=torch.float32).view(-1, RGB)
    if len(offsets) != len(paint):
        raise ValueError(f"`colours` must name one colour for each of the {len(offsets)} points, got {len(paint)}.")
    if mirror:
        offsets = offsets * torch.tensor([-1.0, 1.0])
    cos, sin = math.cos(angle), math.sin(angle)
    offsets = offsets @ torch.tensor([[cos, sin], [-sin, cos]])
    centre = centre_of(topology) if at is None else torch.as_tensor(at, dtype=torch.float32)
    if len(offsets) > 1:  # measured from a cell's centre, so that the arrangement is the same on every lattice
        centre = topology["pos"][nearest_cells(topology, centre.view(1, 2))[0], :2]
    cells = nearest_cells(topology, centre + offsets.to(centre.device))
    if len(cells.unique()) < len(cells):
        raise ValueError(f"`points` must fall on different cells of the substrate, got {offsets.tolist()}.")
    seed = torch.zeros(topology["pos"].shape[0], num_channels, device=topology["pos"].device)
    seed[cells, RGB:] = 1.0
    seed[cells, :RGB] = paint.to(seed)
    return seed
