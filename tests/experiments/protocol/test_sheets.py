"""The sheets that results are measured on."""

import pytest
import torch
from protocol.sheets import MESHES, first_of_each_kind, sheets, varied_meshes

from topologies import check_topology


@pytest.fixture(scope="module")
def meshes() -> dict:
    return varied_meshes(150, seed=4)


def test_varied_meshes_are_tori_and_open_sheets(meshes: dict) -> None:
    assert [bool(topology["periodic"]) for topology in meshes.values()] == [periodic for periodic, _ in MESHES]
    assert [name.split()[2] for name in meshes] == ["torus,", "torus,", "torus,", "open,", "open,"]
    for topology in meshes.values():
        check_topology(topology)
        assert abs((topology.num_nodes or 0) / 150 - 1) < 0.12


def test_lloyd_steps_make_cells_alike(meshes: dict) -> None:
    spread = {name: float(topology["area"].std() / topology["area"].mean()) for name, topology in meshes.items()}
    tori = [value for name, value in spread.items() if "torus" in name]
    assert tori[2] < 0.7 * min(tori[:2])
    assert spread["mesh 5: open, Lloyd 2"] < 0.7 * spread["mesh 4: open, Lloyd 0"]


def test_no_two_meshes_are_the_same(meshes: dict) -> None:
    first, second = [topology["pos"] for topology in meshes.values()][:2]
    assert len(first) != len(second) or not torch.equal(first, second)


def test_meshes_follow_their_seed(meshes: dict) -> None:
    again = varied_meshes(150, seed=4)
    assert all(torch.equal(meshes[name]["pos"], again[name]["pos"]) for name in meshes)
    other = varied_meshes(150, seed=9)["mesh 1: torus, Lloyd 0"]["pos"]
    assert not torch.equal(other, sheets(("voronoi",), 150, meshes=1, seed=4)["voronoi 5"]["pos"])
    assert torch.equal(meshes["mesh 1: torus, Lloyd 0"]["pos"], sheets(("voronoi",), 150, seed=4)["voronoi 5"]["pos"])


def test_the_first_of_each_kind() -> None:
    assert first_of_each_kind(["square", "hex", "voronoi 7", "voronoi 8"]) == ["square", "hex", "voronoi 7"]
    assert first_of_each_kind(["voronoi 2"]) == ["voronoi 2"]
