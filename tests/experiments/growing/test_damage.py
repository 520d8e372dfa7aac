"""Damage, tiny: what is said of it, and many seeds side by side."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from growing.damage import (
    ACROSS,
    LOST,
    Config,
    goal_of,
    healed,
    many_seeds,
    measure,
    nearest_seed,
    numbers_of,
    tables,
)

from graphnca.evaluation.damage_tests import GOAL_CUTS, WHOLE, Healing
from graphnca.evaluation.subject import Subject, SubjectError
from graphnca.models import growing_nca
from graphnca.results.result import Result
from topologies import square_grid

CONFIG = Config(cells=400, meshes=1, times=(5, 10), steps=100, substrate=("square", "voronoi"), many=False)
STILL = Subject("still", growing_nca(8, 16), {"size": 12, "padding": 4}, goal="lizard")
"""Untrained: its output layer is zero, so the seed stays as it is."""


def test_a_still_seed_is_lost_with_the_middle_alone() -> None:
    """It lies on the line between the halves, and in the square."""
    results = healed(STILL, square_grid(20, 20), CONFIG)
    assert list(results) == [5, 10]
    whole = results[5].scores[WHOLE]
    assert torch.equal(results[5].scores["left half"], whole)
    assert (results[5].scores["centre"] - STILL.empty_log_error).abs().max() < 1e-5
    assert (results[5].apart["centre"] > -8).all() and (results[5].apart["left half"] == -8).all()


def test_errors_are_reported_right_after_later_and_at_the_end() -> None:
    moments = list(range(0, 301, 10))
    course = torch.linspace(-1.5, -4.5, len(moments))[:, None].expand(-1, 2)
    back = course.clone()
    back[20:] = -1.0
    result = Healing(moments, {WHOLE: course, "left half": back}, {"left half": back}, {})
    entry = numbers_of(result)
    assert entry["left half"]["right after"] == [-1.5, -1.5]
    assert entry["left half"]["after 100"] == entry["left half"]["least within 100"] == [-2.5, -2.5]
    assert entry["left half"]["after 300"] == [-1.0, -1.0]
    assert entry["left half"]["to the run without a cut, after 100"] == [-2.5, -2.5]
    assert "to the run without a cut, after 100" not in entry[WHOLE]


def test_halves_and_the_middle_count_that_heal() -> None:
    errors = [[-3.1, -3.0] for _ in GOAL_CUTS]
    errors[0] = [-3.2, -2.99]
    cuts = {cut: {"least within 100": pair} for cut, pair in zip(GOAL_CUTS, errors, strict=True)}
    cuts["random disk"] = {"least within 100": [-1.0, -1.0]}
    assert goal_of({"200": cuts}) == {"cuts": 10, "healed": 9}


def test_cells_belong_to_the_nearest_seed_round_the_seam() -> None:
    owner = nearest_seed(square_grid(10, 20), torch.tensor([[1.5, 5.5], [11.5, 5.5]])).view(10, 20)
    assert (owner[:, :6] == 0).all() and (owner[:, 17:] == 0).all()
    assert (owner[:, 7:16] == 1).all()


def test_many_seeds_lose_one_part_each() -> None:
    """All of them stay, but for the one that loses its middle (and single cells, by chance)."""
    entry, frames = many_seeds(STILL, CONFIG)
    assert entry["lost"] == LOST and len(LOST) == ACROSS**2
    assert {"grown", "cut"} < entry["log10 errors"].keys()
    grown, cut = (entry["log10 errors"][moment] for moment in ("grown", "cut"))
    assert len(grown) == len(cut) == ACROSS**2
    middle = LOST.index("centre")
    assert cut[LOST.index(WHOLE)] == grown[LOST.index(WHOLE)]
    assert cut[LOST.index("left half")] == grown[LOST.index("left half")]
    assert cut[middle] != grown[middle]
    assert len(frames) > 20


def test_a_still_seed_heals_from_nothing(tmp_path: Path) -> None:
    result = Result("still", tmp_path)
    measure(STILL, CONFIG, result)
    made = tables(result.metrics)
    none = "0 of 20 (0 to 17 %)"
    assert [row[:3] for row in made["goal"].rows] == [("square", none, "no"), ("voronoi 5001", none, "")]
    assert made["errors"].header == ("damage", "square", "voronoi 5001") and "many" not in made


@pytest.mark.parametrize("steps", [90, 105])
def test_steps_that_do_not_fit(steps: int, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--steps"):
        measure(STILL, replace(CONFIG, steps=steps), Result("still", tmp_path))


def test_a_rule_without_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SubjectError, match="bare"):
        measure(Subject("bare", growing_nca(8, 16)), CONFIG, Result("bare", tmp_path))
