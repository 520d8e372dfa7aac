"""The sheets of cells that results are measured on."""

from collections.abc import Callable, Iterable

import networkx as nx
from torch_geometric.data import Data

from topologies import from_networkx, hex_grid, square_grid, voronoi_mesh

KINDS = ("square", "hex", "voronoi")
CELLS = 5184  # of a 72x72 grid, the published size
VORONOI_DENSITY = 0.82  # cells per unit area
ROWS_PER_COLUMN = 2 / 3**0.5  # a hexagonal sheet with as many units across as down
MESHES = ((True, 0), (True, 0), (True, 2), (False, 0), (False, 2))  # torus or open sheet, Lloyd steps


def square_sheet(cells: int = CELLS) -> Data:
    """A square torus of about so many cells."""
    side = round(cells**0.5)
    return square_grid(side, side)


def hex_sheet(cells: int = CELLS) -> Data:
    """A hexagonal torus of about so many cells, about as high as it is wide."""
    rows = max(4, 2 * round((cells * ROWS_PER_COLUMN) ** 0.5 / 2))
    return hex_grid(rows, round(cells / rows))


def hexagon_sheet(cells: int = CELLS) -> Data:
    """An open patch of hexagonal cells of about that many, itself a hexagon, with a cell in the middle.

    It has the twelve symmetries of a hexagon, which the torus of `hex_sheet`, a rectangle, has not.
    """
    rings = max(1, round((cells / 3) ** 0.5 - 0.5))  # 3 r (r + 1) + 1 cells
    patch, reach = nx.Graph(), range(-rings, rings + 1)
    for q in reach:
        for r in reach:
            if abs(q + r) <= rings:
                patch.add_node((q, r), pos=(q + r / 2, r * 3**0.5 / 2))
    for q, r in list(patch):
        patch.add_edges_from(((q, r), near) for near in ((q + 1, r), (q, r + 1), (q + 1, r - 1)) if near in patch)
    return from_networkx(patch)


def voronoi_sheet(cells: int = CELLS, *, seed: int = 0, periodic: bool = True, lloyd_steps: int = 0) -> Data:
    """A square Voronoi mesh of about so many cells."""
    side = (cells / VORONOI_DENSITY) ** 0.5
    return voronoi_mesh(side, side, periodic=periodic, lloyd_steps=lloyd_steps, seed=seed)


def sheets(kinds: Iterable[str] = KINDS, cells: int = CELLS, *, meshes: int = 3, seed: int = 0) -> dict[str, Data]:
    """Torus sheets by name: square, hex, and so many Voronoi meshes, drawn with the seeds after `seed`."""
    builders: dict[str, Callable[[], dict[str, Data]]] = {
        "square": lambda: {"square": square_sheet(cells)},
        "hex": lambda: {"hex": hex_sheet(cells)},
        "voronoi": lambda: {
            f"voronoi {number}": voronoi_sheet(cells, seed=number) for number in range(seed + 1, seed + 1 + meshes)
        },
    }
    return {name: topology for kind in kinds for name, topology in builders[kind]().items()}


def varied_meshes(cells: int = CELLS, *, seed: int = 0) -> dict[str, Data]:
    """Five different Voronoi meshes by name, drawn with the seeds after `seed`: torus or open sheet, with Lloyd or not.

    Two tori of Poisson-disk points, one after two Lloyd steps, whose cells are rounder, and an open sheet of each kind.
    """
    meshes = {}
    for number, (periodic, lloyd_steps) in enumerate(MESHES, start=1):
        kind = "torus" if periodic else "open"
        name = f"mesh {number}: {kind}, Lloyd {lloyd_steps}"
        meshes[name] = voronoi_sheet(cells, seed=seed + number, periodic=periodic, lloyd_steps=lloyd_steps)
    return meshes


def first_of_each_kind(names: Iterable[str]) -> list[str]:
    """The first of several sheets of each kind, by the word that their names begin with."""
    return list({name.split()[0]: name for name in reversed(list(names))}.values())[::-1]
