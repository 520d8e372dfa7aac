import math
from pathlib import Path

import pytest
from isonca.structured_training import StructuredRecipe

from graphnca.rules import STRUCTURED_SEEDS, describe_rule
from topologies import sampled_torus


@pytest.mark.parametrize("target", sorted(STRUCTURED_SEEDS))
def test_training_writes_a_rule_with_its_card(target: str, tmp_path: Path) -> None:
    small = {"size": 40, "padding": 4, "iterations": 2, "batch_size": 2}
    path = StructuredRecipe(target=target, out=str(tmp_path), **small).train(sampled_torus, "")
    card = describe_rule(path)["card"]
    assert (card["target"], card["seed"], card["iterations"]) == (target, "structured", 2)


def test_orientations_lie_all_round_and_every_second_is_mirrored() -> None:
    kinds, angles, mirrors = zip(*StructuredRecipe(orientations=6).places, strict=True)
    sixths = [int(angle // (math.pi / 3)) for angle in angles]
    assert (kinds, sixths) == (("square",) * 6, list(range(6)))
    assert mirrors == (False, True) * 3
    assert StructuredRecipe().places == [("square", 0.0, False)]


def test_every_orientation_is_trained_on_every_kind_of_cells_and_new_meshes_come(tmp_path: Path) -> None:
    options = {"substrate": ("hex", "voronoi"), "orientations": 2, "renew_every": 2, "gain_noise": 0.1}
    small = {"size": 40, "padding": 4, "iterations": 5, "batch_size": 2}
    path = StructuredRecipe(out=str(tmp_path), **options, **small).train(sampled_torus, "")
    assert describe_rule(path)["card"]["iterations between two new substrates"] == 2


def test_a_target_must_have_a_seed() -> None:
    with pytest.raises(ValueError, match="`target` must have a structured seed, .* got 'heart'"):
        StructuredRecipe(target="heart")
