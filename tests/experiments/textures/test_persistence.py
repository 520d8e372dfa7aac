"""A rule is followed on every substrate, small."""

from pathlib import Path
from typing import Any

import pytest
import torch
from textures.persistence import Config, measure

from graphnca.evaluation.subject import Subject
from graphnca.models import texture_nca
from graphnca.results.result import Result

SMALL: dict[str, Any] = {"size": 32, "steps": 12, "every": 4, "settled": 4, "runs": 2, "features": "filter-bank"}


def measured(scale: float, folder: Path) -> dict[str, Any]:
    """The metrics of a rule whose changes have a size."""
    torch.manual_seed(0)
    rule = texture_nca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=scale)
    result = Result("a_texture", folder)
    measure(Subject("a", rule, goal="banded"), Config(**SMALL), result)
    return result.metrics


def test_loss_change_and_memory_are_taken_on_every_substrate(tmp_path: Path) -> None:
    metrics = measured(0.02, tmp_path)
    assert [name.split()[0] for name in metrics["substrates"]] == ["square", "hex", "voronoi"]
    for entry in metrics["substrates"].values():
        assert entry["moments"] == [4, 8, 12]
        assert [len(losses) for losses in entry["losses"]] == [2, 2, 2]
        assert list(entry["memory"]) == ["1", "3"]
        assert 0 < entry["memory"]["3"] < entry["memory"]["1"] < 1
        assert min(entry["median change"]) > 0


def test_a_rule_that_does_nothing_neither_moves_nor_is_remembered(tmp_path: Path) -> None:
    for entry in measured(0.0, tmp_path)["substrates"].values():
        assert entry["median change"] == [0, 0, 0]
        assert set(entry["memory"].values()) == {0.0}


@pytest.mark.parametrize("settled", [6, 12])
def test_the_moment_from_which_is_measured_must_be_one_that_is_looked_at(settled: int, tmp_path: Path) -> None:
    config = Config(steps=12, every=4, settled=settled)
    with pytest.raises(SystemExit, match="--settled: expected a multiple"):
        measure(Subject("a", texture_nca(), goal="banded"), config, Result("a_texture", tmp_path))
