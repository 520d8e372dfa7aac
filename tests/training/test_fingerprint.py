"""A run that goes on in another world than it began in says so."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from graphnca.losses import PixelLoss
from graphnca.models import isonca
from graphnca.rasterizers import NearestCell
from graphnca.seeds import point_seed
from graphnca.training import CheckpointError, PoolPolicy, Training, TrainingConfig, World, last_state
from graphnca.training.fingerprint import differences, fingerprint
from topologies import voronoi_mesh

CONFIG = TrainingConfig(iterations=2, batch_size=2, steps=(2, 4), schedule=lambda _: 1e-3, pool=PoolPolicy(size=4))
MESH = voronoi_mesh(10, 10, seed=1)
PICTURE = torch.rand(4, 8, 8, generator=torch.Generator().manual_seed(0))


def world(topology=MESH, picture=PICTURE, at=None) -> World:
    loss = PixelLoss(picture, rasterizer=NearestCell(topology, 8, 8))
    return World(topology, point_seed(topology, 6, at=at), last_state(loss), loss, "mine")


def other_mesh(seed: int = 1000):
    """Another mesh with as many cells and edges."""
    while True:
        mesh = voronoi_mesh(10, 10, seed=seed)
        if mesh["pos"].shape == MESH["pos"].shape:
            return mesh
        seed += 1


def one_pixel():
    changed = PICTURE.clone()
    changed[0, 3, 4] += 1 / 255
    return changed


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (lambda: world(other_mesh()), "topology edge_index"),
        (lambda: world(picture=one_pixel()), "loss target"),
        (lambda: world(at=(0.5, 0.5)), "seed"),
    ],
)
def test_a_checkpoint_of_another_world(changed, named: str, tmp_path: Path) -> None:
    def training(place: World, iterations: int = 2) -> Training:
        torch.manual_seed(0)
        return Training(isonca(6, 12), place, replace(CONFIG, iterations=iterations), tmp_path)

    training(world()).run()
    with pytest.raises(CheckpointError, match=rf"of number 0 'mine', these have changed: .*{named}"):
        training(changed(), 4).run()
    training(world(), 4).run()  # the same as before goes on


def test_another_rounding_is_no_other_world() -> None:
    here, there = world(), world(MESH.clone())
    there.topology["pos"] = there.topology["pos"] * (1 + 2e-7)
    assert not torch.equal(here.topology["pos"], there.topology["pos"])
    assert differences(fingerprint(here), fingerprint(there)) == []
