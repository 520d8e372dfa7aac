"""The permutations that a substrate's symmetries are."""

import pytest
import torch
from torch_geometric.data import Data

from graphnca.evaluation.symmetries import asymmetry, symmetries
from topologies import check_topology, hex_grid, hexagonal_patch, square_grid, voronoi_mesh


@pytest.mark.parametrize(
    ("topology", "turns"),
    [(square_grid(8, 8), 4), (square_grid(9, 9, periodic=False), 4), (hexagonal_patch(100), 6), (square_grid(6, 8), 2)],
    ids=["torus", "open", "hexagons", "oblong"],
)
def test_they_are_a_group_of_isometries_about_the_seed(topology: Data, turns: int) -> None:
    found = symmetries(topology, turns)
    number = topology.num_nodes or 0
    assert found.shape == (2 * turns, number)
    assert torch.equal(found[0], torch.arange(number))
    rows = {tuple(row) for row in found.tolist()}
    assert len(rows) == 2 * turns
    assert all(tuple(one[other].tolist()) in rows for one in found for other in found)
    fixed = (found == torch.arange(number)).all(0)
    assert fixed.any()  # the seeded cell


@pytest.mark.parametrize(
    ("topology", "turns"),
    [(square_grid(6, 8), 4), (hex_grid(8, 7), 6), (square_grid(8, 8), 3), (voronoi_mesh(8, 8), 2)],
    ids=["oblong", "hexagonal torus", "thirds", "mesh"],
)
def test_a_substrate_without_them_is_refused(topology: Data, turns: int) -> None:
    with pytest.raises(ValueError, match=f"`topology` must have the symmetries of {turns} turns"):
        symmetries(topology, turns)


def test_a_weight_that_is_not_symmetric_is_seen() -> None:
    grid = square_grid(6, 6)
    grid["edge_weight"][5] = 2.5
    with pytest.raises(ValueError, match="edges or weights differ"):
        symmetries(grid, 4)


def test_asymmetry_is_the_largest_difference_from_an_image() -> None:
    grid = square_grid(5, 5)
    images = symmetries(grid, 4)
    x = (grid["pos"] - 2.5).square().sum(1, keepdim=True)
    assert asymmetry(x, images) == 0
    x[0] += 0.25
    assert asymmetry(x, images) == 0.25


@pytest.mark.parametrize("cells", [7, 500, 5184])
def test_the_hexagonal_patch_keeps_the_contract(cells: int) -> None:
    topology = hexagonal_patch(cells)
    check_topology(topology)
    number = topology.num_nodes or 0
    assert abs(number / cells - 1) < 0.1
    degrees = torch.bincount(torch.bincount(topology["edge_index"][1]), minlength=7)
    rings = round(((number - 1) / 3 + 0.25) ** 0.5 - 0.5)
    assert number == 3 * rings * (rings + 1) + 1
    assert degrees[3] == 6  # corners
    assert degrees[4] == 6 * (rings - 1)  # sides
    assert degrees[6] == number - 6 * rings
