"""Tables as text."""

from collections.abc import Sequence

from .printable import printable

GAP = "  "  # between two columns
WIDEST = 24  # characters of a name in a listing; what is longer pushes its text to the right


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest entry, under a header and a line."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return printable(
        "\n".join(
            GAP.join(entry.ljust(width) for entry, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )
    )


def listing(entries: Sequence[tuple[str, str]]) -> str:
    """Names and what they are, side by side; a text of several lines stays under its own beginning."""
    width = max((len(name) for name, _ in entries if len(name) <= WIDEST), default=0)
    lines = []
    for name, text in entries:
        first, *others = text.splitlines() or [""]
        lines.append(f"{name.ljust(width)}{GAP}{first}".rstrip())
        lines += [f"{' ' * width}{GAP}{other}" for other in others]
    return printable("\n".join(lines))
