"""Scores: the target itself, and which runs are lost."""

import math

import pytest
import torch

from graphnca.evaluation.published_loss import published_loss
from graphnca.evaluation.scores import EXPLODED, empty_loss, lost, measure, window
from topologies import square_grid


def test_the_target_itself_measures_zero() -> None:
    square = square_grid(72, 72)
    loss = published_loss("lizard")
    states = torch.zeros(1, 5184, 16)
    states[0, :, :5] = loss.target.flatten(1).T
    row = measure(states, square, loss)[0]
    assert row["loss"] < 0.01
    assert row["angle"] == 0
    assert not row["mirrored"]
    assert row["alive"] == int((loss.target[3] > 0.1).sum())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e30])
def test_a_run_without_bounds_has_finite_numbers_and_stays_within_them(value: float) -> None:
    loss = published_loss("spiderweb")
    row = measure(torch.full((1, 5184, 16), value), square_grid(72, 72), loss)[0]
    assert math.isfinite(row["loss"])
    assert row["largest"] == EXPLODED


def test_the_empty_substrate_of_the_lizard_costs_what_is_published() -> None:
    assert empty_loss(published_loss("lizard")) == pytest.approx(38.3, abs=0.05)


def test_lost_runs() -> None:
    states = torch.zeros(4, 9, 4)
    states[0, 4, 3] = 1
    states[2, 0, 0] = float("nan")
    states[3, 4, 3], states[3, 1, 1] = 1, -11.0
    assert lost(states) == ["", "died", "exploded", "exploded"]


def test_a_window_lies_about_the_seed() -> None:
    topology = square_grid(8, 8)
    assert window(topology, 4) == (2.5, 2.5, 6.5, 6.5)
    assert window(topology, 2, middle=(1.0, -2.0)) == (4.5, 1.5, 6.5, 3.5)
