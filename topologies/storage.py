"""Topologies on disk: one safetensors file, every pair of cells stored once, written whole or not at all."""

import json
import os
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int
from safetensors import safe_open
from safetensors.numpy import save
from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.atomic_file import write_atomically
from topologies.contract import (
    FIELDS,
    PLANE_FIELDS,
    STENCIL_FIELDS,
    SURFACE_FIELDS,
    TopologyError,
    check_topology,
    fields_of,
)
from topologies.noise_gain import one_ring_stencil
from topologies.operators import put_stencil

METADATA_KEY = "topology"  # in the header of the file: JSON with the format number and a checksum
FORMAT = 1  # raised when a reader of this version could misread the file
DERIVED = "edge_index"  # not in the file: it follows from the pairs
PAIRS, COUNTS = "pair_neighbours", "pair_counts"  # the neighbours j > i of every cell i in turn, and how many it has
READ, READ_COUNTS = "stencil_read", "stencil_counts"  # the cells that every cell reads, and how many: `stencil_index`
SMOOTHING = "smoothing"  # of older files, in place of a stencil: how far gradients were mixed with those of neighbours


@partial(checked, error=TopologyError)
def save_topology(topology: Data, path: str | os.PathLike[str]) -> None:
    """Writes a topology to a safetensors file, from which `load_topology` restores every bit.

    Of the two directions of a pair only one is written, as a 32-bit cell number and one direction vector: about 80
    bytes a cell of a Voronoi mesh, and 300 more for its stencil. (Where the two vectors are not exactly opposite, as on
    surfaces in space, both are written.) The file appears under its name when it is complete; until then an older one
    stays.

    Args:
        topology: one substrate with the fields of the data contract alone, on any device.
        path: the file to write; its folder must exist.

    Raises:
        TopologyError: if fields are missing or others are there, or a law of the contract is broken.
        FileNotFoundError: if the folder does not exist.
        IsADirectoryError: if `path` is a folder itself.
    """
    fields = fields_of(topology)
    missing, foreign = [name for name in fields if name not in topology], set(topology.keys()) - set(fields)
    if missing or foreign:
        raise TopologyError(
            f"`topology` must have the fields {list(fields)} and no others, missing: {missing}, besides: "
            f"{sorted(foreign)}. (Keep states, and the graphs of a batch, in files of their own.)"
        )
    check_topology(topology)  # what is not sorted and paired could not be restored, and would not be read
    arrays = {name: topology[name].detach().cpu().numpy() for name in fields}
    edges, vectors = arrays.pop(DERIVED), arrays["edge_attr"]
    upward = edges[0] > edges[1]
    arrays[PAIRS] = edges[0, upward].astype(np.int32)
    arrays[COUNTS] = np.bincount(edges[1, upward], minlength=len(arrays["pos"])).astype(np.int32)
    if "stencil_index" in arrays:
        read, reader = arrays.pop("stencil_index")
        arrays[READ] = read.astype(np.int32)
        arrays[READ_COUNTS] = np.bincount(reader, minlength=len(arrays["pos"])).astype(np.int32)
    pairs = _Pairs(arrays[PAIRS], arrays[COUNTS])
    if pairs.both_ways(vectors[upward]).tobytes() == vectors.tobytes():
        arrays["edge_attr"] = vectors[upward]
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    description = {"format": FORMAT, "crc32": _checksum(arrays)}
    write_atomically(path, save(arrays, metadata={METADATA_KEY: json.dumps(description)}))


