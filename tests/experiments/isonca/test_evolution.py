"""The evolution of a rule, small, also of snapshots that die or explode."""

import json
from pathlib import Path

import pytest
import torch
from isonca.evolution import Config, chosen, main, snapshots, tables, target_of

from graphnca import save_rule
from graphnca.evaluation.published_loss import isotropic_loss
from graphnca.evaluation.scores import empty_loss
from graphnca.models import isonca
from graphnca.results.run import carry_out
from graphnca.results.table import read_tables


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A training run of three snapshots: one that explodes, one that dies, one that stands still."""
    folder = tmp_path / "run"
    (folder / "snapshots").mkdir(parents=True)
    for iteration, bias in ((5, 1e9), (10, -1.0), (15, 0.0)):
        torch.manual_seed(0)
        rule = isonca()
        with torch.no_grad():
            rule.update_rule.output.weight.fill_(bias)
        save_rule(rule, folder / "snapshots" / f"{iteration:06d}.safetensors", {"iteration": iteration})
    save_rule(rule, folder / "rule.safetensors", {"target": "heart", "trained by": "a test"})
    return folder


def test_every_snapshot_has_its_fate(run: Path, tmp_path: Path) -> None:
    carry_out(main, Config(run=str(run), steps=(1, 5), runs=2, cells=150, out=str(tmp_path / "out")), tables=tables)
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["target"] == "heart"
    assert metrics["rule trained by"] == "a test"
    fates = {iteration: entry["5"]["lost"] for iteration, entry in metrics["iterations"].items()}
    assert fates == {"5": {"exploded": 2}, "10": {"died": 2}, "15": {}}
    assert metrics["iterations"]["10"]["5"]["median relative loss"] == pytest.approx(1.0, abs=1e-3)
    shown = read_tables(tmp_path / "out")
    assert [row[-1] for row in shown["snapshots"].rows] == ["2", "2", "0"]
    assert shown["half_turns"].rows[1][-1] == "nothing"
    assert float(shown["half_turns"].rows[2][1]) > 0.5, "a seed is its own half turn"


def test_a_small_target_is_measured_small(run: Path, tmp_path: Path) -> None:
    card = {"target": "heart", "size": 16, "padding": 4}
    save_rule(isonca(), run / "rule.safetensors", card)
    carry_out(main, Config(run=str(run), steps=(1,), runs=1, out=str(tmp_path / "out")), tables=tables)
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["loss of the empty substrate"] == round(empty_loss(isotropic_loss("heart", size=16, padding=4)), 2)
    tall, wide = isotropic_loss("heart", size=16, padding=4).target.shape[-2:]
    assert (tall, wide) == (25, 25)


def test_results_of_before_have_no_half_turns() -> None:
    entry = {"100": {"median relative loss": 0.5, "lost": {}}}
    assert list(tables({"iterations": {"500": entry}})) == ["snapshots"]


def test_snapshots_come_in_the_order_of_their_iterations(run: Path) -> None:
    assert list(snapshots(run)) == [5, 10, 15]


def test_a_folder_without_snapshots_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="snapshots"):
        snapshots(tmp_path)


def test_an_unfinished_run_needs_a_target(run: Path) -> None:
    assert target_of(run, "") == "heart"
    (run / "rule.safetensors").unlink()
    assert target_of(run, "lizard") == "lizard"
    with pytest.raises(SystemExit, match="--target"):
        target_of(run, "")


@pytest.mark.parametrize(("count", "rows"), [(1, 8), (3, 8), (16, 8), (100, 5)])
def test_first_and_last_snapshot_are_drawn_and_no_more_than_asked(count: int, rows: int) -> None:
    iterations = [500 * (number + 1) for number in range(count)]
    picked = chosen(iterations, rows)
    assert picked[0] == iterations[0] and picked[-1] == iterations[-1]
    assert picked == sorted(set(picked)) and len(picked) <= rows
