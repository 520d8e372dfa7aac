"""What the failures of a training are measured by, and what their losses no longer see."""

import pytest
import torch
from textures.training_failures import TRAININGS, Deeper, DeeperRecipe, chequerboard, colours_off

from graphnca.features import VGG16, FilterBank
from graphnca.losses import TextureLoss
from graphnca.templates import load_template


@pytest.fixture
def noise() -> torch.Tensor:
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_how_much_is_a_chequerboard(noise: torch.Tensor) -> None:
    ones = torch.ones(64, 64)
    board = ones.cumsum(0).add(ones.cumsum(1)).remainder(2).expand(1, 3, -1, -1)
    assert float(chequerboard(board)) == pytest.approx(1)
    assert chequerboard(noise) == pytest.approx(torch.full((2,), 0.25), abs=0.02)
    stripes = ones.cumsum(0).remainder(2).expand(1, 3, -1, -1)
    assert float(chequerboard(stripes)) == 0
    assert float(chequerboard(0.5 + 0.1 * board)) == pytest.approx(1), "the contrast does not matter"


def test_colours_are_off_wherever_they_are(noise: torch.Tensor) -> None:
    template = noise[0]
    shuffled = template.flatten(1)[:, torch.randperm(64 * 64)].view(1, 3, 64, 64)
    assert float(colours_off(shuffled, template)) == pytest.approx(0, abs=1e-6)
    darker = colours_off(torch.stack([0.5 * template, template]), template)
    assert darker.tolist() == pytest.approx([0.25, 0], abs=0.01)
    assert float(colours_off(5 + noise, template)[0]) == pytest.approx(0.5, abs=0.01), "what is shown is clamped"


@pytest.mark.parametrize("features", [FilterBank(), VGG16.untrained(widths=(4,) * 13)], ids=["filters", "vgg"])
def test_a_loss_that_does_not_see_the_first_layers(features: torch.nn.Module, noise: torch.Tensor) -> None:
    maps = features(noise)
    assert all(torch.equal(a, b) for a, b in zip(Deeper(features, -2)(noise), maps[-2:], strict=True))
    loss = TextureLoss(Deeper(features, 3), noise[0])
    assert loss.num_layers == len(maps) - 3


def test_each_training_changes_what_it_says() -> None:
    usual = DeeperRecipe(template="dotted", features="filter-bank")
    template = load_template("dotted", 64)[None]
    layers = len(usual.seeing(template))
    seen = {
        name: len(DeeperRecipe(template="dotted", features="filter-bank", **changed).seeing(template))
        for name, changed in TRAININGS.items()
    }
    assert seen == dict.fromkeys(TRAININGS, layers) | {"no first layers": layers - 3, "deep layers alone": 2}
    assert {DeeperRecipe(template="dotted", **changed).config().steps for changed in TRAININGS.values()} == {
        usual.steps,
        (6, 10),
    }
