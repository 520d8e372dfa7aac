"""A rule on every substrate, small."""

from pathlib import Path
from typing import Any

import pytest
import torch
from textures.grids import WORDS, Config, measure, tables

from graphnca.evaluation.other_cells import GOAL
from graphnca.evaluation.subject import Subject
from graphnca.models import texture_nca
from graphnca.results.result import Result

SMALL: dict[str, Any] = {"size": 32, "steps": (3, 6), "meshes": 1, "runs": 2, "features": "filter-bank"}


def measured(folder: Path, card: dict, goal: str = "") -> dict[str, Any]:
    """The metrics of a rule that changes its state, so that no picture is flat."""
    torch.manual_seed(0)
    rule = texture_nca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.1)
    result = Result("a_texture", folder)
    measure(Subject("woven", rule, card, goal=goal), Config(**SMALL), result)
    return result.metrics


def test_a_rule_is_measured_against_its_template(tmp_path: Path) -> None:
    metrics = measured(tmp_path, {"features": "eyes"}, "banded")
    assert metrics["compared with"] == "the template banded"
    assert metrics["features it was trained with"] == "eyes"
    assert "no trained weights" in metrics["features"]
    assert list(metrics["substrates"]) == ["square", "hex", "voronoi 2001"]
    for step in SMALL["steps"]:
        key = f"step {step}"
        losses = {name: entry[key] for name, entry in metrics["substrates"].items()}
        assert all(len(entry["losses"]) == SMALL["runs"] for entry in losses.values())
        ratio = losses["hex"]["median loss"] / losses["square"]["median loss"]
        assert metrics["times square"][key]["hex"] == pytest.approx(ratio, abs=1e-3)
        coarse = losses["hex"]["median loss at 2 units a pixel"] / losses["square"]["median loss at 2 units a pixel"]
        assert metrics["times square at 2 units a pixel"][key]["hex"] == pytest.approx(coarse, abs=1e-2)
        assert coarse != pytest.approx(ratio, abs=1e-3)
    assert list(metrics["sets of runs apart"]["step 6"]) == ["hex", "voronoi 2001"]
    assert metrics["goal"]["at most"] == GOAL
    assert sum(metrics["goal"][word] for word in ("yes", "open", "no")) == 4
    assert list(metrics["ways"]) == list(WORDS)
    different = [tuple(metrics["ways"][way]["voronoi 2001"]["losses"]) for way in WORDS]
    assert len(set(different)) == len(WORDS)
    assert [len(table.rows) for table in tables(metrics).values()] == [2, 2, 2, 1, 1, 1]


def test_a_model_without_a_template_is_compared_with_itself(tmp_path: Path) -> None:
    metrics = measured(tmp_path, {})
    assert metrics["compared with"] == "another run on the square torus at step 3"
    square = metrics["substrates"]["square"]["step 3"]["median loss"]
    assert 0 < square < metrics["substrates"]["square"]["step 6"]["median loss"]
