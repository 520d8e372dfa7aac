"""The page is written where a browser can read it, and the browser is asked to show it."""

from pathlib import Path

import pytest
from torch_geometric.data import Data

from graphnca.models import isonca
from graphnca.playground import play


@pytest.mark.parametrize("shared", [True, False])
def test_the_page_is_opened_where_a_confined_browser_may_read(
    shared: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, topology: Data
) -> None:
    asked = []
    monkeypatch.setattr("webbrowser.open", lambda address: asked.append(address) or True)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    if shared:
        (tmp_path / "Downloads").mkdir()
    path, opened = play([isonca()], {"cells": topology}, names=["a rule"])
    assert opened
    assert asked == [path.as_uri()]
    assert path == tmp_path / ("Downloads" if shared else "") / "graphnca-a_rule.html"


def test_without_a_home_it_is_a_temporary_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, topology: Data
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda address: False)
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path, opened = play([isonca()], {"cells": topology})
    assert not opened and path.parent.parent == tmp_path and path.name == "graphnca-rule.html"
