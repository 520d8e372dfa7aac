"""The kinds of substrates by name: the one place that the command line, trainings, experiments and tests ask.

A new kind is a file with its builder, and its line in `KINDS`.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, TypedDict, TypeVar, Unpack

from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.contract import TopologyError
from topologies.hexagonal import SPACING, hex_grid
from topologies.operators import OPERATORS
from topologies.square import square_grid
from topologies.voronoi import voronoi_mesh

Entry = TypeVar("Entry")

CELLS = 5184  # of a 72 x 72 grid, the published size
VARIED = ((True, 0), (True, 0), (True, 2), (False, 0), (False, 2))  # torus or bounded, Lloyd steps


class Options(TypedDict, total=False):
    """What a substrate may be given where it applies."""

    operators: str
    """How cells see, one of `topologies.OPERATORS`; squares have none to choose."""
    lloyd_steps: int
    """Lloyd steps of a mesh; lattices have none."""
    seed: int
    """Of the points of a mesh."""
    density: float | None
    """Cells of a mesh per unit of area; None: those of the unit law."""


@dataclass(frozen=True)
class Lattice:
    """Rows of cells, one unit apart."""

    build: Callable[..., Data]
    """Makes height rows of width cells, a torus if `periodic`."""
    column: float = 1.0
    """Units from one cell to the next in its row."""
    reference: bool = False
    """Whether its kernels are those that the operators of others are fitted to: it has no choice of operators."""
    repeat: int = 1
    """Rows after which the lattice repeats itself: a torus has a multiple of them."""
    random: ClassVar = False
    """Whether two of one size differ: then a seed and Lloyd steps apply, and results are taken on several."""

    @property
    def density(self) -> float:
        """Cells per unit of area, by the unit law of the contract."""
        return 1 / self.column

    def make(self, height: float, width: float, *, periodic: bool = True, **options: Unpack[Options]) -> Data:
        """A lattice with the rows that come nearest to the height, and the width in proportion to them."""
        repeat = self.repeat if periodic else 1
        rows = repeat * math.floor(height / repeat + 0.5)
        return self._build(rows, max(1, round(rows * (width / height) / self.column)), periodic, options)

    def with_cells(self, cells: int, *, periodic: bool = True, **options: Unpack[Options]) -> Data:
        """A lattice whose rows make it a square, and with so many columns that the cells come nearest to the number."""
        rows = max(2, round((cells * self.column) ** 0.5 / self.repeat)) * self.repeat
        # A square has as many columns as rows, and so the symmetries of a square, whatever the number of cells.
        columns = rows if self.column == 1 else max(1, round(cells / rows))
        return self._build(rows, columns, periodic, options)

    def _build(self, rows: int, columns: int, periodic: bool, options: Options) -> Data:
        """With the options that apply: two lattices of one size are the same."""
        sees = {} if self.reference else {"operators": options.get("operators", OPERATORS[0])}
        return self.build(rows, columns, periodic=periodic, **sees)


@dataclass(frozen=True)
class Mesh:
    """Cells round random points."""

    build: Callable[..., Data]
    """Makes a mesh of height x width units, with the options of `make`."""
    density: float
    """Cells per unit of area, unless another is asked for."""
    random: ClassVar = True

    def make(self, height: float, width: float, *, periodic: bool = True, **options: Unpack[Options]) -> Data:
        """A mesh of that extent, within 2 %."""
        return self.build(height, width, periodic=periodic, **options)

    def with_cells(self, cells: int, *, periodic: bool = True, **options: Unpack[Options]) -> Data:
        """A mesh of the extent that so many cells take on average."""
        side = (cells / (options.get("density") or self.density)) ** 0.5
        return self.make(side, side, periodic=periodic, **options)


Kind = Lattice | Mesh

KINDS: dict[str, Kind] = {
    "square": Lattice(square_grid, reference=True),
    "hex": Lattice(hex_grid, column=float(SPACING), repeat=2),
    "voronoi": Mesh(voronoi_mesh, density=0.82),
}
"""The kinds by name: a line for each."""


@partial(checked, error=TopologyError)
def substrate(kind: str, size: float, *, periodic: bool = True, **options: Unpack[Options]) -> Data:
    """A substrate of about `size` x `size` units.

    Args:
        kind: One of `KINDS`.
        size: Height and width in units of length; a torus of hexagons has an even number of rows, at least so many.
        periodic: Torus or bounded domain.
        options: See `Options`.

    Raises:
        TopologyError: If there is no such kind, or the size is too small for it.
    """
    if not size > 0:
        raise TopologyError(f"`size` must be positive, got {size!r}.")
    return _kind(kind).make(size, size, periodic=periodic, **options)


@partial(checked, error=TopologyError)
def substrate_of_cells(kind: str, cells: int = CELLS, *, periodic: bool = True, **options: Unpack[Options]) -> Data:
    """A substrate of about so many cells, about as high as it is wide; the other arguments are those of `substrate`.

    Raises:
        TopologyError: As `substrate`.
    """
    if cells < 1:
        raise TopologyError(f"`cells` must be at least 1, got {cells}.")
    return _kind(kind).with_cells(cells, periodic=periodic, **options)


@partial(checked, error=TopologyError)
def cells_within(kind: str, size: float) -> int:
    """About how many cells of a kind fill `size` x `size` units."""
    return round(size * size * _kind(kind).density)


@partial(checked, error=TopologyError)
def substrates(
    kinds: Iterable[str] = tuple(KINDS),
    cells: int = CELLS,
    *,
    size: float | None = None,
    meshes: int = 3,
    seed: int = 0,
    operators: str = OPERATORS[0],
) -> dict[str, Data]:
    """Tori by name, on which a result is measured: one of each lattice, several meshes of each random kind.

    Args:
        kinds: Names out of `KINDS`; a lattice goes by its kind, a mesh by its kind and its seed, as in "voronoi 1".
        cells: About how many cells each has.
        size: Instead of the cells: height and width in units, for all kinds the same.
        meshes: How many of a random kind.
        seed: Meshes are drawn with the seeds after it.
        operators: How cells see, see `Options`.

    Raises:
        TopologyError: If there is no such kind, or the size is too small for it.
    """
    made = {}
    for kind in kinds:
        number = cells if size is None else cells_within(kind, size)
        if not _kind(kind).random:
            made[kind] = substrate_of_cells(kind, number, operators=operators)
            continue
        for own in range(seed + 1, seed + 1 + meshes):
            made[f"{kind} {own}"] = substrate_of_cells(kind, number, seed=own, operators=operators)
    return made


@partial(checked, error=TopologyError)
def varied_meshes(cells: int = CELLS, *, seed: int = 0) -> dict[str, Data]:
    """Five different Voronoi meshes by name, drawn with the seeds after `seed`.

    Two tori of Poisson-disk points, one after two Lloyd steps, whose cells are rounder, and a bounded domain of each
    sort ("open").
    """
    meshes = {}
    for number, (periodic, lloyd_steps) in enumerate(VARIED, start=1):
        name = f"mesh {number}: {'torus' if periodic else 'open'}, Lloyd {lloyd_steps}"
        meshes[name] = substrate_of_cells(
            "voronoi", cells, seed=seed + number, periodic=periodic, lloyd_steps=lloyd_steps
        )
    return meshes


def by_kind(entries: Mapping[str, Entry]) -> dict[str, list[Entry]]:
    """What belongs to substrates by name, in lists for each kind, by the word that their names begin with."""
    found: dict[str, list[Entry]] = {}
    for name, entry in entries.items():
        found.setdefault(name.split()[0], []).append(entry)
    return found


def first_of_each_kind(names: Iterable[str]) -> list[str]:
    """The first of several substrates of each kind, by the word that their names begin with."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(name.split()[0], name)
    return list(first.values())


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise TopologyError(f"`kind` must be one of {', '.join(KINDS)}, got {name!r}.")
    return KINDS[name]
