"""A MkDocs hook that writes the living figures while the site is built, so that they are never older than the library.

In a page, `<!-- live: NAME -->` becomes a frame in which the page NAME of `PAGES` lives as a figure: the substrate and
a few controls, with `choice` also its rules. The same file without `#figure` behind its address is the whole page;
below the frame stands a link to it. A page has those of its rules that are shipped; without any, the place says so.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mkdocs.utils import get_relative_url
from torch_geometric.data import Data

import topologies

HERE = Path(__file__).parent
FRAME = re.compile(r"<!-- live: (\w+) -->")
FOLDER = "playground"  # in the site
SIDE = 72  # units
STILL_AFTER = 260  # steps after which a figure that may not move is shown: a lizard is whole by then


def three_kinds() -> dict[str, Data]:
    """Squares, hexagons and a mesh, as large as each other."""
    return {
        "Squares": topologies.square_grid(SIDE, SIDE),
        "Hexagons": topologies.hex_grid(SIDE, 2 * round(SIDE * 3**0.5 / 4)),  # as many units across as down
        "Voronoi": topologies.voronoi_mesh(SIDE, SIDE, seed=1),
    }


def one_mesh() -> dict[str, Data]:
    """A mesh that a lizard fills."""
    return {"Voronoi": topologies.voronoi_mesh(56, 56, seed=1)}


def two_ways_to_see() -> dict[str, Data]:
    """One mesh whose cells see as the first paper has it, and as this library fits it."""
    mesh = topologies.voronoi_mesh(64, 64, seed=3)
    return {
        "One ring": topologies.with_operators(mesh, "one_ring"),
        "Fitted to the kernel": topologies.with_operators(mesh, "fitted"),
    }


def ball() -> dict[str, Data]:
    """A sphere with the field of frames that changes least."""
    return {"Sphere": topologies.with_frames(topologies.sphere(3000), "smooth")}


def bunny() -> dict[str, Data]:
    """The bunny, with the field of frames that changes least."""
    return {"Bunny": topologies.with_frames(topologies.surface_mesh(topologies.bunny_mesh(), 4000), "smooth")}


@dataclass(frozen=True)
class Live:
    """A living figure.

    Attributes:
        title: Its heading.
        rules: The beginnings of its rules' names, in their order.
        shows: What is to be seen, for those who don't see it.
        substrates: Makes its substrates, by name.
        settings: How it starts.
        choice: Whether the figure has its rules to choose from, with what is said of each.
    """

    title: str
    rules: tuple[str, ...]
    shows: str
    substrates: Callable[[], dict[str, Data]] = three_kinds
    settings: Mapping[str, str] = field(default_factory=dict)
    choice: bool = False


PAGES = {
    "home": Live("A lizard", ("growing-lizard-any",), "A lizard grows from one cell of a Voronoi mesh.", one_mesh),
    "lizard": Live(
        "A lizard",
        ("growing-lizard", "isonca-lizard-any"),
        "A lizard grows from one cell, on squares, hexagons or Voronoi cells.",
    ),
    "texture": Live(
        "A texture", ("texture-",), "A texture covers Voronoi cells that began alike.", settings={"cells": "Voronoi"}
    ),
    "seeds": Live(
        "Seeds of several points",
        ("isonca-dancer-6point", "isonca-lizard-3point"),
        "A dancer grows from six coloured points, which say where up is.",
    ),
    "regimes": Live(
        "Naive, persistent, regenerating",
        ("growing-lizard-naive", "growing-lizard-persistent", "growing-lizard"),
        "A lizard of the rule that is chosen: one dissolves, one stays, one grows back.",
        lambda: {"Squares": topologies.square_grid(SIDE, SIDE)},
        choice=True,
    ),
    "seeing": Live(
        "One ring, or fitted",
        ("growing-lizard",),
        "A lizard on a mesh: with one ring of neighbours it is pushed away and frays, with fitted operators it stays.",
        two_ways_to_see,
    ),
    "isotropic": Live(
        "A lizard that chooses its side",
        ("isonca-lizard-any",),
        "A lizard grows from one cell and lies another way every time.",
    ),
    "sphere": Live("Stripes on a sphere", ("texture-banded",), "Stripes cover a sphere and must end somewhere.", ball),
    "bunny": Live("A woven bunny", ("texture-interlaced",), "A woven texture covers a bunny.", bunny),
}


def rules_of(live: Live) -> list[str]:
    """The shipped rules of a page: those of the names, or that begin with a name that ends in a hyphen."""
    from graphnca.rules import shipped_rules

    return [
        rule
        for name in live.rules
        for rule in shipped_rules()
        if rule == name or (name.endswith("-") and rule.startswith(name))
    ]


def on_page_content(content: str, page: Any = None, **_: Any) -> str:
    """Return the page's HTML with every living figure in a frame; only that of the home page is loaded at once."""
    address = page.url if page else f"{FOLDER}/"
    return FRAME.sub(lambda match: _frame(match[1], address), content)


def on_post_build(config: Any, **_: Any) -> None:
    """Writes the living figures."""
    from graphnca.playground import export_page

    folder = Path(config["site_dir"]) / FOLDER
    folder.mkdir(exist_ok=True)
    for name, live in PAGES.items():
        if rules := rules_of(live):
            path = folder / f"{name}.html"
            export_page(rules, live.substrates(), path, title=live.title, settings=dict(live.settings))
            path.write_text(_with_figure(path.read_text(encoding="utf-8")), encoding="utf-8")


def _with_figure(page: str) -> str:
    """A page that is a figure, too, where `figure` stands behind the # of its address."""
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("figure.css", "figure.js"))
    asked = "document.documentElement.classList.add(...location.hash.match(/\\b(figure|choice)\\b/g) ?? []);"
    script = script.replace("STILL_AFTER", str(STILL_AFTER))
    page = page.replace("</head>", f"<style>\n{style}</style>\n<script>{asked}</script>\n</head>", 1)
    return page.replace("</body>", f'<script type="module">\n{script}</script>\n</body>', 1)


def _frame(name: str, address: str) -> str:
    if name not in PAGES:
        raise ValueError(f"`live` must name one of {sorted(PAGES)}, got {name!r}.")
    live = PAGES[name]
    if not rules_of(live):
        return "<p>No rule of this kind is shipped yet.</p>"
    source = get_relative_url(f"{FOLDER}/{name}.html", address)
    loading = "eager" if name == "home" else "lazy"
    kind, shown = ("living tall", "figure&choice") if live.choice else ("living", "figure")
    return (
        f'<figure class="{kind}"><iframe src="{source}#{shown}" title="{html.escape(live.shows)}" loading="{loading}" '
        'allow="clipboard-write"></iframe>\n'
        f'<figcaption><a href="{source}">{live.title}, with all controls</a></figcaption></figure>'
    )
