"""The substrates that a command line names: a kind of cells, or a file."""

import argparse
import json
from pathlib import Path
from typing import Unpack

import torch
from torch_geometric.data import Data
from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
from torch_geometric.data.storage import GlobalStorage

from topologies import (
    KINDS,
    OPERATORS,
    TopologyError,
    cells_of_lower_order,
    cells_within,
    check_topology,
    load_topology,
    operators_of,
    substrate,
    upgraded,
)
from topologies.kinds import Options

from ..evaluation.demo_hexagons import demo_hexagons
from ..suggestions import suggestion
from .errors import CommandError, UsageError
from .memory import check_memory

PICKLED = (".pt", ".pth")  # written by torch.save
STORED = ".safetensors"  # written by topologies.save_topology
DEMO = "hex-demo"  # a torus of hexagons with the published demo's own kernels
HELP = (
    f"{', '.join(KINDS)}, {DEMO} (hexagons that see as those of the published textures' page), or a file: {STORED} "
    "(topologies.save_topology) or .pt (torch.save of a PyG Data)"
)


def add_operators(parser: argparse.ArgumentParser) -> None:
    """Adds the choice of operators, and of the density of the cells that they are for."""
    parser.add_argument(
        "--operators",
        choices=OPERATORS,
        default=OPERATORS[0],
        help="how cells see that are no squares: gradients fitted to the square grid's kernel, to its average over all "
        f"directions, or over one ring of neighbours under the noise-gain law [{OPERATORS[0]}]",
    )
    parser.add_argument(
        "--density",
        type=float,
        help="cells per unit of area of a Voronoi mesh: a kernel keeps its size, and is seen by more cells [0.82]",
    )


def operators_in_words(topology: Data) -> str:
    """How the cells see."""
    if "stencil_index" not in topology:
        return "along the edges, no stencil"
    reads = topology["stencil_index"].shape[1] / len(topology["pos"])
    lower = f", {cells_of_lower_order(topology):,} cells of lower order" if "extent" in topology else ""
    return f"{operators_of(topology) or 'a stencil of its own'}, {reads:.1f} cells read by each{lower}"


def build_substrate(kind: str, size: int, *, periodic: bool = True, **options: Unpack[Options]) -> Data:
    """`topologies.substrate`, with errors in the words of the command line.

    Raises:
        UsageError: If there is no such kind, or the size is too small for it.
    """
    if kind not in KINDS:
        raise UsageError(
            f"there is no substrate {kind!r}: expected {', '.join(KINDS)}, {DEMO} or the path of a file."
            f"{suggestion(kind, (*KINDS, DEMO))}"
        )
    density = options.get("density")
    if density is not None and not KINDS[kind].random:
        raise UsageError(f"--density is that of a Voronoi mesh: {kind} cells have one density.")
    check_memory(round(density * size**2) if density else cells_within(kind, size), f"--size {size} of {kind}")
    try:
        return substrate(kind, size, periodic=periodic, **options)
    except TopologyError as error:
        raise UsageError(f"no {kind} substrate can be made with --size {size}: {error}") from error


def read_substrate(text: str, size: int, *, periodic: bool = True, **options: Unpack[Options]) -> Data:
    """A substrate of a kind (`build_substrate`), or the one in a file, to which the other arguments do not apply.

    Raises:
        UsageError: As of `build_substrate` and `load_substrate`, or borders around the demo's hexagons.
    """
    if text == DEMO:
        if not periodic:
            raise UsageError(f"{DEMO} is a torus: leave out --open.")
        return demo_hexagons(build_substrate("hex", size, **options))
    if text in KINDS or not _is_file_name(text):
        return build_substrate(text, size, periodic=periodic, **options)
    return load_substrate(text)


def name_of_substrate(text: str) -> str:
    """For file names and messages."""
    return text if text in KINDS else Path(text).stem


def is_random(text: str) -> bool:
    """Whether two substrates of that kind differ by their seed; a file holds one."""
    return text in KINDS and KINDS[text].random


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
        description = json.loads(header.get("topology", "{}"))
    except (ValueError, RecursionError):
        return False
    return isinstance(description, dict) and "format" in description


def _is_file_name(text: str) -> bool:
    path = Path(text)
    return path.suffix in (*PICKLED, STORED) or path.name != text or path.is_file()


def _unpickled(path: Path) -> Data:
    """A PyG Data, or a dictionary of its fields, read without running anything that the file may contain."""
    try:
        with torch.serialization.safe_globals([Data, DataEdgeAttr, DataTensorAttr, GlobalStorage]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever its unpickler or the zip reader met
        reason = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")
        raise CommandError(
            f"{path} must hold a PyG Data written by torch.save, but it cannot be read ({reason}). "
            "topologies.save_topology writes files that always can."
        ) from error
    if not isinstance(content, dict | Data):
        raise CommandError(f"{path} must hold a PyG Data written by torch.save, got {type(content).__name__}.")
    named = (
        {name: value for name, value in content.items() if isinstance(name, str)} if isinstance(content, dict) else {}
    )
    found = upgraded(content if isinstance(content, Data) else Data.from_dict(named))
    if wrong := [name for name, value in found.items() if not isinstance(value, torch.Tensor)]:
        raise CommandError(f"{path} must hold tensors, got another thing as {', '.join(wrong)}.")
    return found
