"""`play` writes a page and asks the browser to show it."""

import webbrowser

import pytest
from torch_geometric.data import Data

from graphnca.playground import play


@pytest.mark.parametrize("shown", [True, False])
def test_the_page_is_written_and_opened(shown: bool, topology: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: asked.append(address) or shown)
    path, opened = play(["isonca-heart"], {"cells": topology}, title="Heart")
    assert opened is shown
    assert asked == [path.as_uri()]
    assert "<h1>Heart</h1>" in path.read_text()
