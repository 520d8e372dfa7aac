"""Training on a channel, small: the objective, the card, and the ways to get it wrong."""

from pathlib import Path

import feature_training
import pytest
import torch
from feature_training import Config, excited_and_in_bounds, train
from torch import Tensor, nn

from graphnca import load_rule
from graphnca.rollout import Trajectory
from graphnca.rules import describe_rule

SMALL = {"size": 16, "channels": 6, "hidden": 8, "steps": (3, 6), "pool": 8, "snapshots": 0, "iterations": 3}


class Colours(nn.Module):
    """The smallest features: the image itself and its half."""

    description = "the colours alone"

    def forward(self, images: Tensor) -> list[Tensor]:
        return [images, nn.functional.avg_pool2d(images, 2)]


@pytest.fixture(autouse=True)
def _small_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_training, "features_of", lambda text, dtype=None: Colours())


@pytest.mark.parametrize("quantised", [False, True])
def test_a_trained_rule_tells_its_channel(tmp_path: Path, quantised: bool) -> None:
    path = train(Config("1_2", quantised=quantised, out=str(tmp_path), **SMALL))
    rule, card = load_rule(path), describe_rule(path)["card"]
    assert rule.life_mask is None
    assert rule.arithmetic == ("quantised" if quantised else "float")
    assert (card["unit"], card["features"], card["rgb_offset"]) == ("1_2", "the colours alone", 0.5)
    assert card["configuration"]["pool"]["seed_every"] == 2


def test_training_excites(tmp_path: Path) -> None:
    """Blue rises where blue is what counts."""
    config = Config("0_2", substrate="hex,voronoi", rate=2e-3, out=str(tmp_path), **{**SMALL, "iterations": 30})
    path = train(config)
    history = torch.load(tmp_path / "checkpoint.pt", weights_only=False)["history"]
    assert history.min() < -0.55  # the seed has -0.5
    assert describe_rule(path)["card"]["substrate"].endswith("hex,voronoi")


def test_what_leaves_the_bounds_costs() -> None:
    class Nothing(nn.Module):
        def forward(self, states: Tensor) -> Tensor:
            return states.new_zeros(states.shape[:-2])

    states = torch.zeros(2, 10, 5)
    states[1, 3, 4] = -3.0
    trajectory = Trajectory(states, {}, torch.zeros(2), torch.zeros(2))
    evaluation = excited_and_in_bounds(Nothing(), 100.0)(trajectory)
    assert evaluation.loss.tolist() == [0, 0]
    assert evaluation.averaged.tolist() == [0, 100 * 4 / 50]


def test_what_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="unit: expected LAYER_CHANNEL"):
        train(Config("blue", out=str(tmp_path), **SMALL))
    with pytest.raises(SystemExit, match="--substrate: expected kinds out of"):
        train(Config("1_2", substrate="triangle", out=str(tmp_path), **SMALL))
    with pytest.raises(SystemExit, match="--steps: expected two numbers"):
        train(Config("1_2", out=str(tmp_path), **{**SMALL, "steps": (3,)}))
