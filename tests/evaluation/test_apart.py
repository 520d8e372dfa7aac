"""Sets of runs: alike, another texture, and what has exploded."""

import pytest
import torch
from torch import Tensor

from graphnca.evaluation.apart import apart, distances
from graphnca.evaluation.scores import EXPLODED
from graphnca.features import FilterBank
from graphnca.templates import load_template

FEATURES = FilterBank(scales=1, orientations=2)
WELL = torch.zeros(6, 9, 12)


def pieces(name: str, first: int) -> Tensor:
    """Six pieces of a template, each somewhere else."""
    template = load_template(name, 128)
    places = [(13 * (first + n) % 96, 29 * (first + n) % 96) for n in range(6)]
    return torch.stack([template[:, y : y + 32, x : x + 32] for y, x in places])


SQUARES = pieces("chequered", 0)
AMONG = distances(SQUARES, SQUARES, FEATURES)


def test_a_run_is_no_distance_from_itself() -> None:
    assert float(AMONG.diagonal().abs().max()) < 1e-3 < float(AMONG[0, 1])


def test_the_same_texture_lies_as_far_as_squares_from_each_other() -> None:
    found = apart(AMONG, distances(SQUARES, pieces("chequered", 6), FEATURES), WELL, 3.0)
    low, high = found["interval"]
    assert low < found["times"] < high
    assert found["times"] == pytest.approx(1, abs=0.6)
    assert (found["within"], found["exploded"]) == ("yes", 0)


def test_another_texture_does_not() -> None:
    found = apart(AMONG, distances(SQUARES, pieces("dotted", 0), FEATURES), WELL, 3.0)
    assert found["interval"][0] > 3
    assert found["within"] == "no"


def test_a_goal_inside_the_interval_is_open() -> None:
    across = distances(SQUARES, pieces("chequered", 6), FEATURES)
    low, high = apart(AMONG, across, WELL, 1.25)["interval"]
    assert apart(AMONG, across, WELL, (low + high) / 2)["within"] == "open"


def test_what_exploded_is_never_within() -> None:
    """However near its colours are."""
    exploded = WELL.clone()
    exploded[2, 3, 11] = EXPLODED
    found = apart(AMONG, AMONG, exploded, 3.0)
    assert (found["within"], found["exploded"]) == ("no", 1)
    exploded[2, 3, 11] = EXPLODED - 0.1
    assert apart(AMONG, AMONG, exploded, 3.0)["within"] == "yes"
