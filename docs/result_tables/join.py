"""What stands in a page for published results: their tables, one or several joined, and their pictures.

A block names a folder of `docs/results` and a table in its `tables.json`; a `*` takes the results of several rules:

    <!-- table: symmetry/runs -->                              the table and its caption
    <!-- table: texture_damage_*/losses by rule -->            the rows of all in one, each behind what the * stands for
    <!-- table: damage_battery_*/errors apart -->              one table after another, each under its name
    <!-- table: texture_failures_*/fates side by side -->      the same first column once, then the others of each
    <!-- pictures: texture_damage_*/figure.webp Three kinds of damage -->      one picture after another
"""

import re
from pathlib import Path

from graphnca.results.table import FILE, Table, read_tables

RESULTS = Path(__file__).parents[1] / "results"
NOT_MEASURED = "Not measured yet."
TABLE = re.compile(r"([\w*-]+)/(\w+)(?: (by [\w ]+|apart|side by side))?")
PICTURES = re.compile(r"([\w*-]+)/([\w.-]+) (.+)")


def folders(pattern: str, file: str) -> dict[str, Path]:
    """The results of a pattern that have such a file, by what its `*` stands for, or by their name."""
    prefix, star, suffix = pattern.partition("*")
    found = sorted(path.parent for path in RESULTS.glob(f"{pattern}/{file}"))
    return {folder.name.removeprefix(prefix).removesuffix(suffix) if star else folder.name: folder for folder in found}


def shown(reference: str) -> str:
    """The Markdown of one of the blocks of tables above.

    Raises:
        ValueError: If it is no such reference, a result has no such table, or tables do not fit together.
    """
    parts = TABLE.fullmatch(reference)
    if parts is None:
        raise ValueError(
            f"`reference` must be RESULT/TABLE, and `by ...`, `apart` or `side by side`, got {reference!r}."
        )
    pattern, name, way = parts.groups()
    of_results = {key: read_tables(folder) for key, folder in folders(pattern, FILE).items()}
    found = {key: tables[name] for key, tables in of_results.items() if name in tables}
    if lacking := (of_results.keys() | folders(pattern, "metrics.json").keys()) - found.keys():
        raise ValueError(
            f"`reference` must name a table of every result, got {reference!r}: none in {sorted(lacking)}."
        )
    if not found:
        return NOT_MEASURED
    if way == "apart":
        return "\n\n".join(f"`{key}`:\n\n{table.markdown()}" for key, table in found.items())
    if way == "side by side":
        return side_by_side(found).markdown()
    if way is not None:
        return one_below_another(found, way.removeprefix("by ")).markdown()
    if len(found) > 1:
        raise ValueError(f"`reference` must say how several tables are joined, got {reference!r}.")
    return next(iter(found.values())).markdown()


def one_below_another(tables: dict[str, Table], column: str) -> Table:
    """The rows of all tables under one header, each behind the name of its table, in a column that is added.

    Raises:
        ValueError: If headers differ.
    """
    rows = [(f"`{key}`", *row) for key, table in tables.items() for row in table.rows]
    return Table((column, *_one({table.header for table in tables.values()}, "header")), rows, _captions(tables))


def side_by_side(tables: dict[str, Table]) -> Table:
    """The first column once, then the others of every table, each under the name of its table.

    Raises:
        ValueError: If first columns differ.
    """
    names = _one({tuple(row[0] for row in table.rows) for table in tables.values()}, "first column")
    header = [next(iter(tables.values())).header[0]]
    for key, table in tables.items():
        others = table.header[1:]
        header += [f"`{key}`"] if len(others) == 1 else [f"`{key}`, {column}" for column in others]
    parts = zip(*(table.rows for table in tables.values()), strict=True)
    rows = [(name, *(entry for row in part for entry in row[1:])) for name, part in zip(names, parts, strict=True)]
    return Table(header, rows, _captions(tables))


def pictures(reference: str) -> str:
    """One picture of each result of a pattern, under what its `*` stands for.

    Raises:
        ValueError: If it is no such reference.
    """
    parts = PICTURES.fullmatch(reference)
    if parts is None:
        raise ValueError(f"`reference` must be RESULT/FILE and words, got {reference!r}.")
    pattern, file, words = parts.groups()
    there = {key: f"![{words}](results/{folder.name}/{file})" for key, folder in folders(pattern, file).items()}
    if "*" not in pattern:
        return next(iter(there.values()), NOT_MEASURED)
    return "\n\n".join(f"`{key}`:\n\n{picture}" for key, picture in there.items()) or NOT_MEASURED


def _captions(tables: dict[str, Table]) -> str:
    return " ".join(dict.fromkeys(table.caption for table in tables.values() if table.caption))


def _one(different: set[tuple[str, ...]], what: str) -> tuple[str, ...]:
    if len(different) > 1:
        raise ValueError(f"`tables` must have one {what}, got {sorted(different)}.")
    return next(iter(different))
