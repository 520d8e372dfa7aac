"""The substrates that a command line names: a kind of cells, or a file. The one module that knows both packages."""

import json
import pickle
from pathlib import Path

import torch
from torch_geometric.data import Data
from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
from torch_geometric.data.storage import GlobalStorage

from topologies import FIELDS, TopologyError, check_topology, hex_grid, load_topology, square_grid, voronoi_mesh

from ..suggestions import suggestion
from .errors import CommandError, UsageError

KINDS = ("square", "hex", "voronoi")
COLUMNS_PER_ROW = 3**0.5 / 2  # of a hexagonal sheet as wide as it is high: rows are 1 apart, columns 2 / sqrt(3)
PICKLED = (".pt", ".pth")  # written by torch.save
STORED = ".safetensors"  # written by topologies.save_topology
HELP = f"square, hex, voronoi, or a file: {STORED} (topologies.save_topology) or .pt (torch.save of a PyG Data)"


def build_substrate(kind: str, size: int, *, periodic: bool = True, lloyd_steps: int = 0, seed: int = 0) -> Data:
    """A sheet of a kind, about `size` units high and wide.

    Args:
        kind: One of `KINDS`.
        size: Height and width in units of length.
        periodic: Torus or open sheet.
        lloyd_steps: Lloyd steps of a Voronoi mesh.
        seed: Of the points of a Voronoi mesh.

    Raises:
        UsageError: If there is no such kind, or the size is too small for it.
    """
    if kind not in KINDS:
        raise UsageError(
            f"there is no substrate {kind!r}: expected {', '.join(KINDS)} or the path of a file."
            f"{suggestion(kind, KINDS)}"
        )
    try:
        if kind == "square":
            return square_grid(size, size, periodic=periodic)
        if kind == "hex":
            rows = size + size % 2 if periodic else size  # a torus of hexagons needs an even number of rows
            return hex_grid(rows, max(1, round(rows * COLUMNS_PER_ROW)), periodic=periodic)
        return voronoi_mesh(size, size, periodic=periodic, lloyd_steps=lloyd_steps, seed=seed)
    except TopologyError as error:
        raise UsageError(f"no {kind} sheet can be made with --size {size}: {error}") from error


def read_substrate(text: str, size: int, *, periodic: bool = True, lloyd_steps: int = 0, seed: int = 0) -> Data:
    """A sheet of a kind (see `build_substrate`), or the one in a file, to which the other arguments do not apply."""
    if text in KINDS or not _is_file_name(text):
        return build_substrate(text, size, periodic=periodic, lloyd_steps=lloyd_steps, seed=seed)
    return load_substrate(text)


def name_of_substrate(text: str) -> str:
    """For file names and messages."""
    return text if text in KINDS else Path(text).stem


def load_substrate(text: str) -> Data:
    """The substrate in a file; it keeps the data contract.

    Raises:
        UsageError: If there is no such file.
        CommandError: If it holds no substrate, or one that breaks the contract.
    """
    path = Path(text)
    if not path.is_file():
        raise UsageError(f"there is no file {text!r}.")
    topology = load_topology(path) if path.suffix == STORED else _unpickled(path)
    try:
        check_topology(topology)
    except TopologyError as error:
        raise CommandError(f"{text} does not keep the data contract of a substrate: {error}") from error
    return topology


def holds_topology(header: dict[str, str]) -> bool:
    """Whether the metadata of a safetensors file are those of a saved substrate."""
    try:
        return "format" in json.loads(header.get("topology", "{}"))
    except ValueError:
        return False


def _is_file_name(text: str) -> bool:
    path = Path(text)
    return path.suffix in (*PICKLED, STORED) or path.name != text or path.is_file()


def _unpickled(path: Path) -> Data:
    """A PyG Data, or a dictionary of its fields, read without running anything that the file may contain."""
    try:
        with torch.serialization.safe_globals([Data, DataEdgeAttr, DataTensorAttr, GlobalStorage]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise CommandError(
            f"{path} must hold a PyG Data written by torch.save, but it cannot be read "
            f"({str(error).strip().splitlines()[0]}). topologies.save_topology writes files that always can."
        ) from error
    if isinstance(content, dict):
        content = Data(**content)
    if not isinstance(content, Data):
        raise CommandError(f"{path} must hold a PyG Data written by torch.save, got {type(content).__name__}.")
    return Data(**{name: content[name] for name in FIELDS if name in content})
