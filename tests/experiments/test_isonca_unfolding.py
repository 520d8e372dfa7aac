"""The unfolding, small: every file it promises, what its numbers mean, every way to be asked wrongly."""

import json
from pathlib import Path

import isonca_unfolding
import pytest
import torch
from isonca_unfolding import Config, curve_steps, frame_steps, main, shown_channels
from PIL import Image

from graphnca import save_rule
from graphnca.models import isonca
from graphnca.results import result as report


def write_rule(path: Path, card: dict) -> str:
    torch.manual_seed(0)
    save_rule(isonca(), path, card)
    return str(path)


def test_it_writes_what_it_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    rule = write_rule(tmp_path / "rule.safetensors", {"target": "lizard", "auxiliary channels": "binary,axis:3"})
    out = tmp_path / "out"
    main(Config(rule=rule, moments=(0, 3, 12), runs=6, cells=150, out=str(out), publish=True))
    metrics = json.loads((out / "metrics.json").read_text())
    assert list(metrics["steps"]) == ["0", "3", "12"]
    assert metrics["auxiliary channels trained"] == ["binary", "axis"]
    assert "goal" not in metrics  # nobody looked at step 1000
    runs = metrics["steps"]["12"]["runs"]
    assert len(runs) == 6
    empty = metrics["loss of the empty sheet"]
    assert empty == pytest.approx(38.3, abs=0.05)
    assert runs[0]["relative"] == pytest.approx(runs[0]["loss"] / empty, abs=1e-3)
    assert metrics["curve"]["steps"][-1] == 12
    assert [len(run) for run in metrics["curve"]["relative loss of each run"]] == [len(metrics["curve"]["steps"])] * 6
    for name in ("unfolding.png", "final.png", "loss.png", "growth.gif"):
        with Image.open(out / name) as picture:
            assert picture.width >= 60
    published = tmp_path / "docs" / "unfolding_rule"
    assert {path.name for path in published.iterdir()} == {path.name for path in out.iterdir()}


@pytest.mark.parametrize(("scale", "met"), [(0.0, False), (1.0, True)])
def test_the_goal_is_judged_by_what_stands_at_step_1000(
    scale: float, met: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place of a growth: an empty sheet misses the goal, the target itself meets it."""
    rule = write_rule(tmp_path / "rule.safetensors", {"target": "heart"})

    def grown(rule, topology, runs, moments, seed):
        target = isonca_unfolding.published_loss("heart").target
        state = torch.zeros(runs, topology.num_nodes, 16)
        state[..., : len(target)] = scale * target.flatten(1).T
        return dict.fromkeys(moments, state)

    monkeypatch.setattr(isonca_unfolding, "grow", grown)
    for name in ("CURVE_POINTS", "FRAMES"):
        monkeypatch.setattr(isonca_unfolding, name, 2)
    main(Config(rule=rule, moments=(1, 1000), runs=2, out=str(tmp_path / "out")))
    goal = json.loads((tmp_path / "out" / "metrics.json").read_text())["goal"]
    assert goal["met"] is met
    assert goal["reached"] == pytest.approx(1.0 - scale, abs=0.01)


def test_without_a_target_nothing_is_grown(tmp_path: Path) -> None:
    rule = write_rule(tmp_path / "rule.safetensors", {})
    with pytest.raises(SystemExit, match="--target"):
        main(Config(rule=rule, out=str(tmp_path / "out")))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("last", [1, 7, 5000])
def test_curve_and_animation_run_to_the_last_step(last: int) -> None:
    assert curve_steps(last)[0] == 1
    assert frame_steps(last)[0] == 0
    for steps in (curve_steps(last), frame_steps(last)):
        assert steps[-1] == last
        assert steps == sorted(set(steps))


def test_the_channels_shown_are_those_the_rule_was_trained_to_fill() -> None:
    assert shown_channels({"auxiliary channels": "binary:2,radial4"}, "heart") == {"binary": 4, "radial4": 5}
    assert shown_channels({"auxiliary channels": ""}, "spiderweb") == {"hidden": 4}
    assert shown_channels({}, "heart") == {"binary": 4, "radial4": 5}  # a published model: the paper's
