"""IsoNCA's recipe."""

import pytest
import torch
from torch_geometric.data import Data

from graphnca.rasterizers import NearestCell
from graphnca.seeds import point_seed
from graphnca.targets import load_target, with_auxiliary
from graphnca.training.recipes import isonca_config, isonca_world


def test_the_rate_rises_and_falls() -> None:
    schedule = isonca_config(8000, rate=2e-3).schedule
    assert schedule(0) < 1e-4 and schedule(300) == pytest.approx(2e-3, rel=0.01)
    assert schedule(8000) == pytest.approx(1e-5)


def test_a_training_may_stop_while_the_rate_is_still_high() -> None:
    config = isonca_config(8000, stop=1000)
    assert config.iterations == 1000 and config.schedule(1000) == isonca_config(8000).schedule(1000)


def test_the_pool_is_divided_among_the_sheets_in_eights() -> None:
    assert [isonca_config(10, num_sheets=sheets).pool.size for sheets in (1, 2, 3, 6)] == [256, 128, 88, 48]


def test_what_the_seed_replaces() -> None:
    assert isonca_config(10).pool.rank and not isonca_config(10, reseed_worst=False).pool.rank
    assert isonca_config(10, seed_until=7).pool.seed_always_until == 7


def test_a_world_starts_from_a_cell(topology: Data) -> None:
    target = with_auxiliary(load_target("heart", size=8, padding=2), "binary")
    world = isonca_world(topology, target, [1.0] * 5, NearestCell(topology, 12, 12), "here")
    torch.testing.assert_close(world.start(), point_seed(topology))
    assert world.loss(torch.zeros(2, topology.num_nodes, 16)).shape == (2,)
