"""Turned, mirrored and mutated seeds, small."""

from pathlib import Path

import pytest
import torch
from isonca.structured_seeds import MUTATIONS, Config, main, runs_on, seed_picture

from graphnca.evaluation.isometries import ISOMETRIES
from graphnca.results.result import Result
from graphnca.rules import STRUCTURED_SEEDS as SEEDS
from topologies import square_grid


def test_every_isometry_is_measured_on_every_substrate(tmp_path: Path) -> None:
    small = {"cells": 400, "meshes": 1, "steps": (2, 4), "mutation_steps": (3,), "runs": 2, "size": 12, "padding": 4}
    result = Result("structured_lizard", tmp_path)
    main(Config(target="lizard", **small), result)
    assert list(result.metrics["substrates"]) == ["square", "hex", "voronoi 1"]
    for entry in result.metrics["substrates"].values():
        assert len(entry["isometries"]) == len(ISOMETRIES)
        assert entry["angles"]["runs"] == 2 * len(ISOMETRIES)
        assert entry["landing"]["where put"]["with two points on one cell"] == 0
        assert entry["landing"]["where put"]["turn, rms"] <= entry["landing"]["in the middle"]["turn, rms"]
        assert all(set(row["steps"]) == {"2", "4"} for row in entry["isometries"])
    assert list(result.metrics["mutations"]) == list(MUTATIONS["lizard"])


@pytest.mark.parametrize("target", sorted(SEEDS))
def test_mutations_are_seeds_of_their_own_and_the_first_is_none(target: str) -> None:
    grid = square_grid(72, 72)
    seeds = [mutate(SEEDS[target]).state(grid) for mutate in MUTATIONS[target].values()]
    assert torch.equal(seeds[0], SEEDS[target].state(grid))
    assert len(seeds) >= 5
    assert all(not torch.equal(a, b) for i, a in enumerate(seeds) for b in seeds[:i])


def test_the_points_of_a_seed_are_seen_at_every_scale() -> None:
    """Six dots of the dancer's colours, in their places."""
    grid, seed = square_grid(72, 72), SEEDS["dancer"]
    picture = seed_picture(seed.state(grid), grid, 24.0, 96)
    for (x, y), colour in zip(seed.points.tolist(), seed.colours.tolist(), strict=True):
        shown = picture.getpixel((round(1 + (x / 24 + 1) * 48), round(1 + (y / 24 + 1) * 48)))
        assert shown == tuple(round(255 * part) for part in colour)


def test_every_kind_of_cells_gets_as_many_runs() -> None:
    config = Config(target="lizard", runs=9, meshes=3)
    assert [runs_on(name, config) for name in ("square", "hex", "voronoi 1", "voronoi 3")] == [9, 9, 3, 3]
    assert runs_on("voronoi 1", Config(target="lizard", runs=2, meshes=3)) == 1


def test_a_target_without_a_seed(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="dancer"):
        main(Config(target="heart"), Result("structured", tmp_path))
