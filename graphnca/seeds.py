"""The states that growth starts from, on any substrate: points are positions, or on a surface cells as well."""

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import Data

from .arguments import at_least, check_fields, checked, finite
from .geodesics import unrolled
from .places import Place as Place
from .places import cell_at as cell_at
from .places import centre_of as centre_of
from .places import nearest_cells as nearest_cells
from .places import point_in_plane as point_in_plane

RGB = 3  # colour channels; alpha and the hidden channels of a seed are 1
RING_RADIUS = 4.0  # units between the centre and the points of a structured seed (IsoNCA notebook)
BESIDE = 3.0  # units beyond a structured seed's points within which their cells lie


@checked
def point_seed(topology: Data, num_channels: int = 16, *, at: Place | None = None) -> Float[Tensor, "n c"]:
    """A single living cell: RGB 0, alpha and hidden channels 1 (Growing NCA and IsoNCA).

    Args:
        topology: The substrate.
        num_channels: State channels C, at least 4.
        at: The cell's `Place`; by default the middle of the domain, on a surface cell 0.
    """
    return structured_seed(topology, num_channels, points=[(0.0, 0.0)], colours=[(0.0, 0.0, 0.0)], at=at)


@checked
def with_genome(seed: Float[Tensor, "*b n c"], genome: Float[Tensor, " g"]) -> Float[Tensor, "*b n c"]:
    """A seed whose living cells (alpha > 0) have the g = C - 4 numbers of `genome` in their hidden channels.

    Differentiable in the genome. Shipped rules that read one keep theirs (`graphnca.rules.load_genomes`).

    Raises:
        ValueError: If the genome is not of C - 4 numbers.
    """
    if genome.shape != (seed.shape[-1] - RGB - 1,):
        raise ValueError(
            f"`genome` must have {seed.shape[-1] - RGB - 1} numbers, one for each hidden channel of the seed, "
            f"got shape {tuple(genome.shape)}."
        )
    living = seed[..., RGB : RGB + 1] > 0
    return torch.cat([seed[..., : RGB + 1], torch.where(living, genome, seed[..., RGB + 1 :])], dim=-1)


@checked
def ring(num_points: int = 3, radius: float = RING_RADIUS) -> tuple[Float[Tensor, "p 2"], Float[Tensor, "p 3"]]:
    """Points at equal steps on a circle, the first below the centre, with the colours of equal steps of hue.

    Point i lies at radius * (sin t, cos t) from the centre, t = 2 pi i / p, y down, and is hsv(i / p, 1, 1): for three
    points red below, green upper right, blue upper left. (The published code truncates the offsets to whole cells,
    which shifts two of the three points by up to half a cell; here the nearest cell is taken.)
    """
    at_least(1, num_points=num_points)
    turns = [2.0 * math.pi * i / num_points for i in range(num_points)]
    points = torch.tensor([(radius * math.sin(t), radius * math.cos(t)) for t in turns], dtype=torch.float32)
    hues = [colorsys.hsv_to_rgb(i / num_points, 1.0, 1.0) for i in range(num_points)]
    colours = torch.tensor(hues, dtype=torch.float32)
    return points, colours


def _square_unit(topology: Data, cell: int) -> Int[Tensor, " k"]:
    """A cell and as many of its nearest neighbours as bring their area nearest to one square unit: mostly none."""
    alone = torch.tensor([cell], device=topology["pos"].device)
    if any(name not in topology for name in ("area", "edge_attr")):
        return alone
    neighbour, receiver = topology["edge_index"]
    here = receiver == cell
    order = topology["edge_attr"][here].norm(dim=1).argsort(stable=True)
    cells = torch.cat([alone, neighbour[here][order]])
    return cells[: int((topology["area"][cells].cumsum(0) - 1).abs().argmin()) + 1]


