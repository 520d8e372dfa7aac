"""The kinds by name: a torus and a bounded domain of each, by size and by number of cells."""

from collections.abc import Callable

import pytest
import torch

from topologies import (
    KINDS,
    TopologyError,
    cells_within,
    check_topology,
    first_of_each_kind,
    hexagonal_patch,
    substrate,
    substrate_of_cells,
    substrates,
    varied_meshes,
)
from topologies.kinds import VARIED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("periodic", [True, False])
def test_a_substrate_has_the_size_asked_for(kind: str, periodic: bool) -> None:
    made = substrate(kind, 24, periodic=periodic, seed=2)
    check_topology(made)
    assert made["extent"][0].tolist() == pytest.approx([24, 24], rel=0.03)
    assert bool(made["periodic"]) is periodic
    assert made.num_nodes == pytest.approx(cells_within(kind, 24), rel=0.06)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cells", [150, 5184])
def test_a_substrate_has_about_the_cells_asked_for(kind: str, cells: int) -> None:
    made = substrate_of_cells(kind, cells)
    check_topology(made)
    assert made.num_nodes == pytest.approx(cells, rel=0.12 if cells < 1000 else 0.02)
    width, height = made["extent"][0].tolist()
    assert width == pytest.approx(height, rel=0.1)


@pytest.mark.parametrize("cells", [156, 380, 5000])
def test_a_square_of_cells_has_the_symmetries_of_a_square(cells: int) -> None:
    width, height = substrate_of_cells("square", cells)["extent"][0].tolist()
    assert width == height


@pytest.mark.parametrize("kind", KINDS)
def test_only_random_kinds_follow_the_seed(kind: str) -> None:
    one, other = (substrate(kind, 16, seed=seed)["pos"] for seed in (1, 2))
    assert torch.equal(one, substrate(kind, 16, seed=1)["pos"])
    assert (one.shape == other.shape and torch.equal(one, other)) is not KINDS[kind].random


def test_results_are_measured_on_one_lattice_of_a_kind_and_several_meshes() -> None:
    made = substrates(("square", "voronoi"), 150, meshes=2, seed=7)
    assert list(made) == ["square", "voronoi 8", "voronoi 9"]
    assert torch.equal(made["voronoi 8"]["pos"], substrate_of_cells("voronoi", 150, seed=8)["pos"])
    assert list(substrates(("hex",), 150)) == ["hex"]


def test_substrates_of_one_size_show_as_much_of_a_pattern() -> None:
    for name, made in substrates(size=32, meshes=1).items():
        assert float(made["area"].sum()) == pytest.approx(32 * 32, rel=0.04), name


@pytest.mark.parametrize("ask", [substrate_of_cells, cells_within, lambda kind, size: substrates([kind], size)])
def test_an_unknown_kind_is_answered_with_the_known_ones(ask: Callable) -> None:
    with pytest.raises(TopologyError, match="must be one of square, .* got 'cubes'"):
        ask("cubes", 100)


def test_a_hexagonal_patch_is_a_hexagon() -> None:
    patch = hexagonal_patch(100)
    assert patch.num_nodes == 91  # 1 + 6 + 12 + 18 + 24 + 30
    degree = torch.bincount(patch["edge_index"][1])
    assert degree.bincount().tolist() == [0, 0, 0, 6, 24, 0, 61]  # six corners, six sides of four, the interior


@pytest.fixture(scope="module")
def meshes() -> dict:
    return varied_meshes(150, seed=4)


def test_varied_meshes_are_tori_and_bounded_domains(meshes: dict) -> None:
    assert [bool(topology["periodic"]) for topology in meshes.values()] == [periodic for periodic, _ in VARIED]
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
    assert not torch.equal(other, substrates(("voronoi",), 150, meshes=1, seed=4)["voronoi 5"]["pos"])
    assert torch.equal(
        meshes["mesh 1: torus, Lloyd 0"]["pos"], substrates(("voronoi",), 150, seed=4)["voronoi 5"]["pos"]
    )


def test_the_first_of_each_kind() -> None:
    assert first_of_each_kind(["square", "hex", "voronoi 7", "voronoi 8"]) == ["square", "hex", "voronoi 7"]
    assert first_of_each_kind(["voronoi 2"]) == ["voronoi 2"]
