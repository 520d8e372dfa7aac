"""Both kinds of rule on every substrate, small."""

from pathlib import Path

import pytest
import torch
from isonca.other_grids import Config, measure, seven, tables

from graphnca.evaluation.subject import Subject
from graphnca.models import isonca
from graphnca.results.result import Result

CONFIG = Config(cells=300, steps=(5, 10), runs=2)


@pytest.mark.parametrize(
    ("target", "card"), [("spiderweb", {}), ("lizard", {"seed": "structured"})], ids=["one cell", "several points"]
)
def test_both_kinds_of_rule_are_measured_everywhere(target: str, card: dict, tmp_path: Path) -> None:
    torch.manual_seed(0)
    result = Result("one", tmp_path)
    measure(Subject("one", isonca(), card, goal=target), CONFIG, result)
    metrics = result.metrics
    assert metrics["structured seed"] is bool(card)
    assert list(metrics["substrates"]) == list(seven(CONFIG))
    for entry in metrics["substrates"].values():
        assert [len(entry[moment]["runs"]) for moment in ("step 5", "step 10")] == [2, 2]
    on_meshes = [entry["step 5"] for name, entry in metrics["substrates"].items() if name.startswith("mesh")]
    losses = sorted(run["relative"] for entry in on_meshes for run in entry["runs"])
    assert metrics["median relative loss on meshes"] == pytest.approx((losses[4] + losses[5]) / 2, abs=1e-3)
    (row,) = tables(metrics)["losses"].rows
    whole = sum(entry["step 10"]["fates"].get("whole", 0) for entry in metrics["substrates"].values())
    assert row[-1].startswith(f"{whole} of 14 (")


def test_the_substrates_are_squares_hexagons_and_five_meshes() -> None:
    names = list(seven(CONFIG))
    assert names[:2] == ["square", "hex"]
    assert len(names) == 7
