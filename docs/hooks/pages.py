"""A MkDocs hook for what all pages share: pictures are loaded when they are near, wide tables fold.

A table of `WIDE` columns or more is put into a `<details>` whose summary names what it lists.
"""

import re
from typing import Any

WIDE = 8  # columns
TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
HEADER = re.compile(r"<th[^>]*>(.*?)</th>", re.DOTALL)
PICTURE = re.compile(r"<img ")


def on_page_content(content: str, **_: Any) -> str:
    """Return the page's HTML with wide tables folded, and with pictures after the first loaded late."""
    first = content.find("<img ")
    return TABLE.sub(
        lambda found: _folded(found[0]),
        PICTURE.sub(lambda found: found[0] if found.start() == first else '<img loading="lazy" ', content),
    )


def _folded(table: str) -> str:
    columns = [re.sub(r"<.*?>", "", column) for column in HEADER.findall(table)]
    if len(columns) < WIDE:
        return table
    rows = table.count("<tr") - 1
    summary = f"The table: {rows} rows by {columns[0]}, with {len(columns) - 1} numbers each"
    return f'<details class="wide"><summary>{summary}</summary>\n{table}\n</details>'
