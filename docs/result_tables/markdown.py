"""What every table is made of: Markdown, and where results lie."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


Tables = dict[str, Callable[[], str]]  # what writes each table, by the name in the pages
NOT_MEASURED = "Not measured yet."


def table(header: list[str], rows: list[list[Any]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def result(name: str) -> dict[str, Any]:
    """The published numbers of a result, `docs/results/NAME/metrics.json`; empty where there are none yet."""
    path = ROOT / "docs/results" / name / "metrics.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def results_of_rules(prefix: str) -> dict[str, dict[str, Any]]:
    """The published numbers of a result that has a folder for each rule, by rule."""
    paths = sorted((ROOT / "docs/results").glob(f"{prefix}_*/metrics.json"))
    return {path.parent.name.removeprefix(f"{prefix}_"): result(path.parent.name) for path in paths}
