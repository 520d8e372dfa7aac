"""The page in a notebook: executed by a kernel, shown by a browser, states in and out."""

import builtins
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from graphnca.playground import notebook, show
from graphnca.playground.browser import TIMEOUT
from graphnca.rules import load_rule
from topologies import square_grid

CELLS = (
    "from graphnca.playground import show\nfrom topologies import square_grid, sphere",
    "show('growing-lizard', square_grid(24, 24), settings={'engine': 'cpu', 'draw': 'canvas'})",
    "show(['texture-dotted'], {'Sphere': sphere(300)}, settings={'engine': 'cpu', 'draw': 'canvas'})",
)


def frames(page: Any) -> list[Any]:
    """The frames of the page, started."""
    found = [frame for frame in page.frames if frame.parent_frame is not None]
    for frame in found:
        frame.evaluate("() => playground.then(({ app }) => { globalThis.app = app; })")
    return found


def test_two_pages_live_in_one_notebook(chromium: Any, tmp_path: Path) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    nbclient.NotebookClient(book, timeout=300, kernel_name="python3").execute()
    shown = [output["data"]["text/html"] for cell in book.cells for output in cell.outputs if "data" in output]
    assert len(shown) == 2
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><title>Notebook</title>{''.join(shown)}", encoding="utf-8")
    page = chromium.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(path.resolve().as_uri())
    names = []
    for frame in frames(page):
        frame.wait_for_function("app.organism.steps > 2")
        names.append(frame.evaluate("app.organism.rule.name"))
        assert not frame.locator("#share").is_visible()
    assert names == ["growing-lizard", "texture-dotted"]
    page.close()


HOST = """<!doctype html><title>Host</title><div id="cell"></div><script type="module">
const source = SOURCE, listeners = [], values = { _page: PAGE, height: 600, _given: null };
const { default: widget } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
globalThis.model = {
    values, get: (name) => values[name], set: (name, value) => { values[name] = value; }, save_changes: () => {},
    on: (name, listener) => listeners.push(listener), off: () => {},
    give: (state) => {
        values._given = new DataView(Float32Array.from(state).buffer);
        listeners.forEach((listener) => listener());
    },
};
widget.render({ model, el: document.getElementById("cell") });
</script>"""  # what a front end does


def test_states_go_in_and_come_out(chromium: Any, tmp_path: Path) -> None:
    pytest.importorskip("anywidget")
    topology = square_grid(12, 12)
    widget = show(load_rule("growing-lizard"), topology, settings={"engine": "cpu", "draw": "canvas", "paused": "1"})
    assert widget.state is None
    path = tmp_path / "host.html"
    page_text = json.dumps(widget._page).replace("</", "<\\/")
    path.write_text(HOST.replace("SOURCE", json.dumps(notebook.MODULE)).replace("PAGE", page_text), encoding="utf-8")
    page = chromium.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(path.resolve().as_uri())
    page.wait_for_function("globalThis.model?.values._seen")
    given = torch.rand(144, 16, generator=torch.Generator().manual_seed(0))
    page.evaluate("state => model.give(state)", given.flatten().tolist())
    page.wait_for_function(f"new Float32Array(model.values._seen.buffer)[3] === {float(given[0, 3])!r}")
    frame = frames(page)[0]
    frame.evaluate("app.organism.step(); app.changed()")
    page.wait_for_function("model.values._seen_at[0] === 1")
    found = page.evaluate("Array.from(new Uint8Array(model.values._seen.buffer))")
    widget.set_trait("_seen", bytes(found))
    widget.set_trait("_seen_at", page.evaluate("model.values._seen_at"))
    stepped = torch.tensor(frame.evaluate("Array.from(app.organism.engine.read())")).view(144, 16)
    torch.testing.assert_close(widget.state, stepped, rtol=0, atol=0)
    assert widget.steps == 1
    page.close()


def test_a_state_that_is_set_is_sent() -> None:
    pytest.importorskip("anywidget")
    widget = show(load_rule("growing-lizard"), square_grid(8, 8))
    sent = []
    widget.observe(lambda change: sent.append(change["new"]), "_given")
    state = torch.rand(64, 16)
    for _ in range(2):  # an equal state too
        widget.state = state
    assert [len(one) for one in sent] == [4096, 0, 4096]
    assert torch.equal(torch.frombuffer(bytearray(sent[-1]), dtype=torch.float32).view(64, 16), state)


def test_without_the_widgets_library_the_page_is_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "anywidget":
            raise ImportError(name)
        return imported(name, *rest)

    notebook._widget_class.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    shown = show("isonca-heart", {"Cells": square_grid(8, 8)}, height=321)
    assert isinstance(shown, notebook.PageFrame)
    assert 'srcdoc="&lt;!doctype html&gt;' in shown._repr_html_() and "height: 321px" in shown._repr_html_()
