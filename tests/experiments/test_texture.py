"""Training on a texture, small: the recipe, the card, and the ways to get it wrong."""

from pathlib import Path

import pytest
import texture
import torch
from PIL import Image
from texture import Config, train
from torch import Tensor, nn

from graphnca import load_rule
from graphnca.rules import describe_rule
from graphnca.training import load_checkpoint

SMALL = {
    "size": 16,
    "channels": 6,
    "hidden": 8,
    "steps": (3, 6),
    "pool": 8,
    "snapshots": 0,
}


class Colours(nn.Module):
    """The smallest features: the image itself and its half."""

    description = "the colours alone"

    def forward(self, images: Tensor) -> list[Tensor]:
        return [images, nn.functional.avg_pool2d(images, 2)]


@pytest.fixture(autouse=True)
def _small_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texture, "features_of", lambda text, dtype=None: Colours())


def test_the_defaults_are_the_published_recipe() -> None:
    """Niklasson et al. 2021, PyTorch revision."""
    config = Config("dotted")
    assert (config.channels, config.hidden, config.statistic) == (12, 96, "sliced_ot")
    assert (config.pool, config.batch_size, config.steps) == (256, 4, (32, 96))
    assert (config.iterations, config.rate, config.milestones) == (5000, 1e-3, (1000, 2000))


@pytest.mark.parametrize("statistic", ["sliced_ot", "gram"])
def test_a_trained_rule_tells_its_texture(tmp_path: Path, statistic: str) -> None:
    config = Config("banded", iterations=3, statistic=statistic, out=str(tmp_path), **SMALL)
    path = train(config)
    rule, card = load_rule(path), describe_rule(path)["card"]
    assert rule.config["life_mask"] is None and not rule.config["output_bias"]
    assert (card["template"], card["rgb_offset"], card["size"]) == ("banded", 0.5, 16)
    assert card["statistic"] == statistic and card["features"] == "the colours alone"
    assert card["configuration"]["pool"]["seed_every"] == 8
    assert card["configuration"]["pool"]["seed_always_until"] == 0
    assert card["configuration"]["pool"]["damage_every"] == 0
    assert "factor=0.3" in card["configuration"]["schedule"]


def test_a_rule_learns_the_colours(tmp_path: Path) -> None:
    """The loss falls by half on a picture of one colour, from the published seed."""
    Image.new("RGB", (16, 16), (204, 51, 102)).save(tmp_path / "plain.png")
    template, out = str(tmp_path / "plain.png"), str(tmp_path / "run")
    longer = {**SMALL, "steps": (12, 24), "hidden": 32}
    train(Config(template, iterations=70, rate=5e-4, milestones=(30, 50), out=out, **longer))
    history = load_checkpoint(tmp_path / "run" / "checkpoint.pt")["history"]
    assert history[-10:].mean() < history[:3].mean() / 2


def test_several_kinds_of_cells_share_the_pool(tmp_path: Path) -> None:
    config = Config("dotted", substrate="square,hex,voronoi", renew_every=1, iterations=3, out=str(tmp_path), **SMALL)
    config = Config(**{**vars(config), "pool": 12})
    card = describe_rule(train(config))["card"]
    assert card["substrate"] == "torus of 16x16 units: square,hex,voronoi"
    assert card["iterations between two new sheets"] == 1
    pools = load_checkpoint(tmp_path / "checkpoint.pt")["pools"]
    assert [len(pool["occupied"]) for pool in pools] == [4, 4, 4]


def test_a_resumed_run_gives_the_same_rule(tmp_path: Path) -> None:
    """The directions of the transport too are drawn from what the checkpoint holds."""
    whole = train(Config("bubbly", iterations=6, out=str(tmp_path / "whole"), **SMALL))
    train(Config("bubbly", iterations=3, out=str(tmp_path / "parts"), **SMALL))
    torch.manual_seed(99)
    parts = train(Config("bubbly", iterations=6, out=str(tmp_path / "parts"), **SMALL))
    for name, value in load_rule(whole).state_dict().items():
        torch.testing.assert_close(load_rule(parts).state_dict()[name], value, rtol=0, atol=0)


def test_a_run_may_go_on_from_a_rule(tmp_path: Path) -> None:
    first = train(Config("dotted", iterations=2, out=str(tmp_path / "first"), **SMALL))
    second = train(Config("bubbly", start=str(first), iterations=1, out=str(tmp_path / "second"), **SMALL))
    assert describe_rule(second)["card"]["started from"]["template"] == "dotted"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("substrate", "square,triangle", "--substrate: expected kinds"),
        ("steps", (32,), "--steps: expected two numbers, got '32'"),
        ("precision", "float8", r"--precision: expected one of \['bfloat16', 'float32'\], got 'float8'"),
        ("statistic", "mean", "--statistic: expected one of"),
    ],
)
def test_what_can_be_given_is_said(option: str, value: object, message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        train(Config(**{"template": "dotted", "iterations": 1, option: value}))


def test_in_8_bits_from_a_float_rule(tmp_path: Path) -> None:
    """The rule that comes out steps in 8 bits, and has moved from where it started."""
    first = train(Config("banded", iterations=3, out=str(tmp_path / "float"), **SMALL))
    config = Config("banded", iterations=2, start=str(first), quantised=True, out=str(tmp_path / "bytes"), **SMALL)
    rule, before = load_rule(train(config)), load_rule(first)
    assert (before.arithmetic, rule.arithmetic) == ("float", "quantised")
    assert not torch.equal(rule.update_rule.output.weight, before.update_rule.output.weight)
    assert rule.weight_steps is None  # they follow the weights, which are not rounded themselves
