"""The script of the home page on a site of two files."""

from pathlib import Path

import pytest
from playground.home import Config, main, tables

from graphnca.playground import export_page
from graphnca.playground.browser import missing
from graphnca.results.result import Result
from topologies import square_grid

HOME = (
    '<!doctype html><title>Home</title><figure class="living"><iframe src="lizard.html#engine=cpu"></iframe></figure>'
)


def test_a_folder_without_a_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--site: expected the folder of a site"):
        main(Config(site=str(tmp_path)), Result("home", tmp_path / "out"))


@pytest.mark.skipif(missing() is not None, reason=f"no page can be opened here: {missing()}")
def test_what_is_sent_is_counted(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(HOME)
    lizard = export_page(["growing-lizard"], {"Squares": square_grid(12, 12)}, tmp_path / "lizard.html")
    result = Result("home", tmp_path / "out")
    main(Config(site=str(tmp_path)), result)
    sent = {"/lizard.html": lizard.stat().st_size, "/": len(HOME)}
    assert result.metrics["files"] == sent and result.metrics["bytes"] == sum(sent.values())
    assert result.metrics["first picture"] > 0
    result.finish(tables)
    assert "building the whole site" not in result.tables["home"].text()
    took = {"seconds": 60.0, "of the processor": 50.0}
    assert "60 s, 50 s of the processor" in tables({**result.metrics, "build": took})["home"].text()
