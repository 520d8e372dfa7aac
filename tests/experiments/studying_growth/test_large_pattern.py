"""The large flower, small: what its metrics and its table hold, what is shipped, and which rules are refused."""

from dataclasses import replace
from pathlib import Path

import pytest
from studying_growth.large_pattern import Config, main, tables

from graphnca import save_rule
from graphnca.models import growing_nca
from graphnca.results import shipping
from graphnca.results.result import Result
from graphnca.rules import describe_rule

CARD = {"target": "rose", "size": 12, "padding": 4, "seed at": [0.5, 0.8]}
CONFIG = Config(cells=400, meshes=2, runs=2, steps=20)


def saved(folder: Path, card: dict) -> str:
    path = folder / "rule.safetensors"
    save_rule(growing_nca(6, 8, fire_per="channel", fire_rate=0.8), path, card)
    return str(path)


def test_every_run_is_measured_and_its_numbers_are_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "SHIPPED", tmp_path)
    monkeypatch.setattr(shipping, "published_folder", lambda: tmp_path / "docs" / "results")
    result = Result("large_pattern", tmp_path)
    main(replace(CONFIG, rule=saved(tmp_path, CARD), ship="large"), result)
    entries = result.metrics["substrates"]
    assert list(entries) == ["square", "hex", "voronoi 3001", "voronoi 3002"]
    for entry in entries.values():
        assert list(entry["log10 errors"]) == ["16", "20"]
        assert [len(errors) for errors in entry["log10 errors"].values()] == [2, 2]
    assert describe_rule(tmp_path / "large.safetensors")["card"]["measured"]["sheets"] == entries
    assert (tmp_path / "docs" / "rules" / "large.webp").is_file()


def test_a_row_is_the_median_of_all_runs_on_its_kind_of_cells() -> None:
    def entry(*errors: float) -> dict:
        return {"log10 errors": {"16": [0.0], "64": list(errors)}}

    entries = {"square": entry(-2.0, -3.0), "voronoi 1": entry(-1.0, -1.2), "voronoi 2": entry(-1.1, -1.6)}
    metrics = {"log10 error of the empty substrate": -1.036, "substrates": entries}
    trained = {"iterations": 3500, "batch": 4}
    table = tables({**metrics, "trained": trained})["errors"]
    assert table.header == ("cells", "step 64")
    assert table.rows == [("square", "-2.50"), ("voronoi", "-1.15")]
    assert "3,500 iterations of batch 4" in table.caption and "-1.04" in table.caption
    assert "iterations" not in tables({**metrics, "trained": dict.fromkeys(trained)})["errors"].caption


def test_a_rule_without_a_place_for_its_seed(tmp_path: Path) -> None:
    rule = saved(tmp_path, {name: CARD[name] for name in CARD if name != "seed at"})
    with pytest.raises(SystemExit, match="lacks 'seed at'"):
        main(replace(CONFIG, rule=rule), Result("large_pattern", tmp_path))
