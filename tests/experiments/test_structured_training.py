from pathlib import Path

import pytest
from structured_training import SEEDS, Config, seed_of, train

from graphnca.rules import describe_rule
from topologies import square_grid, voronoi_mesh


@pytest.mark.parametrize("target", sorted(SEEDS))
def test_training_writes_a_rule_with_its_card(target: str, tmp_path: Path) -> None:
    path = train(Config(target=target, size=40, padding=4, iterations=2, batch_size=2, out=str(tmp_path / "run")))
    card = describe_rule(str(path))["card"]
    assert card["target"] == target
    assert card["iterations"] == 2


@pytest.mark.parametrize("target", sorted(SEEDS))
def test_seeds_fit_every_substrate_in_every_orientation(target: str) -> None:
    points, colours = SEEDS[target]
    for topology in (square_grid(72, 72), voronoi_mesh(72, 72)):
        for angle in (0.0, 1.0):
            seed = seed_of(target, topology, angle=angle, mirror=angle > 0)
            living = seed[seed[:, 3] > 0]
            assert len(living) == len(points)
            assert {tuple(row) for row in living[:, :3].tolist()} == {tuple(row) for row in colours.tolist()}


def test_a_target_without_a_seed() -> None:
    with pytest.raises(SystemExit, match="dancer"):
        seed_of("heart", square_grid(8, 8))
