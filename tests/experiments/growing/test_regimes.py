"""The regimes: runs are measured where they would be, and the goal is held from step 200 to 2,000."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from growing.regimes import Config, course, curve_steps, frame_steps, main, tables, worst

from graphnca import save_rule
from graphnca.evaluation.form import OwnForm
from graphnca.evaluation.subject import Subject
from graphnca.models import growing_nca
from graphnca.results.result import Result
from topologies import substrate_of_cells

OWN = OwnForm(1.0, torch.ones(4, 19, 19), mirror=False, spread=0.0)
SMALL = Config(steps=30, cells=324, runs=3, meshes=1)


def test_a_course_is_that_of_the_same_runs_recorded_otherwise(random_rule) -> None:
    rule = random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05)
    subject, topology = (
        Subject("any", rule, {"size": 12, "padding": 3}, goal="heart"),
        substrate_of_cells("square", 324),
    )
    entry, shown = course(subject, topology, SMALL, OWN, drawn=(25,))
    assert entry["steps"] == [25, 30] and list(shown) == [25]
    states = subject.grow(topology, 3, (25, 30), SMALL.seed)
    at = [subject.log_error(states[step], topology).tolist() for step in entry["steps"]]
    for run, errors in enumerate(entry["log10 errors"]):
        assert errors == pytest.approx([at[0][run], at[1][run]], abs=1e-3)
    assert sum(entry["fates"].values()) == 3


def metrics_of(*runs: list[float]) -> dict:
    steps = [100, 200, 1000, 2000, 3000]
    entry = {"steps": steps, "log10 errors": list(runs), "fates": {"whole": len(runs)}}
    entry["worst from 200 to 2000"] = worst(steps, list(runs))
    return {"moments": [100], "rules": {"a": {"regime": "persistent", "substrates": {"square": entry}}}}


def test_the_goal_is_kept_from_step_200_to_2000() -> None:
    good, late = [-1.0, -3.9, -4.0, -3.85, -1.0], [-4.0, -3.9, -3.7, -3.9, -4.0]
    (row,) = tables(metrics_of(good, good, good, good, late))["goal"].rows
    worst_moments = "their worst moments: -3.85, -3.85, -3.85, -3.85, -3.70"
    assert row[1:] == ("80 % at -3.8", f"4 of 5 (28 to 99 %); {worst_moments}", "open")
    (row,) = tables(metrics_of(*[good] * 20))["goal"].rows
    assert row[-1] == "yes"
    (row,) = tables(metrics_of(good, late, late, late, late))["goal"].rows
    assert row[-1] == "no"


def test_steps_are_close_together_at_first() -> None:
    steps = curve_steps(5000)
    assert steps == sorted(set(steps)) and steps[0] == 25 and steps[-1] == 5000
    assert {50, 200, 500, 2000} <= set(steps)
    assert max(b - a for a, b in pairwise(steps) if b <= 2000) == 50
    frames = frame_steps(5000)
    assert (frames[0], frames[-1]) == (0, 5000)
    assert frames[2] - frames[1] < frames[-1] - frames[-2]


def test_a_rule_without_target_is_refused(tmp_path: Path) -> None:
    save_rule(growing_nca(8, 16), tmp_path / "bare.safetensors", {})
    with pytest.raises(SystemExit, match="bare"):
        main(replace(SMALL, rule=(str(tmp_path / "bare.safetensors"),)), Result("growing", tmp_path))
