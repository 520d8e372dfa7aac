"""Saving and loading: every bit comes back, and every damage is noticed."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from torch_geometric.data import Batch, Data

from topologies import (
    STENCIL_FIELDS,
    TopologyError,
    check_topology,
    fields_of,
    load_topology,
    save_topology,
    square_grid,
    storage,
    upgraded,
    voronoi_mesh,
    with_operators,
)
from topologies.noise_gain import noise_quadratic, smoothing_share


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().numpy().tobytes()


def assert_same(one: Data, other: Data) -> None:
    assert set(one.keys()) == set(other.keys()) == set(fields_of(one))
    for name in one.keys():
        assert one[name].dtype == other[name].dtype
        assert one[name].shape == other[name].shape
        assert bits(one[name]) == bits(other[name]), name


def test_every_bit_comes_back(topology: Data, tmp_path: Path) -> None:
    save_topology(topology, tmp_path / "mesh.safetensors")
    loaded = load_topology(str(tmp_path / "mesh.safetensors"))
    assert_same(loaded, topology)
    check_topology(loaded)


def test_pairs_are_stored_once(tmp_path: Path) -> None:
    mesh = voronoi_mesh(40, 40)
    save_topology(mesh, tmp_path / "mesh")
    reads = mesh["stencil_index"].shape[1]
    assert (tmp_path / "mesh").stat().st_size < 85 * len(mesh["pos"]) + 16 * reads + 1000


def test_double_precision_and_vectors_in_tangent_frames_are_kept(substrates: dict[str, Data], tmp_path: Path) -> None:
    mesh = substrates["voronoi_open"].clone()
    for name in ("pos", "edge_attr", "edge_weight", "area", "extent", "stencil_weight", "stencil_gradient"):
        mesh[name] = mesh[name].double()
    save_topology(mesh, tmp_path / "double")
    assert_same(load_topology(tmp_path / "double"), mesh)
    mesh["pos"] = torch.cat([mesh["pos"], torch.ones(len(mesh["pos"]), 1, dtype=torch.float64)], dim=1)
    angle = torch.rand(len(mesh["pos"]), dtype=torch.float64)[mesh["edge_index"][1]]
    x, y = mesh["edge_attr"].unbind(1)  # each cell gets a frame of its own
    mesh["edge_attr"] = torch.stack([angle.cos() * x - angle.sin() * y, angle.sin() * x + angle.cos() * y], dim=1)
    for name in ("extent", "periodic"):
        del mesh[name]
    mesh["normal"] = torch.tensor([0.0, 0.0, 1.0]).double().expand(len(mesh["pos"]), 3).contiguous()
    mesh["frame"] = torch.tensor([1.0, 0.0, 0.0]).double().expand(len(mesh["pos"]), 3).contiguous()
    save_topology(mesh, tmp_path / "frames")
    assert_same(load_topology(tmp_path / "frames"), mesh)


def test_negative_zeros_are_kept(substrates: dict[str, Data], tmp_path: Path) -> None:
    mesh = substrates["square"].clone()
    mesh["edge_attr"][mesh["edge_attr"] == 0] = -0.0
    save_topology(mesh, tmp_path / "mesh")
    assert_same(load_topology(tmp_path / "mesh"), mesh)


def test_a_new_file_replaces_an_old_one_and_leaves_nothing_else(topology: Data, tmp_path: Path) -> None:
    (tmp_path / "mesh").write_bytes(b"old")
    ordinary = (tmp_path / "mesh").stat().st_mode
    save_topology(topology, tmp_path / "mesh")
    assert (tmp_path / "mesh").stat().st_mode == ordinary
    assert_same(load_topology(tmp_path / "mesh"), topology)
    assert [path.name for path in tmp_path.iterdir()] == ["mesh"]


def test_a_failed_save_keeps_the_old_file(
    substrates: dict[str, Data], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(descriptor: int) -> None:
        raise OSError("disk full")

    save_topology(substrates["hex"], tmp_path / "mesh")
    monkeypatch.setattr("topologies.atomic_file.os.fsync", fails)
    with pytest.raises(OSError, match="disk full"):
        save_topology(substrates["square"], tmp_path / "mesh")
    assert_same(load_topology(tmp_path / "mesh"), substrates["hex"])
    assert [path.name for path in tmp_path.iterdir()] == ["mesh"]


KILLED = """
import os, signal, sys
from topologies import save_topology, square_grid
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
save_topology(square_grid(8, 8), sys.argv[1])
"""


@pytest.mark.slow
def test_what_a_killed_save_leaves_behind_is_taken_by_the_next(topology: Data, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "mesh"], cwd=Path(__file__).parents[2], check=False)
    assert [path.name for path in tmp_path.iterdir()] == [".mesh.part"]
    save_topology(topology, tmp_path / "mesh")
    assert [path.name for path in tmp_path.iterdir()] == ["mesh"]
    assert_same(load_topology(tmp_path / "mesh"), topology)


def test_what_is_no_topology_is_not_saved(substrates: dict[str, Data], tmp_path: Path) -> None:
    mesh = substrates["square"].clone()
    mesh["x"] = torch.zeros(len(mesh["pos"]), 16)
    with pytest.raises(TopologyError, match=r"`topology` must have the fields .* besides: \['x'\]"):
        save_topology(mesh, tmp_path / "mesh")
    del mesh["x"], mesh["area"]
    with pytest.raises(TopologyError, match=r"missing: \['area'\]"):
        save_topology(mesh, tmp_path / "mesh")
    with pytest.raises(TopologyError, match="`topology` must be one graph, a PyG Data, got a batch of 2"):
        save_topology(Batch.from_data_list([substrates["square"], substrates["hex"]]), tmp_path / "mesh")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("order", [slice(1, None), slice(None, None, -1)], ids=["one direction is missing", "unsorted"])
def test_edges_that_are_no_sorted_pairs_are_not_saved(
    order: slice, substrates: dict[str, Data], tmp_path: Path
) -> None:
    mesh = substrates["square"].clone()
    chosen = torch.arange(mesh.num_edges)[order] if order.step is None else torch.arange(mesh.num_edges).flip(0)
    for name in ("edge_index", "edge_attr", "edge_weight"):
        mesh[name] = mesh[name][..., chosen] if name == "edge_index" else mesh[name][chosen]
    with pytest.raises(TopologyError, match="`edge_index` must (hold both directions of every pair|be sorted)"):
        save_topology(mesh, tmp_path / "mesh")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_or_file_is_named(topology: Data, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="`path` must lie in an existing folder, got .*nowhere"):
        save_topology(topology, tmp_path / "nowhere" / "mesh")
    with pytest.raises(FileNotFoundError, match="`path` must be a file with a topology.*nothing"):
        load_topology(tmp_path / "nothing")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
def test_a_file_that_is_cut_short_is_refused(share: float, substrates: dict[str, Data], tmp_path: Path) -> None:
    path = tmp_path / "mesh"
    save_topology(substrates["voronoi"], path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(TopologyError, match="`path` must be a whole safetensors file"):
        load_topology(path)


def test_a_single_changed_bit_is_noticed(substrates: dict[str, Data], tmp_path: Path) -> None:
    path = tmp_path / "mesh"
    save_topology(substrates["voronoi"], path)
    whole = bytearray(path.read_bytes())
    for place in np.linspace(len(whole) // 3, len(whole) - 1, 9).astype(int):  # the header is shorter
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(TopologyError, match="is damaged"):
            load_topology(path)


def rewritten(path: Path, change: Callable[[dict[str, np.ndarray]], object], **description: object) -> Path:
    """A file with other content and the checksum that belongs to it."""
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}
    change(arrays)
    header = {"format": 1, "crc32": storage._checksum(arrays), **description}
    save_file(arrays, path, metadata={"topology": json.dumps(header)})
    return path


def as_an_older_version_had_it(mesh: Data) -> Data:
    """Without a stencil; with the share of the neighbours' mean in the gradient of every cell."""
    parts = [mesh[name].double().numpy() for name in ("edge_attr", "edge_weight")]
    old = Data(**{name: value for name, value in mesh.items() if name not in STENCIL_FIELDS})
    share = smoothing_share(noise_quadratic(mesh["edge_index"].numpy(), *parts, len(mesh["pos"])))
    old["smoothing"] = torch.from_numpy(share).float()
    return old


