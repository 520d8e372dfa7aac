"""A rule on every sheet, small; every file that is promised; ratios and goals are what they say."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from texture_grids import GOAL, Config, main, template_on, times_square, typical

from graphnca import save_rule
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.features import FilterBank
from graphnca.models import texture_nca
from graphnca.results import result as report
from graphnca.templates import load_template
from topologies import substrates

SMALL = {"size": 24, "steps": (3, 6), "meshes": 1, "runs": 2}
PICTURES = ("figure.png", "cells.png", "ways.png", "growth.gif")


@pytest.fixture(autouse=True)
def few_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features that are quick, and see pictures of 24 pixels as they see the template."""
    monkeypatch.setattr("texture_grids.features_of", lambda *_, **__: FilterBank(scales=1, orientations=2))


def moving_rule(path: Path, card: dict) -> str:
    """A rule that changes its state, so that no picture is flat."""
    torch.manual_seed(0)
    rule = texture_nca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.02)
    save_rule(rule, path, card)
    return str(path)


def test_a_rule_is_measured_against_its_template_and_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    rule = moving_rule(tmp_path / "woven.safetensors", {"template": "banded", "features": "eyes"})
    main(Config(rule=(rule,), out=str(tmp_path / "out"), publish=True, **SMALL))
    folder = tmp_path / "docs" / "texture_grids_woven"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["compared with"] == "the template banded"
    assert metrics["features it was trained with"] == "eyes"
    assert "no trained weights" in metrics["features"]
    assert metrics["config"]["rule"] == "woven"
    assert list(metrics["sheets"]) == ["square", "hex", "voronoi 2001"]
    for step in SMALL["steps"]:
        key = f"step {step}"
        losses = {name: entry[key] for name, entry in metrics["sheets"].items()}
        assert all(len(entry["losses"]) == SMALL["runs"] for entry in losses.values())
        ratio = losses["hex"]["median loss"] / losses["square"]["median loss"]
        assert metrics["times square"][key]["hex"] == pytest.approx(ratio, abs=1e-3)
        coarse = losses["hex"]["median loss at 2 units a pixel"] / losses["square"]["median loss at 2 units a pixel"]
        assert metrics["times square at 2 units a pixel"][key]["hex"] == pytest.approx(coarse, abs=1e-2)
        assert coarse != pytest.approx(ratio, abs=1e-3)
    ratios = [ratio for of_step in metrics["times square"].values() for ratio in of_step.values()]
    assert metrics["goal"] == {"at most": GOAL, "met": sum(ratio <= GOAL for ratio in ratios), "of": 4}
    assert list(metrics["ways"]["corrected"]) == ["hex", "voronoi 2001"]
    assert list(metrics["ways"]["raw"]) == ["voronoi 2001"]
    different = [metrics["ways"][way]["voronoi 2001"]["losses"] for way in ("law", "corrected", "raw")]
    assert different[0] != different[1] != different[2]
    for file in PICTURES:
        with Image.open(folder / file) as picture:
            assert picture.width > 100
    assert "woven, compared with the template banded" in capsys.readouterr().out


def test_a_model_without_a_template_is_compared_with_itself(tmp_path: Path) -> None:
    rule = moving_rule(tmp_path / "woven.safetensors", {})
    main(Config(rule=(rule,), out=str(tmp_path / "out"), **SMALL))
    metrics = json.loads((tmp_path / "out" / "woven" / "metrics.json").read_text())
    assert metrics["compared with"] == "another run on the square torus at step 3"
    square = metrics["sheets"]["square"]["step 3"]["median loss"]
    assert 0 < square < metrics["sheets"]["square"]["step 6"]["median loss"]


def test_squares_show_the_template_as_it_is_and_meshes_roughly() -> None:
    meter = TextureMeter(FilterBank(scales=1, orientations=2), load_template("dotted", 48))
    sheets = substrates(size=48, meshes=1)
    losses = {name: template_on(topology, meter, 48) for name, topology in sheets.items()}
    assert losses["square"] == 0
    assert losses["hex"] > 1 < losses["voronoi 1"]
    assert losses["voronoi 1"] < meter.scale(48)["one colour"] / 3


def test_ratios_and_the_median_run() -> None:
    sheets = {"square": {"step 5": {"median loss": 4.0}}, "hex": {"step 5": {"median loss": 6.0}}}
    assert times_square(sheets, 5) == {"hex": 1.5}
    assert typical({"losses": [3.0, 1.0, 2.0]}) == 2
    assert typical({"losses": [3.0, 1.0]}) == 1
