"""What a training leaves behind."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from graphnca import load_rule
from graphnca.rules import describe_rule
from graphnca.seeds import point_seed
from graphnca.training import (
    PoolPolicy,
    Training,
    TrainingConfig,
    World,
    last_state,
    machine,
    pool_pictures,
    run_and_save,
)
from topologies import sphere, square_grid


def world() -> World:
    topology = square_grid(8, 8)

    def loss(states):
        return states.square().mean((-2, -1))

    return World(topology, point_seed(topology, 8), last_state(loss), loss, "square of eight")


def test_the_rule_is_saved_with_what_is_known_of_the_run(tmp_path: Path, random_rule) -> None:
    config = TrainingConfig(iterations=2, batch_size=2, steps=(2, 4), pool=PoolPolicy(size=4))
    training = Training(random_rule(8, 8, "isonca"), world(), config, tmp_path)
    path = run_and_save(training, "python train.py", {"target": "nothing"})
    card = describe_rule(path)["card"]
    assert (card["trained by"], card["target"], card["iterations"]) == ("python train.py", "nothing", 2)
    assert card["machine"] == machine() and card["configuration"]["batch_size"] == 2
    saved = load_rule(path).state_dict()
    assert all(torch.equal(value, saved[name]) for name, value in training.averaged_rule().state_dict().items())


@pytest.mark.parametrize("offset", [None, 0.5])
def test_the_pool_and_the_loss_are_drawn(offset: float | None, tmp_path: Path) -> None:
    pool_pictures("title", offset)(tmp_path, world(), torch.zeros(6, 64, 8), [1.0, 0.5])
    with Image.open(tmp_path / "pool-square.png") as picture:
        assert picture.size == (3 * (4 * 8 + 5 * 4), 3 * (2 * 8 + 3 * 4))
        assert picture.convert("RGB").getpixel((15, 15)) == ((255,) * 3 if offset is None else (128,) * 3)
    assert (tmp_path / "loss.png").is_file()


def test_a_surface_is_drawn_as_a_viewer_sees_it(tmp_path: Path) -> None:
    ball = sphere(300)
    seen = World(ball, point_seed(ball, 8), world().objective, world().loss, "sphere")
    states = torch.zeros(2, len(ball["pos"]), 8)
    states[:, :, 0] = states[:, :, 3] = 1.0
    pool_pictures("title")(tmp_path, seen, states, [])
    with Image.open(tmp_path / "pool-sphere.png") as picture:
        r, g, b = picture.convert("RGB").getpixel((picture.height // 2, picture.height // 2))
        assert r > 150 and g == b == 0
