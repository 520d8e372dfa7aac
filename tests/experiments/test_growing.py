"""The three regimes, small: who is looked at, what is measured, and every file that is promised."""

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
import regimes as script
import torch
from PIL import Image
from protocol.growing import growing_of
from regimes import HELD, Config, Course, contestants, curve_steps, frame_steps, held, main, trained_path

from graphnca import save_rule
from graphnca.evaluation.runs import grow
from graphnca.results import result as report
from graphnca.training.recipes import GrowingRecipe
from topologies import substrate_of_cells

SMALL = {"cells": 324, "runs": 3, "meshes": 1, "steps": 30}
CARD = {"target": "heart", "size": 12, "padding": 3, "substrate": "torus of 18x18 units: square"}


@pytest.fixture
def rule(random_rule):
    return random_rule(8, 16, "sobel", life_mask="pre_post", std=0.05)


def test_all_rules_are_run_and_every_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    monkeypatch.setattr(script, "MOMENTS", (10, 20, 30))
    monkeypatch.setattr(script, "FRAMES", 4)
    monkeypatch.setattr(script, "HELD", {**HELD, "from": 20, "to": 30})
    config = Config(target="heart", out=str(tmp_path / "out"), publish=True, **SMALL)
    for name, regime in ((trained_path(config, "persistent"), "persistent"), (tmp_path / "more.safetensors", "naive")):
        name.parent.mkdir(parents=True, exist_ok=True)
        save_rule(rule, name, {**CARD, "regime": regime})
    main(Config(**{**vars(config), "rule": (str(tmp_path / "more.safetensors"),)}))

    metrics = json.loads((tmp_path / "docs/growing/metrics.json").read_text())
    assert list(metrics["rules"]) == ["heart, persistent", "more"]
    entry = metrics["rules"]["heart, persistent"]["sheets"]["square"]
    assert list(metrics["rules"]["more"]["sheets"]) == ["square", "hex", "voronoi 2001"]
    assert entry["steps"] == [10, 20, 25, 30]
    growing, topology = growing_of(str(tmp_path / "more.safetensors")), substrate_of_cells("square", 324)
    states = grow(rule, topology, 3, (10, 30), config.seed)  # the same runs, recorded otherwise
    for run, errors in enumerate(entry["log10 errors"]):
        at = [float(growing.log_error(states[step], topology)[run]) for step in (10, 30)]
        assert [errors[0], errors[-1]] == pytest.approx(at, abs=1e-3)
        assert entry["worst from 200 to 2000"][run] == max(errors[1:])
    assert entry["alive"]["30"] == (states[30][..., 3] > 0.1).sum(-1).tolist()
    assert metrics["goal"]["worst of each run"] == entry["worst from 200 to 2000"]
    for file in ("error.png", "strip.png", "growth.gif"):
        with Image.open(tmp_path / "docs/growing" / file) as picture:
            assert picture.width > 300
    assert "There is no rule 'growing-heart-naive'" in capsys.readouterr().out


def test_a_regime_can_be_trained_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def train(recipe, sampler, command):
        asked.append(recipe)

    monkeypatch.setattr(GrowingRecipe, "train", train)
    config = Config(regime="naive", target="heart", train=True, iterations=7, out=str(tmp_path))
    with pytest.raises(SystemExit, match="nothing to look at"):
        main(config)
    (recipe,) = asked
    assert (recipe.regime, recipe.target, recipe.iterations) == ("naive", "heart", 7)
    assert Path(recipe.out) == tmp_path / "naive"


def test_a_rule_without_target_and_an_unknown_regime_are_refused(tmp_path: Path, rule) -> None:
    save_rule(rule, tmp_path / "bare.safetensors", {})
    with pytest.raises(SystemExit, match="names its target"):
        contestants(Config(target="none", rule=(str(tmp_path / "bare.safetensors"),), out=str(tmp_path)))
    with pytest.raises(SystemExit, match="--regime"):
        contestants(Config(regime="eager"))


def course_of(*runs: list[float]) -> dict[str, Course]:
    return {"square": Course([100, 200, 1000, 2000, 3000], list(runs), {}, [], {})}


def test_the_goal_is_kept_from_step_200_to_2000() -> None:
    good, late = [-1.0, -3.9, -4.0, -3.85, -1.0], [-4.0, -3.9, -3.7, -3.9, -4.0]
    entry = held(course_of(good, good, good, good, late))
    assert (entry["reached in"], entry["met"]) == (4, True)
    assert entry["worst of each run"] == [-3.85, -3.85, -3.85, -3.85, -3.7]
    assert not held(course_of(good, good, good, late, late))["met"]


def test_steps_are_close_together_at_first() -> None:
    steps = curve_steps(5000)
    assert steps == sorted(set(steps)) and steps[0] == 25 and steps[-1] == 5000
    assert {50, 200, 500, 2000} <= set(steps)
    assert max(b - a for a, b in pairwise(steps) if b <= 2000) == 50
    frames = frame_steps(5000)
    assert (frames[0], frames[-1]) == (0, 5000)
    assert frames[2] - frames[1] < frames[-1] - frames[-2]


def test_an_exploding_run_has_a_finite_error(rule) -> None:
    growing = growing_of("isonca-lizard", target="heart")
    states = torch.full((1, 324, 16), math.inf)
    assert float(growing.log_error(states, substrate_of_cells("square", 324))) < 3
