"""The hexagonal grid: six equal neighbours at 60 degrees."""

import math

import pytest
import torch

from topologies import TopologyError, hex_grid
from topologies.hexagonal import SPACING


def test_six_equal_neighbours_at_multiples_of_sixty_degrees() -> None:
    data = hex_grid(6, 5)
    assert data["edge_weight"].unique().tolist() == [2.0]
    assert torch.bincount(data["edge_index"][1]).unique().tolist() == [6]
    torch.testing.assert_close(data["edge_attr"].norm(dim=1), torch.full((180,), SPACING, dtype=torch.float32))
    sixths = torch.atan2(data["edge_attr"][:, 1], data["edge_attr"][:, 0]) / (math.pi / 3)
    torch.testing.assert_close(sixths, sixths.round(), atol=1e-5, rtol=0)


def test_rows_are_one_apart_and_odd_rows_shifted() -> None:
    data = hex_grid(4, 3)
    pos = data["pos"].view(4, 3, 2)
    assert pos[:, 0, 1].tolist() == [0.5, 1.5, 2.5, 3.5]
    torch.testing.assert_close(pos[1, :, 0] - pos[0, :, 0], torch.full((3,), SPACING / 2, dtype=torch.float32))
    torch.testing.assert_close(pos[2], pos[0] + torch.tensor([0.0, 2.0]))


def test_a_torus_looks_the_same_from_every_cell() -> None:
    data = hex_grid(4, 6)
    vectors = data["edge_attr"].view(24, 6, 2)
    for cell in range(24):
        ordered = sorted((round(x, 3), round(y, 3)) for x, y in vectors[cell].tolist())
        assert ordered == sorted((round(x, 3), round(y, 3)) for x, y in vectors[0].tolist())


def test_open_borders_keep_the_sum_of_weights() -> None:
    data = hex_grid(5, 4, periodic=False)
    degree = torch.bincount(data["edge_index"][1])
    assert sorted(degree.unique().tolist()) == [2, 3, 4, 5, 6]
    torch.testing.assert_close(data["edge_weight"], 12.0 / degree[data["edge_index"][1]])
    torch.testing.assert_close(data["extent"], hex_grid(6, 4)["extent"] - torch.tensor([[0.0, 1.0]]))


@pytest.mark.parametrize(
    ("size", "periodic", "message"),
    [
        ((5, 5), True, "`height` must be even on a torus of hexagons, .*, got 5"),
        ((2, 5), True, "`height` must be at least 4 on a torus of hexagons, got 2"),
        ((4, 2), True, "`width` must be at least 3 on a torus of hexagons, got 2"),
        ((3, 0), False, "`width` must be at least 1 on a bounded domain of hexagons, got 0"),
        ((1, 1), False, "at least 2 cells"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(size: tuple[int, int], periodic: bool, message: str) -> None:
    with pytest.raises(TopologyError, match=message):
        hex_grid(*size, periodic=periodic)
