"""The playground's script at toy size."""

import json
from pathlib import Path

import pytest
from playground.page import Config, main, tables

from graphnca.playground.browser import missing
from graphnca.results.result import Result

TOY = {"cells": 200, "steps": 3, "grown": 8, "healed": 4, "seconds": 0.2}


def test_unknown_parts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="dancing"):
        main(Config(only=("dancing",)), Result("playground", tmp_path))


@pytest.mark.skipif(missing() is not None, reason=f"no page can be opened here: {missing()}")
def test_it_compares_times_and_photographs(tmp_path: Path) -> None:
    result = Result("playground", tmp_path)
    main(Config(**TOY), result)
    metrics = result.metrics
    differences = [value for entry in metrics["match"]["largest difference"].values() for value in entry.values()]
    assert len(differences) == 6 and max(differences) < 1e-3
    assert set(metrics["speed"]) == {"as it opens", "cpu", "gpu", "without WebGL2"}
    assert metrics["speed"]["without WebGL2"]["drawn with"] == "a plain canvas"
    assert all(row["wiped"] < row["before"] for row in metrics["living cells"].values())
    result.finish(tables)
    written = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert set(result.tables) == {"size", "match", "speed", "wiped"}
    alone = Result("playground", tmp_path)  # another part alone keeps what the others found
    main(Config(**TOY, only=("match",)), alone)
    assert alone.metrics["speed"] == written["speed"]
