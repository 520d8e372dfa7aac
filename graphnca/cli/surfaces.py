"""The surfaces in space that a command line names: a shape, or a file with a mesh."""

import sys
import warnings
from pathlib import Path

import torch
from torch_geometric.data import Data

from topologies import OPERATORS, SurfaceWarning, TopologyError, cells_within, surface
from topologies import SHAPES as SHAPES
from topologies import is_surface as is_surface
from topologies.sampled import MESHES as MESHES
from topologies.sampled import upright_frames as upright_frames
from topologies.surfaces.mesh_files import FORMATS
from topologies.surfaces.mesh_files import is_mesh as is_mesh

from ..places import nearest_cells
from .errors import CommandError, UsageError
from .memory import check_memory

FAR = 1e3  # radii: the cell nearest to a point so far towards the viewer is the foremost
CELLS = 10_000  # on a surface, where nothing else is said
NAMES = f"a surface in space ({', '.join(SHAPES)}), or a mesh ({', '.join(FORMATS)})"
HELP = f"{NAMES} to lay --cells on"


def cells_on(size: int) -> int:
    """About as many cells as lie on a surface with the area of a square of so many units."""
    return cells_within("voronoi", size)


def read_surface(text: str, cells: int, *, seed: int, operators: str = OPERATORS[0]) -> Data:
    """Cells on a shape or on the mesh in a file; what was mended of a mesh is said.

    Raises:
        UsageError: If there is no such file, or the number of cells is no good.
        CommandError: If it holds no mesh that is a surface, or its reader is not installed.
    """
    check_memory(cells, f"--cells {cells} of {text}")
    if text not in SHAPES and not Path(text).is_file():
        raise UsageError(f"there is no file {text!r}.")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", SurfaceWarning)
            topology = surface(text, cells, seed=seed, operators=operators)
    except TopologyError as error:
        raise CommandError(f"no surface of {cells:,} cells can be made of {text}: {error}") from error
    except ImportError as error:
        raise CommandError(str(error)) from error
    for warning in caught:
        print(f"graphnca: {text}: {warning.message}", file=sys.stderr)
    return topology


def foremost_cell(topology: Data, towards: tuple[float, float, float]) -> int:
    """The cell that is nearest to a viewer far away in a direction."""
    pos = topology["pos"].double()
    middle = (pos.amin(0) + pos.amax(0)) / 2
    radius = float((pos - middle).norm(dim=1).max())
    there = middle + FAR * radius * torch.tensor(towards, dtype=torch.float64)
    return int(nearest_cells(topology, there[None].float())[0])