@partial(checked, error=TopologyError)
def load_topology(path: str | os.PathLike[str]) -> Data:
    """Reads a topology that `save_topology` wrote: equal to it in every bit.

    A checksum tells whether the file is as it was written, `check_topology` whether what was written is a substrate.

    Args:
        path: the file.

    Raises:
        FileNotFoundError: if there is no such file.
        TopologyError: if the file is damaged or cut short, is something else, breaks the data contract, or comes from a
            newer version.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"`path` must be a file with a topology, but there is none at {os.fspath(path)!r}.")
    try:
        with safe_open(path, framework="numpy") as file:
            header = (file.metadata() or {}).get(METADATA_KEY)
            arrays = {name: file.get_tensor(name) for name in file.keys()} if header else {}  # noqa: SIM118
    except Exception as error:  # of many kinds: the file's, the system's, numpy's for types that it does not know
        raise TopologyError(f"`path` must be a whole safetensors file, {path} cannot be read: {error}.") from error
    if header is None:
        raise TopologyError(f"`path` must be a topology written by `save_topology`, {path} holds something else.")
    _check_description(path, header, arrays)
    _check_stored(path, arrays)
    pairs = _Pairs(arrays.pop(PAIRS), arrays.pop(COUNTS))
    arrays[DERIVED] = pairs.edge_index()
    if len(arrays["edge_attr"]) == pairs.number:
        arrays["edge_attr"] = pairs.both_ways(arrays["edge_attr"])
    if READ in arrays:
        reader = np.repeat(np.arange(len(arrays["pos"])), arrays.pop(READ_COUNTS))
        arrays["stencil_index"] = np.stack([arrays.pop(READ).astype(np.int64), reader])
    topology = upgraded(Data(**{name: torch.from_numpy(array) for name, array in arrays.items()}))
    try:
        check_topology(topology)
    except TopologyError as error:
        raise TopologyError(f"{path} holds no lawful topology: {error}") from error
    return topology


def upgraded(topology: Data) -> Data:
    """The fields of the contract alone, of an older version of it too: then the new one computes what the old one did.

    An older version had a share of `smoothing` for each cell in place of a stencil (see `topologies.noise_gain`).
    """
    fields = {**FIELDS, **PLANE_FIELDS, **SURFACE_FIELDS, **STENCIL_FIELDS}
    found = Data(**{name: topology[name] for name in fields if name in topology})
    needed = [topology.get(name) for name in ("edge_index", "edge_attr", "edge_weight", SMOOTHING)]
    if "stencil_index" in topology or not all(isinstance(value, torch.Tensor) for value in needed):
        return found
    edges, *numbers = (value.cpu().numpy() for value in needed)
    vectors, weights, shares = (values.astype(np.float64) for values in numbers)
    if not shares.any():
        return found
    written = one_ring_stencil(edges, vectors, weights, len(shares), shares)
    return put_stencil(found, *written)


def _check_description(path: str | os.PathLike[str], header: str, arrays: dict[str, np.ndarray]) -> None:
    try:
        description = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise TopologyError(f"{path} is damaged: its description is no JSON ({error}).") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        got = description.get("format") if isinstance(description, dict) else description
        raise TopologyError(f"{path} has format {got}; this version of topologies reads {FORMAT}.")
    if description.get("crc32") != _checksum(arrays):
        raise TopologyError(f"{path} is damaged: its checksum is not that of what was saved.")


def _check_stored(path: str | os.PathLike[str], arrays: dict[str, np.ndarray]) -> None:
    """That pairs can be put together from the arrays: SciPy's sparse routines look at no index before they use it."""
    plane = {"extent", "periodic"} if "extent" in arrays else {"normal", "frame"}
    seen = {READ, READ_COUNTS, *STENCIL_FIELDS} - {"stencil_index"} if READ in arrays else set()
    expected = {*FIELDS, *plane, *seen, PAIRS, COUNTS, *({SMOOTHING} & arrays.keys())} - {DERIVED}
    if arrays.keys() != expected:
        raise TopologyError(f"{path} must hold the arrays {sorted(expected)}, got {sorted(arrays)}.")
    _check_rows(path, arrays, PAIRS, COUNTS)
    if seen:
        _check_rows(path, arrays, READ, READ_COUNTS)
    if arrays["edge_attr"].shape[1:] != (2,):
        raise TopologyError(f"{path}: `edge_attr` must have shape (E, 2), got {arrays['edge_attr'].shape}.")


def _check_rows(path: str | os.PathLike[str], arrays: dict[str, np.ndarray], cells: str, counts: str) -> None:
    """That lists of cells, one after another, are as many and as long as their counts say, and hold cells."""
    listed, lengths, expected = arrays[cells], arrays[counts], arrays["pos"].shape[:1]
    if not (listed.dtype == lengths.dtype == np.int32 and listed.ndim == 1 and lengths.shape == expected):
        raise TopologyError(
            f"{path}: `{cells}` and `{counts}` must be 32-bit numbers, one of the latter for each cell of `pos`, got "
            f"{listed.dtype} {listed.shape}, {lengths.dtype} {lengths.shape} and {arrays['pos'].shape}."
        )
    if lengths.min(initial=0) < 0 or lengths.sum(dtype=np.int64) != len(listed):
        raise TopologyError(f"{path}: `{counts}` must sum to the {len(listed)} of `{cells}`, none of them below 0.")
    low, high = listed.min(initial=0), listed.max(initial=0)
    if low < 0 or high >= max(1, len(lengths)):
        raise TopologyError(
            f"{path}: `{cells}` must hold cells 0 to {len(lengths) - 1}, got values from {low} to {high}."
        )


class _Pairs:
    """From one entry for each pair to two sorted edges for each.

    Sorted by perceiving cell, then neighbour, the edges into a cell are first those from lower numbers, then those from
    higher ones. The latter are the stored rows, the former are their transpose.
    """

    def __init__(self, neighbours: Int[np.ndarray, " p"], counts: Int[np.ndarray, " n"]) -> None:
        self.number, cells = len(neighbours), len(counts)
        rows = np.concatenate([[0], np.cumsum(counts)])
        upper = sp.csr_array((np.arange(self.number), neighbours, rows), shape=(cells, cells))
        lower = sp.csc_array(upper)
        fewer = np.diff(lower.indptr)
        self.degree = counts + fewer
        start = np.concatenate([[0], np.cumsum(self.degree)])[:-1]
        entry = np.arange(self.number)
        self.higher = neighbours
        self.lower, self.pair_of_lower = lower.indices, np.asarray(lower.data, dtype=np.int64)
        self.place_of_lower = entry + np.repeat(start - lower.indptr[:-1], fewer)
        self.place_of_higher = entry + np.repeat(start + fewer - rows[:-1], counts)

    def edge_index(self) -> Int[np.ndarray, "2 e"]:
        edges = np.empty((2, 2 * self.number), dtype=np.int64)
        edges[0, self.place_of_lower] = self.lower
        edges[0, self.place_of_higher] = self.higher
        edges[1] = np.repeat(np.arange(len(self.degree)), self.degree)
        return edges

    def both_ways(self, vectors: Float[np.ndarray, "p 2"]) -> Float[np.ndarray, "e 2"]:
        """The vectors towards higher numbers, and their opposites; the opposite of +0 is +0."""
        both = np.empty((2 * self.number, 2), dtype=vectors.dtype)
        both[self.place_of_higher] = vectors
        both[self.place_of_lower] = 0 - vectors[self.pair_of_lower]
        return both


def _checksum(arrays: dict[str, np.ndarray]) -> int:
    value = 0
    for name in sorted(arrays):
        value = zlib.crc32(np.ascontiguousarray(arrays[name]).view(np.uint8).data, zlib.crc32(name.encode(), value))
    return value
