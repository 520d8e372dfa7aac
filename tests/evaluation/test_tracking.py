"""A long run, short: its records, its fates, and that looking changes nothing."""

import json
import math
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.evaluation.fates import looks
from graphnca.evaluation.form import OwnForm
from graphnca.evaluation.published_loss import target_with_auxiliary
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.tracking import (
    PERIODS,
    Observer,
    Recording,
    check,
    course_of,
    followed_runs,
    period_of,
    summary,
)
from graphnca.models import isonca
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from topologies import square_grid


@dataclass(frozen=True)
class Short:
    steps: int = 200
    every: int = 50
    settled: int = 100
    dense: int = 150
    runs: int = 2
    seed: int = 3000


CONFIG = Short()
SMALL = square_grid(16, 16)


OWN = OwnForm(1.0, point_seed(square_grid(17, 17), 4).T.reshape(4, 17, 17), mirror=True, spread=0.0)
"""Of a rule whose seed stays: a single cell."""


def still() -> Subject:
    """An untrained rule: its output layer is zero, so the seed stays."""
    return Subject("still", isonca(), goal="lizard")


def test_the_runs_are_those_of_one_rollout() -> None:
    """In pieces, recorded step by step or not, the same generator gives the same states."""
    torch.manual_seed(3)
    pattern = still()
    torch.nn.init.normal_(pattern.rule.update_rule.output.weight, std=0.01)
    recording = followed_runs(pattern, SMALL, CONFIG, OWN)
    start = pattern.seed(SMALL).expand(2, -1, -1)
    expected = rollout(pattern.rule, start, SMALL, 200, generator=torch.Generator().manual_seed(CONFIG.seed))
    moment, state = recording.shown[-1]
    assert moment == 200
    torch.testing.assert_close(state, expected[0], atol=1e-5, rtol=1e-5)
    assert recording.moments == [50, 100, 150, 200]
    assert len(recording.living) == len(recording.changes) == 150
    assert torch.equal(recording.living_slowly[-1], recording.living[-1])
    assert len(recording.living_slowly) == 2  # from step 100 on


def test_a_period_is_in_steps() -> None:
    slow = [torch.tensor([700.0, 800 + 20 * math.sin(2 * math.pi * number / 12)]) for number in range(180)]
    assert period_of(slow, 0, 50) is None
    found = period_of(slow, 1, 50)
    assert found is not None
    assert found["steps"] == pytest.approx(600, rel=0.01)
    assert period_of(slow[:100], 1, 50) is None


def test_what_does_not_move_has_no_motion() -> None:
    pattern = still()
    entries = course_of(followed_runs(pattern, SMALL, CONFIG, OWN), SMALL, CONFIG, OWN)
    for entry in entries:
        assert entry["drift"] == entry["moved"] == entry["rotation"] == 0
        assert all(entry[name] is None for name in PERIODS)
        assert (entry["fate"], entry["motion"]) == ("whole", "stands")


@pytest.mark.parametrize(("weight", "fate"), [(-1.0, "died"), (1.0, "exploded")])
def test_lost_runs_are_counted_and_stopped(weight: float, fate: str) -> None:
    """All channels shrink, or grow, with alpha's hidden unit."""
    pattern = still()
    with torch.no_grad():
        hidden = pattern.rule.update_rule.hidden
        hidden.weight.zero_()
        hidden.bias.fill_(1.0)
        pattern.rule.update_rule.output.weight.fill_(weight)
    recording = followed_runs(pattern, SMALL, CONFIG, OWN)
    assert recording.lost == {0: (fate, 50), 1: (fate, 50)}
    entries = course_of(recording, SMALL, CONFIG, OWN)
    assert [(entry["fate"], entry["lost by step"]) for entry in entries] == [(fate, 50)] * 2
    assert entries[0]["loss over time"] == []
    short = summary(entries, SMALL)
    assert short["fates"] == {fate: 2}
    assert short["median loss"] is short["median drift"] is short["largest |state|"] is None
    json.dumps(short, allow_nan=False)


def pictured(topology: Data, shift: tuple[float, float], angle: float, mirrored: bool) -> Tensor:
    """The lizard's target as states, moved and turned, nearest pixel for each cell."""
    target = target_with_auxiliary("lizard", "binary")
    middle = topology["extent"].view(2) / 2 + torch.tensor(shift)
    offset = topology["pos"] - middle
    extent = topology["extent"].view(2)
    offset = offset - extent * torch.round(offset / extent)
    cos, sin = math.cos(angle), math.sin(angle)
    x = cos * offset[:, 0] + sin * offset[:, 1]
    y = -sin * offset[:, 0] + cos * offset[:, 1]
    y = -y if mirrored else y
    column, row = ((value + 36).floor().clamp(0, 71).long() for value in (x, y))
    states = torch.zeros(len(offset), 16)
    states[:, :5] = target[:, row, column].T
    return states


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_pattern_that_moves_and_turns_is_followed(mirrored: bool) -> None:
    """Over the seam, by a known velocity and rate; the loss where it is stays low while that at the seed grows."""
    square, pattern = square_grid(72, 72), still()
    lizard = load_target("lizard", on_pixel=True)
    moments = [100 * number for number in range(1, 9)]
    config = replace(CONFIG, steps=800, every=100, settled=100, dense=0, runs=1)
    recording, observer = Recording(), Observer(pattern, square, 1)
    for moment in moments:
        time = moment / 1000
        observer.look(pictured(square, (45 * time, -15 * time), 0.8 + 0.6 * time, mirrored)[None], moment, recording)
    last = pictured(square, (36, -12), 0.8 + 0.48, mirrored)[None]
    own = OwnForm(float((lizard[3] > 0.1).sum()), lizard, mirror=True, spread=0.05)
    recording.ends = looks(last, square, own)
    (entry,) = course_of(recording, square, config, own)
    assert entry["mirrored"] is mirrored
    assert entry["drift"] == pytest.approx(math.hypot(45, 15), rel=0.06)
    assert entry["rotation"] == pytest.approx((-1 if mirrored else 1) * math.degrees(0.6), rel=0.06)
    assert max(entry["loss over time"]) < 8
    assert entry["loss around the seed"] > 2 * entry["loss"]
    assert math.dist(observer.places[0], (36, -12)) < 1.5  # the painted lizard lies half a unit off the seed's cell
    assert entry["fate"] == "whole"
    assert entry["motion"] == "drifts and turns"


def test_a_pattern_is_never_scored_worse_than_at_its_seed() -> None:
    """Not even if it was lost sight of: it is looked for where it was last, and where it was seeded."""
    square, pattern, recording = square_grid(72, 72), still(), Recording()
    observer = Observer(pattern, square, 1)
    observer.places = [(30, 30)]
    observer.look(pictured(square, (0.0, 0.0), 0.3, False)[None], 100, recording)
    assert observer.places == [(0, 0)]
    assert recording.numbers[0]["loss"] == recording.numbers[0]["loss around the seed"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"every": 30}, "every"),
        ({"steps": 220}, "steps"),
        ({"dense": 160}, "dense"),
        ({"dense": 100}, "dense"),
        ({"settled": 200}, "settled"),
    ],
)
def test_lengths_must_divide(change: dict, name: str) -> None:
    with pytest.raises(ValueError, match=name):
        check(replace(CONFIG, **change))
