"""What of the metrics is published."""

import json
from pathlib import Path
from statistics import median

import pytest

from graphnca.results import result as report
from graphnca.results.light_metrics import SERIES, light_metrics, significant
from graphnca.results.table import Table

CURVE = [step / 7 for step in range(SERIES + 1)]
METRICS = {
    "substrates": {
        "square": {"losses": CURVE, "loss over time": CURVE, "runs": [1.0] * SERIES, "by run": [CURVE, CURVE]},
        "hex": {"losses": [2.0] * SERIES, "loss over time": [1.0, 2.0], "runs": [3.0], "by run": []},
    },
    "config": {"substrate": ["square", "hex"]},
}


def tables(metrics: dict) -> dict[str, Table]:
    rows = [[name, f"{median(entry['losses']):.4f}"] for name, entry in metrics["substrates"].items()]
    return {"losses": Table(["substrate", "median loss"], rows)}


def test_a_series_stays_where_a_table_is_made_of_it_and_a_short_list_everywhere() -> None:
    light = light_metrics(METRICS, tables)
    assert light["substrates"]["square"] == {"losses": CURVE, "runs": [1.0] * SERIES}
    assert light["substrates"]["hex"] == METRICS["substrates"]["hex"]
    assert light["config"] == METRICS["config"]
    assert tables(light)["losses"].rows == tables(METRICS)["losses"].rows


def test_a_number_has_no_more_digits_than_it_is_worth() -> None:
    written = significant({"a": (1 / 3, 2, True, None), "b": {"c": [123456789.0, 1e-9 / 3]}, "d": "0.1234567"})
    assert written == {"a": [0.333333, 2, True, None], "b": {"c": [123457000.0, 3.33333e-10]}, "d": "0.1234567"}


def test_the_folder_of_a_result_has_all_of_it_and_the_published_copy_what_tables_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    result = report.Result("growth", tmp_path / "out")
    result.record(METRICS)
    result.finish(tables, publish_too=True)
    whole, light = (json.loads((tmp_path / folder / "metrics.json").read_text()) for folder in ("out", "docs/growth"))
    assert whole["substrates"] == significant(METRICS["substrates"])
    assert "loss over time" not in light["substrates"]["square"] and light["command"] == whole["command"]
    assert tables(light)["losses"].rows == tables(whole)["losses"].rows
