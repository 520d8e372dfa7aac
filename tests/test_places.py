"""Places on a substrate, and the cells that lie there."""

import torch
from torch_geometric.data import Data

from graphnca.places import centre_of, nearest_cells
from topologies import square_grid


def test_positions_beyond_the_seam_come_in_on_the_other_side() -> None:
    torus, grid = square_grid(6, 8), square_grid(6, 8, periodic=False)
    positions = torch.tensor([[8.4, 0.5], [-0.4, -0.6], [8.0 * 3 + 2.4, 0.4]])
    assert nearest_cells(torus, positions).tolist() == [0, 5 * 8 + 7, 2]
    assert nearest_cells(grid, positions).tolist() == [7, 0, 7]


def test_of_equally_near_cells_the_last() -> None:
    assert nearest_cells(square_grid(4, 4), torch.tensor([[2.0, 2.0], [2.5, 2.0]])).tolist() == [10, 10]


def test_the_centre_of_a_substrate_without_extent() -> None:
    assert centre_of(Data(pos=torch.tensor([[0.0, 0.0], [4.0, 2.0], [1.0, 1.0]]))).tolist() == [2, 1]
    assert centre_of(square_grid(3, 5)).tolist() == [2.5, 1.5]
