import math
from pathlib import Path

import pytest
import torch
from growing.steerable_training import SteerableRecipe

from graphnca.rules import describe_rule, load_rule
from graphnca.targets import with_auxiliary
from topologies import sampled_torus, square_grid

SMALL = {"size": 12, "padding": 4, "iterations": 2, "batch_size": 2}


@pytest.mark.parametrize("points", [1, 2])
def test_training_writes_a_steered_rule_with_its_card(points: int, tmp_path: Path) -> None:
    path = SteerableRecipe(points=points, orientations=2, out=str(tmp_path), **SMALL).train(sampled_torus, "")
    card = describe_rule(path)["card"]
    assert (card["target"], card["size"], card["iterations"]) == ("lizard", 12, 2)
    assert card.get("seed") == ("pair" if points == 2 else None)
    assert load_rule(path).perception.is_steered


def test_the_seed_lies_as_asked_and_any_turn_of_the_picture_costs_the_same_but_no_mirror_image() -> None:
    recipe = SteerableRecipe(auxiliary="axis:3", **SMALL)
    height, width = recipe.shape
    grid, middle = square_grid(height, width), height // 2
    for angle, cells in ((0.0, [(-2, 0), (2, 0)]), (math.pi / 2, [(0, -2), (0, 2)])):
        world = recipe.world("square", grid, 1.0, recipe.untrained(), torch.Generator(), angle)
        alive = world.seed.view(height, width, 16)[..., 3].nonzero().tolist()
        assert alive == [[middle + down, middle + right] for down, right in cells]
    shown = torch.zeros(3, height * width, 16)
    target = with_auxiliary(recipe.image, recipe.auxiliary)
    for number, image in enumerate((target, target.rot90(1, (1, 2)), target.flip(2))):
        shown[number, :, :5] = image.flatten(1).T
    same, turned, mirrored = world.loss(shown).tolist()
    assert max(same, turned) < 1e-3 < 0.1 * float(world.loss(torch.zeros_like(shown[:1]))) < mirrored


def test_orientations_lie_all_round() -> None:
    angles = [angle for _, angle in SteerableRecipe(orientations=6).places]
    assert [int(angle // (math.pi / 3)) for angle in angles] == [*range(6)]
    assert SteerableRecipe().places == [("square", 0.0)]


@pytest.mark.parametrize("wrong", [{"points": 3}, {"orientations": 0}])
def test_numbers_out_of_range(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="`points` must be 1 or 2 and `orientations` at least 1"):
        SteerableRecipe(**wrong)
