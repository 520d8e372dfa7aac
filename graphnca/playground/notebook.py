"""The living page in a cell of a notebook, several of them in one, without a server.

The whole page is the content of a frame. Where anywidget is installed it is a widget, and states go in and come out
(`program/notebook.js` is the other side); else the frame alone is shown, as HTML.
"""

import html
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import checked
from ..layers import NCAConv
from .page import page_text

HEIGHT = 720  # CSS pixels of the frame: a page that is this high needs no scrolling
Rule = NCAConv | str | os.PathLike[str]

# The widget's side in the browser: a frame with the page, and messages to and from it.
MODULE = """
function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.title = "A rule, alive";
  frame.style.cssText = `width: 100%; height: ${model.get("height")}px; border: 0`;
  const send = () => {
    const state = model.get("_given");
    const bytes = state && new Uint8Array(state.buffer, state.byteOffset, state.byteLength);
    frame.contentWindow.postMessage({ to: "playground", state: bytes?.length ? bytes.slice().buffer : null }, "*");
  };
  const hear = ({ source, data }) => {
    if (source !== frame.contentWindow || data?.from !== "playground") return;
    if (!data.state) return send(); // it has just started
    model.set("_seen", new DataView(data.state));
    model.set("_seen_at", [data.steps, data.channels]);
    model.save_changes();
  };
  addEventListener("message", hear);
  model.on("change:_given", send);
  frame.srcdoc = model.get("_page");
  el.append(frame);
  return () => {
    removeEventListener("message", hear);
    model.off("change:_given", send);
  };
}
export default { render };
"""


class PageFrame:
    """A page as a notebook shows it without a widget library: it lives, but its states stay in the browser."""

    def __init__(self, page: str, height: int) -> None:
        self.page, self.height = page, height

    def _repr_html_(self) -> str:
        return frame_of(self.page, self.height)


@checked
def show(
    rules: Rule | Sequence[Rule], topologies: Data | Mapping[str, Data], *, height: int = HEIGHT, **options: Any
) -> Any:
    """The living page, to be shown by a notebook: the value of a cell's last line, or an argument of `display`.

    With `pip install "graphnca[notebook]"` it is a widget, and `widget.state` is the state `(N, C)` as the page last
    told it (a few times a second, while the notebook runs), which may also be set; `widget.steps` says after how many
    steps. Without, or where a notebook has no widgets, it is a frame that lives by itself.

    Args:
        rules: One or several, as for `export_page`; the page starts with the first.
        topologies: One substrate, or several by the name that the page shows; the page starts on the first.
        height: Of the frame, in CSS pixels.
        options: Further arguments of `export_page`.

    Raises:
        ValueError: As for `export_page`.
        FileNotFoundError: If a rule's file does not exist.
    """
    rules = [rules] if isinstance(rules, NCAConv | str | os.PathLike) else list(rules)
    topologies = {"Cells": topologies} if isinstance(topologies, Data) else topologies
    page = page_text(rules, topologies, **options)
    try:
        widget = _widget_class()
    except ImportError:
        return PageFrame(page, height)
    return widget(page, height)


def frame_of(page: str, height: int) -> str:
    """The HTML of a frame that holds a page."""
    return (
        f'<iframe title="A rule, alive" srcdoc="{html.escape(page)}" loading="lazy" '
        f'style="width: 100%; height: {height}px; border: 0"></iframe>'
    )


@cache
def _widget_class() -> type:
    """The widget; made when it is first asked for, as its library may be missing."""
    import anywidget
    import traitlets

    class PageWidget(anywidget.AnyWidget):
        """A page whose states go in and come out."""

        _esm = MODULE
        _page = traitlets.Unicode().tag(sync=True)
        _given = traitlets.Bytes().tag(sync=True)
        _seen = traitlets.Bytes().tag(sync=True)
        _seen_at = traitlets.List(traitlets.Int(), default_value=[0, 1]).tag(sync=True)
        height = traitlets.Int().tag(sync=True)

        def __init__(self, page: str, height: int) -> None:
            super().__init__(_page=page, height=height)

        @property
        def state(self) -> Float[Tensor, "n c"] | None:
            """The state as the page last told it; None before it has."""
            if not self._seen:
                return None
            values = torch.frombuffer(bytearray(self._seen), dtype=torch.float32)
            return values.view(-1, self._seen_at[1])

        @state.setter
        def state(self, state: Float[Tensor, "n c"]) -> None:
            self._given = b""  # an equal state again is sent again
            self._given = state.detach().cpu().float().contiguous().numpy().tobytes()

        @property
        def steps(self) -> int:
            """After how many steps the page told its state."""
            return self._seen_at[0]

        def _repr_mimebundle_(self, **kwargs: Any) -> Any:
            """The widget, and for what shows none the frame."""
            bundle = super()._repr_mimebundle_(**kwargs)
            found, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
            return {**(found or {}), "text/html": frame_of(self._page, self.height)}, metadata

    return PageWidget
