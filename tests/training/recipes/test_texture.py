"""The recipe of textures."""

import pytest
import torch
from torch_geometric.data import Data

from graphnca.features import FilterBank
from graphnca.losses import TextureLoss
from graphnca.rasterizers import NearestCell
from graphnca.training.recipes import texture_config, texture_world


def test_the_numbers_are_published() -> None:
    config = texture_config(5000)
    assert (config.batch_size, config.steps, config.pool.size, config.pool.seed_every) == (4, (32, 96), 256, 8)
    assert config.pool.damage_every == 0
    assert [config.schedule(iteration) for iteration in (0, 1000, 2000)] == pytest.approx([1e-3, 3e-4, 9e-5])


def test_the_pool_is_divided_among_the_sheets() -> None:
    assert texture_config(10, num_sheets=3).pool.size == 85
    assert texture_config(10, pool=2).pool.size == 4


def test_a_world_starts_from_nothing(topology: Data) -> None:
    loss = TextureLoss(FilterBank(), torch.rand(3, 12, 12), rasterizer=NearestCell(topology, 12, 12))
    world = texture_world(topology, loss, 6, "here")
    assert world.start().shape == (topology.num_nodes, 6) and not world.start().any()
    assert world.loss(torch.zeros(2, topology.num_nodes, 6)).shape == (2,)


def test_noise_is_a_disk_within_the_bound(topology: Data) -> None:
    loss = TextureLoss(FilterBank(), torch.rand(3, 12, 12), rasterizer=NearestCell(topology, 12, 12))
    world = texture_world(topology, loss, 6)
    assert world.damage is not None
    noisy = world.damage(torch.full((2, topology.num_nodes, 6), 5.0), torch.Generator().manual_seed(0))
    changed = (noisy != 5.0).all(-1)
    assert changed.any(-1).all() and not changed.all(-1).any()
    assert noisy[changed].abs().max() <= 1.0
    config = texture_config(10, noise_every=3)
    assert (config.pool.damage_every, config.pool.damage_count) == (3, 1)
    assert config.explosion > texture_config(10).explosion
