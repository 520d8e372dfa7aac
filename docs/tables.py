"""Writes the tables of README.md and docs/ from what the experiments have measured; no number in them is typed by hand.

    python docs/tables.py            # rewrites every block between `<!-- table: ... -->` and `<!-- /table -->`
    python docs/tables.py --check    # fails if one of them is not what the measurements say

A block names tables that experiments have kept (`result_tables/join.py`), or one of `TABLES`, which are made of the
shipped rules' cards and of what the program says of itself.
"""

import re
import sys
from pathlib import Path

from result_tables import (
    command_line,
    shipped,
    texture_losses,
    textures,
)
from result_tables.join import pictures, shown
from result_tables.markdown import ROOT, Tables

BLOCK = re.compile(r"(<!-- (table|pictures): (.*?) -->\n).*?(<!-- /\2 -->)", re.DOTALL)

RESULTS = (
    command_line,
    shipped,
    texture_losses,
    textures,
)
TABLES: Tables = {name: write for result in RESULTS for name, write in result.TABLES.items()}


def rewritten(text: str) -> str:
    """A page with its tables as they should be."""
    return BLOCK.sub(lambda found: f"{found[1]}{block(found[2], found[3])}\n{found[4]}", text)


def block(kind: str, reference: str) -> str:
    """What belongs between two comments.

    Raises:
        ValueError: If there is no such table.
    """
    if kind == "pictures":
        return pictures(reference)
    return TABLES[reference]() if reference in TABLES else shown(reference)


def pages() -> list[Path]:
    """Every page that may hold a table."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def main(check: bool) -> None:
    """Rewrites or compares."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        current = rewritten(text)
        if current == text:
            continue
        if check:
            sys.exit(f"{page.relative_to(ROOT)} has a table that is out of date; run python docs/tables.py.")
        page.write_text(current, encoding="utf-8")
        print("rewritten:", page.relative_to(ROOT))


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
