import math
from dataclasses import replace
from pathlib import Path

import pytest
from protocol.structured import SEEDS
from structured_training import Config, orientations, train

from graphnca.rules import describe_rule


@pytest.mark.parametrize("target", sorted(SEEDS))
def test_training_writes_a_rule_with_its_card(target: str, tmp_path: Path) -> None:
    path = train(Config(target=target, size=40, padding=4, iterations=2, batch_size=2, out=str(tmp_path / "run")))
    card = describe_rule(str(path))["card"]
    assert card["target"] == target
    assert card["iterations"] == 2


def test_orientations_lie_all_round_and_every_second_is_mirrored() -> None:
    angles, mirrors = zip(*orientations(Config(orientations=6)), strict=True)
    sixths = [int(angle // (math.pi / 3)) for angle in angles]
    assert sixths == list(range(6))
    assert mirrors == (False, True) * 3
    assert orientations(Config()) == [(0.0, False)]


def test_every_orientation_is_trained_on_every_kind_of_cells_and_new_meshes_come(tmp_path: Path) -> None:
    config = Config(
        target="lizard", substrate="hex,voronoi", orientations=2, renew_every=2, gain_noise=0.1, size=40, padding=4
    )
    path = train(replace(config, iterations=5, batch_size=2, out=str(tmp_path / "run")))
    assert describe_rule(str(path))["card"]["iterations between two new sheets"] == 2
