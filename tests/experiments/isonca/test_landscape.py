"""The loss landscape at toy size: rules found, rules trained, rules that grow nothing."""

from pathlib import Path

import torch
from isonca.landscape import COMPARED, Config, main, middle, tables, trained

from graphnca import save_rule
from graphnca.models import isonca
from graphnca.results.result import Result


def test_rules_found_are_used_and_the_others_trained(tmp_path: Path) -> None:
    """One that grows nothing is survived."""
    (tmp_path / "without").mkdir(parents=True)
    torch.manual_seed(0)
    rule = isonca()
    shown = str(tmp_path / "shown.safetensors")
    save_rule(rule, shown, {"target": "lizard"})
    with torch.no_grad():
        rule.update_rule.output.weight.fill_(-1.0)  # dies at once
    save_rule(rule, tmp_path / "without" / "rule.safetensors", {"trained by": "a test", "iterations": 7})
    result = Result("isonca_landscape", tmp_path)
    main(Config(rule=shown, size=8, padding=2, iterations=1, steps=8, runs=2, out=str(tmp_path)), result)
    metrics = result.metrics
    assert {target: list(sets) for target, sets in metrics["targets"].items()} == {
        target: list(sets) for target, sets in COMPARED.items()
    }
    rules = metrics["symmetry"]["rules"]
    assert rules["no channel"]["iterations"] == 7
    assert rules["no channel"]["median half turn"] is None
    assert rules["binary"]["iterations"] == rules["binary, axis x3"]["iterations"] == 1
    assert len(metrics["grown"]["binary"]["half turn"]) == 2
    assert tables(metrics)["symmetry"].rows[2][1] == "nothing grown"


def test_the_median_is_of_the_runs_in_which_something_grew() -> None:
    nothing: dict[str, float | None] = {"half turn": None, "mirror image": None}
    assert middle([nothing], "half turn") is None
    assert middle([nothing, {"half turn": 0.5, "mirror image": 0.1}], "half turn") == 0.5


def test_without_iterations_only_rules_at_hand_are_shown(tmp_path: Path) -> None:
    config = Config(out=str(tmp_path), iterations=0)
    assert trained(config, "without", "") is None
    (tmp_path / "without").mkdir(parents=True)
    save_rule(isonca(), tmp_path / "without" / "rule.safetensors", {})
    assert trained(config, "without", "") == tmp_path / "without" / "rule.safetensors"
