import pytest
import torch

from graphnca.layers import NCAConv
from graphnca.regions import FROZEN, GROWING, MATURE, protect
from topologies import square_grid


@pytest.mark.parametrize("shape", [(6,), (3, 6), (2, 3, 6)])
def test_what_each_region_keeps(shape: tuple[int, ...]) -> None:
    x, after, regions = torch.rand(2, 3, 6, 7), torch.rand(2, 3, 6, 7), torch.randint(3, shape)
    protected = protect(x, after, regions)
    where = regions.expand(2, 3, 6)
    assert torch.equal(protected[where == GROWING], after[where == GROWING])
    assert torch.equal(protected[where == FROZEN], x[where == FROZEN])
    assert torch.equal(protected[where == MATURE][:, :4], x[where == MATURE][:, :4])
    assert torch.equal(protected[where == MATURE][:, 4:], after[where == MATURE][:, 4:])


def test_growing_everywhere_is_no_region_at_all() -> None:
    x, after = torch.rand(6, 7), torch.rand(6, 7)
    assert torch.equal(protect(x, after, torch.full((6,), GROWING)), after)


def test_frozen_cells_outlive_death_and_feed_life() -> None:
    """A frozen cell that the life mask would zero stays as it is; a frozen dead cell is not grown into."""
    grid, rule = square_grid(5, 5, periodic=False), NCAConv(6, 8, "isonca", fire_rate=1.0)
    torch.nn.init.ones_(rule.update_rule.output.bias)
    x = torch.zeros(25, 6)
    x[0, 4:] = 0.5  # no alpha in sight: dead
    x[12] = 1.0  # alive, and so are its neighbours
    regions = torch.zeros(25, dtype=torch.int64)
    regions[[0, 11]] = FROZEN
    after = rule(x, grid["edge_index"], grid["edge_weight"], regions=regions)
    assert torch.equal(after[0], x[0])
    assert not after[11].any()
    assert after[13].any()
    assert not rule(x, grid["edge_index"], grid["edge_weight"])[0].any()


def test_mature_cells_think_but_do_not_change_what_is_seen() -> None:
    grid, rule = square_grid(5, 5), NCAConv(6, 8, "isonca", fire_rate=1.0)
    torch.nn.init.ones_(rule.update_rule.output.bias)
    x = torch.rand(25, 6) + 0.2
    after = rule(x, grid["edge_index"], grid["edge_weight"], regions=torch.full((25,), MATURE))
    assert torch.equal(after[:, :4], x[:, :4])
    torch.testing.assert_close(after[:, 4:], x[:, 4:] + 1)


def test_no_gradient_passes_where_nothing_changes() -> None:
    x, after = torch.rand(3, 5, requires_grad=True), torch.rand(3, 5, requires_grad=True)
    protect(x, after, torch.tensor([GROWING, MATURE, FROZEN])).sum().backward()
    assert after.grad is not None
    assert after.grad.sum(1).tolist() == [5, 1, 0]