@dataclass(frozen=True, eq=False)
class StructuredSeed:
    """Several coloured points, whose arrangement tells the pattern where to lie (IsoNCA, structured seeds).

    Three points that are not on one line break every symmetry of the plane. What a rule has learnt to grow at a point
    goes with the point's colour: a seed with other colours or positions grows another pattern of the same parts
    (mutations, figure 6 of the paper). Every change is a new seed.

    Attributes:
        points: Offsets (x, y) from the seed's centre in units, y down.
        colours: RGB of each point, q = p; alpha and the hidden channels of its cell are 1.

    Raises:
        ValueError: If points and colours differ in number, there are no points, or a number is not finite.
    """

    points: Float[Tensor, "p 2"]
    colours: Float[Tensor, "q 3"]

    def __post_init__(self) -> None:
        check_fields(self)
        finite(points=self.points, colours=self.colours)
        if len(self.points) != len(self.colours):
            raise ValueError(
                f"`colours` must name one colour for each of the {len(self.points)} points, got {len(self.colours)}."
            )
        if not len(self.points):
            raise ValueError("`points` must have at least one point, got none.")

    @checked
    def recoloured(self, point: int, like: int) -> "StructuredSeed":
        """A point given the colour of another, so that there are two of these."""
        return self._picked({self._checked("point", point): self._checked("like", like)})

    @checked
    def swapped(self, point: int, other: int) -> "StructuredSeed":
        """Two points with each other's colour."""
        point, other = self._checked("point", point), self._checked("other", other)
        return self._picked({point: other, other: point})

    @checked
    def moved(self, point: int, by: tuple[float, float]) -> "StructuredSeed":
        """A point moved by (x, y) units."""
        points = self.points.clone()
        points[self._checked("point", point)] += points.new_tensor(by)
        return StructuredSeed(points, self.colours)

    @checked
    def removed(self, point: int) -> "StructuredSeed":
        """All points but one.

        Raises:
            ValueError: If no point would be left.
        """
        gone = self._checked("point", point)
        kept = [number for number in range(len(self.points)) if number != gone]
        return StructuredSeed(self.points[kept], self.colours[kept])

    @checked
    def positions(
        self, topology: Data, *, angle: float = 0.0, mirror: bool = False, at: Place | None = None
    ) -> Float[Tensor, "p d"]:
        """Where the points are to lie on a substrate, in units; the arguments are those of `structured_seed`.

        On a surface in space, where their cells lie.
        """
        if "frame" in topology:
            return topology["pos"][self.cells(topology, angle=angle, mirror=mirror, at=at)]
        centre = centre_of(topology) if at is None else point_in_plane(topology, at)
        if at is None and len(self.points) > 1:
            # from a cell's centre, so that the arrangement is the same on every lattice
            centre = topology["pos"][nearest_cells(topology, centre.view(1, 2))[0], :2]
        return centre + self._offsets(angle, mirror).to(centre.device)

    @checked
    def cells(
        self, topology: Data, *, angle: float = 0.0, mirror: bool = False, at: Place | None = None
    ) -> Int[Tensor, " p"]:
        """The cells of the points; the arguments are those of `structured_seed`.

        On a surface each offset is walked from the centre's cell along the surface, in the direction that it has in
        that cell's frame (the exponential map).
        """
        if "frame" not in topology:
            return nearest_cells(topology, self.positions(topology, angle=angle, mirror=mirror, at=at))
        offsets = self._offsets(angle, mirror)
        reach = float(offsets.norm(dim=1).max()) + BESIDE
        places = unrolled(topology, cell_at(topology, at), reach)
        return torch.cdist(offsets.to(places), places.nan_to_num(posinf=1e6)).argmin(1)

    def _offsets(self, angle: float, mirror: bool) -> Float[Tensor, "p 2"]:
        offsets = self.points * self.points.new_tensor([-1.0, 1.0]) if mirror else self.points
        cos, sin = math.cos(angle), math.sin(angle)
        return offsets @ offsets.new_tensor([[cos, sin], [-sin, cos]])

    @checked
    def state(
        self,
        topology: Data,
        num_channels: int = 16,
        *,
        angle: float = 0.0,
        mirror: bool = False,
        at: Place | None = None,
    ) -> Float[Tensor, "n c"]:
        """The state that growth starts from: the cell nearest to each point lives, in the point's colour.

        Where cells are finer, those next to it live as well: together they have about one square unit, as a cell of
        the square grid has. The arguments are those of `structured_seed`.

        Raises:
            ValueError: If two points fall on one cell.
        """
        if num_channels < RGB + 1:
            raise ValueError(f"`num_channels` must be at least {RGB + 1} (RGB and alpha), got {num_channels}.")
        cells = self.cells(topology, angle=angle, mirror=mirror, at=at)
        if len(cells.unique()) < len(cells):
            positions = self.positions(topology, angle=angle, mirror=mirror, at=at)
            raise ValueError(
                f"`points` must fall on different cells of the substrate, got {positions.tolist()} in cells "
                f"{cells.tolist()}."
            )
        shape = (topology["pos"].shape[0], num_channels)
        seed = torch.zeros(shape, dtype=torch.float32, device=topology["pos"].device)
        for cell, colour in zip(cells.tolist(), self.colours.to(seed), strict=True):
            living = _square_unit(topology, cell)
            seed[living, :RGB], seed[living, RGB:] = colour, 1.0
        return seed

    def _checked(self, name: str, point: int) -> int:
        if not 0 <= point < len(self.points):
            raise ValueError(f"`{name}` must be the number of one of the {len(self.points)} points, got {point}.")
        return point

    def _picked(self, sources: dict[int, int]) -> "StructuredSeed":
        return StructuredSeed(self.points, self.colours[[sources.get(i, i) for i in range(len(self.colours))]])


@checked
def structured_seed(
    topology: Data,
    num_channels: int = 16,
    *,
    points: Sequence[tuple[float, float]] | Float[Tensor, "p 2"] | None = None,
    colours: Sequence[tuple[float, float, float]] | Float[Tensor, "q 3"] | None = None,
    angle: float = 0.0,
    mirror: bool = False,
    at: Place | None = None,
) -> Float[Tensor, "n c"]:
    """The state of a seed of several coloured points (see `StructuredSeed`).

    Args:
        topology: The substrate.
        num_channels: State channels C, at least 4.
        points: Offsets (x, y) from the seed's centre in units, y down, on a surface in the centre's frame and along
            shortest ways; by default three on a circle (see `ring`).
        colours: RGB of each point; alpha and the hidden channels are 1. By default equal steps of hue.
        angle: Radians by which the whole seed is turned, from x towards y (clockwise on the screen).
        mirror: Whether x is negated before the seed is turned.
        at: The `Place` of the seed's centre; by default the centre of the cell in the middle of the domain, on a
            surface cell 0.

    Raises:
        ValueError: If points and colours differ in number, two points fall on one cell, or `at` lies outside a bounded
            domain.
    """
    default_points, default_colours = ring(3 if points is None else len(points))
    seed = StructuredSeed(
        torch.as_tensor(default_points if points is None else points, dtype=torch.float32).view(-1, 2),
        torch.as_tensor(default_colours if colours is None else colours, dtype=torch.float32).view(-1, RGB),
    )
    return seed.state(topology, num_channels, angle=angle, mirror=mirror, at=at)
