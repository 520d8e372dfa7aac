"""A table of a result: printed, kept in `tables.json`, and shown in the documentation, the same rows each time."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..atomic_file import write_atomically

FILE = "tables.json"
GAP = "  "  # between two columns of text


class Table:
    """A header, and rows of as many entries, all of them text as it is to be read.

    Args:
        header: Names of the columns.
        rows: Entries; what is no text becomes `str(entry)`, and None nothing.
        caption: What stands above: of how many runs, seen by whom.

    Raises:
        ValueError: A row has more or fewer entries than the header.
    """

    header: tuple[str, ...]
    rows: list[tuple[str, ...]]
    caption: str

    def __init__(self, header: Iterable[str], rows: Iterable[Iterable[Any]], caption: str = "") -> None:
        self.header, self.caption = tuple(header), caption
        self.rows = [tuple("" if entry is None else str(entry) for entry in row) for row in rows]
        for row in self.rows:
            if len(row) != len(self.header):
                raise ValueError(f"`rows` must have {len(self.header)} entries each, {self.header}, got {row}.")

    def text(self) -> str:
        """Aligned columns for a terminal, under the caption."""
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        lines.insert(1, tuple("-" * width for width in widths))
        aligned = [GAP.join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join([*([self.caption] if self.caption else []), *aligned])

    def markdown(self) -> str:
        """A Markdown table, under the caption."""
        lines = [self.header, ("---",) * len(self.header), *self.rows]
        table = "\n".join(f"| {' | '.join(entry.replace('|', chr(92) + '|') for entry in line)} |" for line in lines)
        return f"{self.caption}\n\n{table}" if self.caption else table


def write_tables(out: str | Path, tables: Mapping[str, Table]) -> None:
    """Writes the tables of a result into its folder: JSON in which every row is a line.

    {"NAME": {"caption": "...", "header": [...], "rows": [[...], ...]}, ...}
    """
    written = []
    for name, table in tables.items():
        rows = ",\n".join(map(_json, table.rows))
        head = f'{_json(name)}: {{"caption": {_json(table.caption)}, "header": {_json(table.header)}, "rows": '
        written.append(f"{head}[\n{rows}\n]}}")
    write_atomically(Path(out) / FILE, ("{\n" + ",\n".join(written) + "\n}\n").encode())


def read_tables(folder: str | Path) -> dict[str, Table]:
    """The tables in the folder of a result, by name."""
    content = json.loads((Path(folder) / FILE).read_text(encoding="utf-8"))
    return {name: Table(**table) for name, table in content.items()}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
