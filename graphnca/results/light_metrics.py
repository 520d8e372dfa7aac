"""The published copy of the metrics: every number that a table is made of, without the series that only pictures show.

What a run measures at every step, or at every cell, stays in the result's own folder: it is drawn in the figure, and
the command that the metrics are headed by measures it again.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .table import Table

DIGITS = 6  # significant ones of a number; a float32, of which most are made, has hardly more
SERIES = 24  # numbers in a list that may always stay: as many runs as most tables sum up


def significant(value: Any) -> Any:
    """JSON values, their numbers with at most `DIGITS` significant digits: further ones are the machine's."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: significant(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [significant(entry) for entry in value]
    return value


def light_metrics(metrics: Mapping[str, Any], tables: Callable[[Any], Mapping[str, Table]]) -> dict[str, Any]:
    """The metrics without each series whose absence leaves the tables as they are.

    Args:
        metrics: As they are read from their file.
        tables: Makes the result's tables of them.
    """
    light = dict(metrics)
    whole = _shown(tables(light))
    for name in dict.fromkeys(_series(light)):
        lighter = _without(name, light)
        try:
            if _shown(tables(lighter)) == whole:
                light = lighter
        except (LookupError, TypeError, ValueError):  # a table needs it
            continue
    return light


def _shown(tables: Mapping[str, Table]) -> dict[str, str]:
    return {name: table.markdown() for name, table in tables.items()}


def _series(value: Any) -> Iterator[str]:
    """The names under which there are long lists of numbers, lists of such lists among them."""
    if isinstance(value, dict):
        for name, entry in value.items():
            if _length(entry) > SERIES:
                yield name
            else:
                yield from _series(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _series(entry)


def _without(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        left = ((key, entry) for key, entry in value.items() if key != name or _length(entry) <= SERIES)
        return {key: _without(name, entry) for key, entry in left}
    return [_without(name, entry) for entry in value] if isinstance(value, list) else value


def _length(value: Any) -> int:
    """How many plain values a list holds, its lists' together; 0 of what is no list, or holds anything else."""
    if not isinstance(value, list):
        return 0
    lengths = [_length(entry) if isinstance(entry, dict | list) else 1 for entry in value]
    return sum(lengths) if all(lengths) else 0
