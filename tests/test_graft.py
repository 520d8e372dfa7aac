"""Grafts: on squares a translation, on every substrate tissue of the same size at the same distance."""

import pytest
import torch
from torch_geometric.data import Data

from graphnca.graft import graft
from topologies import square_grid


def test_on_squares_it_is_a_translation() -> None:
    grid, x = square_grid(8, 9), torch.rand(2, 72, 5)
    tissue = torch.zeros(8, 9, dtype=torch.bool)
    tissue[1:3, 2:5] = True
    after, covered = graft(x, grid, tissue.flatten(), (3.0, 4.0))
    assert torch.equal(covered.view(8, 9), tissue.roll((4, 3), (0, 1)))
    image, expected = after.view(2, 8, 9, 5), x.view(2, 8, 9, 5).clone()
    expected[:, 5:7, 5:8] = x.view(2, 8, 9, 5)[:, 1:3, 2:5]
    assert torch.equal(image, expected)


def test_it_wraps_round_a_torus_and_is_cut_off_at_the_edge_of_a_domain() -> None:
    for periodic, count in ((True, 4), (False, 2)):
        grid = square_grid(6, 6, periodic=periodic)
        tissue = torch.zeros(6, 6, dtype=torch.bool)
        tissue[2:4, 3:5] = True
        _, covered = graft(torch.rand(36, 4), grid, tissue.flatten(), (2.0, 0.0))
        assert int(covered.sum()) == count


def test_there_and_back_is_where_it_was(topology: Data) -> None:
    """Every covered cell has the state of a cell of the tissue that lies within a cell's reach of its old place."""
    x = torch.cat([topology["pos"], torch.rand(topology.num_nodes, 2)], 1)
    middle = topology["extent"].view(2) / 2
    tissue = (topology["pos"] - middle).norm(dim=1) < 2.5
    after, covered = graft(x, topology, tissue, (1.5, -1.0))
    moved = topology["pos"][covered] - after[covered][:, :2]
    extent = topology["extent"].view(2)
    moved = moved - extent * torch.round(moved / extent)
    assert (moved - torch.tensor([1.5, -1.0])).norm(dim=1).max() < 1.0
    assert torch.equal(after[~covered], x[~covered])
    area = topology["area"]
    assert 0.6 < area[covered].sum() / area[tissue].sum() < 1.6


def test_from_another() -> None:
    grid, x, donor = square_grid(5, 5), torch.zeros(25, 4), torch.ones(25, 4)
    tissue = torch.arange(25) == 12
    after, covered = graft(x, grid, tissue, (1.0, 0.0), donor=donor)
    assert torch.equal(after[:, 0], (torch.arange(25) == 13).float())
    assert torch.equal(covered, torch.arange(25) == 13)


@pytest.mark.usefixtures("as_released")
def test_the_tissue_has_one_entry_a_cell() -> None:
    with pytest.raises(ValueError, match=r"`tissue` must be .* got torch.bool of shape \(24,\)"):
        graft(torch.zeros(25, 4), square_grid(5, 5), torch.ones(24, dtype=torch.bool), (1.0, 0.0))
