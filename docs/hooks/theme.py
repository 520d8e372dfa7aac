"""A MkDocs hook for what the theme's program does otherwise here, and for names that its page lacks.

- The index of the search is loaded when someone searches, not with every page. The theme does so by itself where a site
  is opened as files; it is told that it always is to.
- The button beside a block of code stands in no landmark of its own, of which there would be many without a name.
- The search is a dialog, and has a name.
"""

import re
from pathlib import Path
from typing import Any

CHANGES = {
    # merge(of(location.protocol !== "file:"), watchToggle("search")), after one of which the index is asked for
    r'\(location\.protocol!=="file:"\)(?=,\w+\("search"\))': "(!1)",
    r'"nav"(?=,\{class:"md-code__nav"\})': '"div"',
}
DIALOG = 'data-md-component="search" role="dialog"'


def changed(program: str) -> str:
    """The theme's program as it is wanted here.

    Raises:
        ValueError: If a place that is to be changed is not there once: then the theme is another, and this hook has to
            be written anew.
    """
    for place, by in CHANGES.items():
        program, times = re.subn(place, by, program)
        if times != 1:
            raise ValueError(f"`program` must have one place like {place!r}, got {times}.")
    return program


def on_post_page(output: str, **_: Any) -> str:
    """Return the page's HTML with a name for the search."""
    return output.replace(DIALOG, f'{DIALOG} aria-label="Search"')


def on_post_build(config: Any, **_: Any) -> None:
    """Changes the theme's program in the site."""
    for path in (Path(config["site_dir"]) / "assets/javascripts").glob("bundle.*.min.js"):
        path.write_text(changed(path.read_text(encoding="utf-8")), encoding="utf-8")
