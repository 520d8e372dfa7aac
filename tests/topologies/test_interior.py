"""Interior cells: those surrounded by their neighbours."""

import numpy as np
import pytest

from topologies import hex_grid, square_grid, voronoi_mesh
from topologies.interior import interior_cells


def _star(angles: list[float]) -> np.ndarray:
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


@pytest.mark.parametrize(
    ("angles", "inside"),
    [
        ([0, 2.1, 4.2], True),
        ([0.5, 1.0, 1.5], False),
        ([0, np.pi], False),
        ([0, np.pi / 2, np.pi], False),  # a straight border
        ([0, np.pi / 2, np.pi - 0.1], False),
        ([0, np.pi / 2, np.pi + 0.1], True),
        ([1.0], False),
    ],
)
def test_surrounded_means_no_gap_of_half_a_turn(angles: list[float], inside: bool) -> None:
    receiver = np.zeros(len(angles), dtype=np.int64)
    for turn in np.linspace(0, 6, 13):
        assert interior_cells(receiver, _star([a + turn for a in angles]), 1).tolist() == [inside]


def test_order_of_edges_does_not_matter() -> None:
    data = voronoi_mesh(10, 10, periodic=False)
    receiver, vectors = data["edge_index"][1].numpy(), data["edge_attr"].double().numpy()
    order = np.random.default_rng(0).permutation(len(receiver))
    expected = interior_cells(receiver, vectors, len(data["pos"]))
    np.testing.assert_array_equal(interior_cells(receiver[order], vectors[order], len(data["pos"])), expected)


def test_cells_without_edges_are_not_interior() -> None:
    assert interior_cells(np.array([1, 1, 1]), _star([0, 2, 4]), 3).tolist() == [False, True, False]


@pytest.mark.parametrize("build", [square_grid, hex_grid, voronoi_mesh])
def test_every_cell_of_a_torus_is_interior(build) -> None:
    data = build(8, 8)
    assert interior_cells(data["edge_index"][1].numpy(), data["edge_attr"].double().numpy(), len(data["pos"])).all()


def test_border_of_the_square_substrate_is_not_interior() -> None:
    data = square_grid(4, 5, periodic=False)
    interior = interior_cells(data["edge_index"][1].numpy(), data["edge_attr"].double().numpy(), 20).reshape(4, 5)
    assert interior[1:-1, 1:-1].all()
    assert interior.sum() == 6
