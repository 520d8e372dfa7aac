"""A MkDocs hook that writes the live pages while the site is built, so that they are never older than the library.

In a page, `<!-- live: NAME -->` becomes a frame with the page NAME of `PAGES`, whose files are written into the
folder of docs/playground.md in the site. A page has those of its rules that are shipped; without any, the place says
so.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

FRAME = re.compile(r"<!-- live: (\w+) -->")
FOLDER = "playground"  # where docs/playground.md comes to lie in the site
SIDE = 72  # units


class Live(NamedTuple):
    """A live page: its heading, the beginnings of its rules' names in their order, and how it starts."""

    title: str
    rules: tuple[str, ...]
    settings: dict[str, str]


PAGES = {
    "lizard": Live("A lizard", ("growing-lizard", "isonca-lizard-any"), {}),
    "texture": Live("A texture", ("texture-",), {"cells": "Voronoi"}),
    "seeds": Live("Seeds of several points", ("isonca-dancer-6point", "isonca-lizard-3point"), {}),
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


def on_page_content(content: str, **_: Any) -> str:
    """Return the page's HTML with every live page in a frame."""
    return FRAME.sub(_frame, content)


def on_post_build(config: Any, **_: Any) -> None:
    """Writes the live pages."""
    from graphnca.playground import export_page
    from topologies import hex_grid, square_grid, voronoi_mesh

    folder = Path(config["site_dir"]) / FOLDER
    folder.mkdir(exist_ok=True)
    substrates = {
        "Squares": square_grid(SIDE, SIDE),
        "Hexagons": hex_grid(SIDE, 2 * round(SIDE * 3**0.5 / 4)),  # as many units across as down
        "Voronoi": voronoi_mesh(SIDE, SIDE, seed=1),
    }
    for name, live in PAGES.items():
        if rules := rules_of(live):
            path = folder / f"{name}.html"
            export_page(rules, substrates, path, title=live.title, settings=live.settings)


def _frame(match: re.Match[str]) -> str:
    name = match[1]
    if name not in PAGES:
        raise ValueError(f"`live` must name one of {sorted(PAGES)}, got {name!r}.")
    if not rules_of(PAGES[name]):
        return "<p>No rule of this kind is shipped yet.</p>"
    title, source = PAGES[name].title, f"{name}.html"
    return (
        f'<iframe class="playground" src="{source}" title="{title}, live" loading="lazy" '
        'allow="clipboard-write"></iframe>\n'
        f'<p><a href="{source}">{title}, on a page of its own</a></p>'
    )
