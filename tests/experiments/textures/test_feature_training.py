"""Training on a channel, small: the objective, the card, and the ways to get it wrong."""

from pathlib import Path
from typing import Any

import pytest
import torch
from textures.feature_training import FeatureRecipe, excited_and_in_bounds, neuron_of
from torch import Tensor, nn

from graphnca import Trajectory, load_rule
from graphnca.rules import describe_rule
from graphnca.training.recipes import texture
from topologies import TopologyError, sampled_torus

SMALL: dict[str, Any] = {
    "size": 16, "num_channels": 6, "hidden_size": 8, "steps": (3, 6), "pool_size": 8, "snapshot_every": 0,
    "iterations": 3,
}  # fmt: skip


class Colours(nn.Module):
    """The smallest features: the image itself and its half."""

    description = "the colours alone"

    def forward(self, images: Tensor) -> list[Tensor]:
        return [images, nn.functional.avg_pool2d(images, 2)]


@pytest.fixture(autouse=True)
def _small_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texture, "load_features", lambda name, precision: Colours())


@pytest.mark.parametrize("eight_bits", [False, True])
def test_a_trained_rules_card_says_its_channel(tmp_path: Path, eight_bits: bool) -> None:
    path = FeatureRecipe(neuron="1_2", eight_bits=eight_bits, out=str(tmp_path), **SMALL).train(sampled_torus, "")
    rule, card = load_rule(path), describe_rule(path)["card"]
    assert rule.life_mask is None
    assert rule.arithmetic == ("quantised" if eight_bits else "float")
    assert (card["unit"], card["features"], card["rgb_offset"]) == ("1_2", "the colours alone", 0.5)
    assert card["configuration"]["pool"]["seed_every"] == 2


def test_training_excites(tmp_path: Path) -> None:
    """Blue rises where blue is what counts."""
    options = {**SMALL, "substrate": ("hex", "voronoi"), "rate": 2e-3, "iterations": 30}
    path = FeatureRecipe(neuron="0_2", out=str(tmp_path), **options).train(sampled_torus, "")
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
    with pytest.raises(ValueError, match="`neuron` must be LAYER_CHANNEL"):
        FeatureRecipe(neuron="blue")
    with pytest.raises(ValueError, match="`steps` must be two numbers"):
        FeatureRecipe(neuron="1_2", steps=(3,)).config()
    with pytest.raises(TopologyError, match="`kind` must be one of"):
        FeatureRecipe(neuron="1_2", substrate=("triangle",), out=str(tmp_path), **SMALL).train(sampled_torus, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mixed4a_472", ("mixed4a", 472)),
        ("conv3_3_2", ("conv3_3", 2)),
        ("3_17", (3, 17)),
        ("relu5_1_0", ("relu5_1", 0)),
    ],
)
def test_layer_and_channel(text: str, expected: tuple[str | int, int]) -> None:
    assert neuron_of(text) == expected


@pytest.mark.parametrize("text", ["", "conv3", "472", "mixed4a_", "mixed4a_x", "_4", "conv3_-1"])
def test_what_is_no_neuron(text: str) -> None:
    with pytest.raises(ValueError, match="`neuron` must be LAYER_CHANNEL"):
        neuron_of(text)
