"""The noise-gain law, with and without."""

from functools import partial
from statistics import median
from typing import Any

from result_tables.markdown import NOT_MEASURED, Tables, results_of_rules, table

PREFIX = "noise_gain_law"
WAYS = {"law": "law", "corrected": "corrected only", "raw": "raw sums"}
KINDS = {"hex": "hexagons", "voronoi": "Voronoi"}


def error(value: float) -> str:
    """A mean squared error, to four decimals."""
    return "< 0.0001" if value < 0.00005 else f"{value:.4f}"


def columns() -> list[str]:
    """What the error is given on."""
    return [f"{kind}, {way}" for kind in KINDS.values() for way in WAYS.values()]


def row(metrics: dict[str, Any], step: str) -> list[str]:
    """The medians of a rule at a step: squares, then every kind of cells in every way."""
    medians = metrics["medians"][step]
    return [error(medians["law"]["square"]), *(error(medians[way][kind]) for kind in KINDS for way in WAYS)]


def by_rule(step: str) -> str:
    """Every rule at a step; the last row is the median over the rules that know squares alone."""
    results = results_of_rules(PREFIX)
    if not results:
        return NOT_MEASURED
    rows = []
    for name, metrics in results.items():
        cells = "squares" if metrics["trained on squares alone"] else "all"
        rows.append([f"`{name}`", cells, error(metrics["empty"][step]), *row(metrics, step)])
    alone = [metrics["medians"][step] for metrics in results.values() if metrics["trained on squares alone"]]
    if len(alone) > 1:
        values = [median(entry["law"]["square"] for entry in alone)]
        values += [median(entry[way][kind] for entry in alone) for kind in KINDS for way in WAYS]
        rows.append(["median of those trained on squares", "", "", *map(error, values)])
    return table(["rule", "trained on", "empty sheet", "squares again", *columns()], rows)


def goals() -> str:
    """What was to be reached, and what was."""
    rows = [
        [f"`{name}`", what, f"at most {entry['goal']}", error(entry["reached"]), "yes" if entry["met"] else "no"]
        for name, metrics in results_of_rules(PREFIX).items()
        for what, entry in metrics["goals"].items()
    ]
    return table(["rule", "median error on", "goal", "measured", "reached"], rows) if rows else NOT_MEASURED


def gains() -> str:
    """The noise gain of every sheet, plain and under the law."""
    results = results_of_rules(PREFIX)
    if not results:
        return NOT_MEASURED
    sheets = next(iter(results.values()))["noise gain"]
    rows = []
    for name, entry in sheets.items():
        share = f"{entry['smoothing']:.3f} ± {entry['deviation of smoothing']:.3f}"
        rows.append([name, f"{entry['plain']:.4f}", f"{entry['under the law']:.4f}", share])
    return table(["sheet", "noise gain without smoothing", "under the law", "share of smoothing"], rows)


TABLES: Tables = {
    "noise_gain_first": partial(by_rule, "step 500"),
    "noise_gain_last": partial(by_rule, "step 2000"),
    "noise_gain_goals": goals,
    "noise_gain_sheets": gains,
}
