"""The script of the page in space at toy size."""

from pathlib import Path

import pytest
from playground.surface import Config, main, tables

from graphnca.playground.browser import missing
from graphnca.results.result import Result


@pytest.mark.skipif(missing() is not None, reason=f"no page can be opened here: {missing()}")
def test_it_compares_times_and_photographs(tmp_path: Path) -> None:
    result = Result("playground_surface", tmp_path)
    main(Config(cells=1500, steps=3, grown=8, healed=4, seconds=0.2), result)
    assert max(result.metrics["largest difference"].values()) < 1e-3
    assert result.metrics["speed"]["steps"] > 0 and result.metrics["speed"]["first picture"] > 0
    result.finish(tables)
    assert set(result.tables) == {"bunny"}
    assert {path.name for path in tmp_path.iterdir()} >= {"figure.webp", "page.html", "metrics.json", "tables.json"}