@pytest.mark.parametrize("name", ["voronoi", "hex_open"])
def test_a_file_of_an_older_version_computes_what_it_did(
    name: str, substrates: dict[str, Data], tmp_path: Path
) -> None:
    mesh = substrates[name].clone()
    smoothing = as_an_older_version_had_it(mesh)["smoothing"].numpy()
    for field in STENCIL_FIELDS:
        del mesh[field]
    save_topology(mesh, tmp_path / "mesh")
    path = rewritten(tmp_path / "mesh", lambda arrays: arrays.update(smoothing=smoothing))
    loaded, expected = load_topology(path), with_operators(mesh, "one_ring")
    assert torch.equal(loaded["stencil_index"], expected["stencil_index"])
    for field in ("stencil_weight", "stencil_gradient"):
        torch.testing.assert_close(loaded[field], expected[field], atol=1e-5, rtol=1e-5)


def test_an_older_torus_of_squares_needs_no_stencil() -> None:
    old = as_an_older_version_had_it(square_grid(6, 6))
    assert_same(upgraded(old), square_grid(6, 6))


CHANGES: dict[str, Callable[[dict[str, np.ndarray]], object]] = {
    "neighbours beyond the cells": lambda a: a["pair_neighbours"].__iadd__(1000),
    "negative neighbours": lambda a: a["pair_neighbours"].__isub__(1000),
    "counts that are more than the pairs": lambda a: a["pair_counts"].__iadd__(1),
    "counts below 0": lambda a: a["pair_counts"].__setitem__(slice(2), (-1, 2 + int(a["pair_counts"][:2].sum()) - 1)),
    "fewer counts than cells": lambda a: a.update(pair_counts=a["pair_counts"][:-1]),
    "more counts than cells": lambda a: a.update(pair_counts=np.append(a["pair_counts"], np.int32(0))),
    "numbers of 64 bits": lambda a: a.update(pair_neighbours=a["pair_neighbours"].astype(np.int64)),
    "neighbours as a table": lambda a: a.update(pair_neighbours=a["pair_neighbours"].reshape(2, -1)),
    "another array": lambda a: a.update(x=np.zeros(3)),
    "no positions": lambda a: a.pop("pos"),
    "positions without axes": lambda a: a.update(pos=np.ones((), np.float32)),
    "no cells": lambda a: a.update({name: a[name][:0] for name in set(a) - {"extent", "periodic"}}),
    "vectors in space": lambda a: a.update(edge_attr=np.zeros((len(a["edge_attr"]), 3), np.float32)),
    "vectors for some": lambda a: a.update(edge_attr=a["edge_attr"][:-1]),
    "cells read beyond the cells": lambda a: a["stencil_read"].__iadd__(1000),
    "fewer cells read than counted": lambda a: a["stencil_counts"].__iadd__(1),
    "half a stencil": lambda a: a.pop("stencil_weight"),
    "a self-loop": lambda a: a["pair_neighbours"].__setitem__(0, 0),
    "weights that are NaN": lambda a: a["edge_weight"].__setitem__(3, np.nan),
    "weights of another sum": lambda a: a["edge_weight"].__imul__(2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_right_checksum_opens_no_door_for_what_is_no_topology(
    change: str, substrates: dict[str, Data], tmp_path: Path
) -> None:
    save_topology(substrates["hex"], tmp_path / "mesh")
    path = rewritten(tmp_path / "mesh", CHANGES[change])
    with pytest.raises(TopologyError, match=str(path)):
        load_topology(path)


@pytest.mark.parametrize("header", ["{", "[1]", "{}", '{"format": "1"}', '{"format": 1}', "[" * 100_000])
def test_a_damaged_description_is_one_clear_error(header: str, tmp_path: Path) -> None:
    save_file({"pos": np.zeros((3, 2))}, tmp_path / "mesh", metadata={"topology": header})
    with pytest.raises(TopologyError, match="is damaged|has format"):
        load_topology(tmp_path / "mesh")


def test_a_flipped_bit_of_the_header_changes_no_number(substrates: dict[str, Data], tmp_path: Path) -> None:
    path = tmp_path / "mesh"
    save_topology(substrates["hex"], path)
    whole = path.read_bytes()
    refused = 0
    for place in range(8 + int.from_bytes(whole[:8], "little")):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            assert_same(load_topology(path), substrates["hex"])
        except TopologyError:
            refused += 1
    assert refused > 100


@pytest.mark.usefixtures("as_released")
def test_what_is_no_data_is_named() -> None:
    with pytest.raises(TopologyError, match=r"`data` must be a torch_geometric.data.Data, got NoneType"):
        check_topology(None)  # pyright: ignore[reportArgumentType]


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x, y\n1, 2\n")
    with pytest.raises(TopologyError, match="`path` must be a whole safetensors file"):
        load_topology(tmp_path / "text")
    save_file({"weight": np.zeros(3)}, tmp_path / "rule", metadata={"graphnca": "{}"})
    with pytest.raises(TopologyError, match="`path` must be a topology written by `save_topology`"):
        load_topology(tmp_path / "rule")
    newer = {"topology": json.dumps({"format": 2, "anything": "else"})}
    save_file({"pos": np.zeros(3)}, tmp_path / "newer", metadata=newer)
    with pytest.raises(TopologyError, match="has format 2; this version of topologies reads 1"):
        load_topology(tmp_path / "newer")
