"""The shell that grows by chambers."""

from statistics import median
from typing import Any

from result_tables.markdown import NOT_MEASURED, Tables, result, table

FOLDER = "gnomonic_growth"
WHOLE = "shells with all within tolerance"


def of_sheets() -> str:
    """All chambers of every sheet."""
    metrics = result(FOLDER)
    if not metrics:
        return NOT_MEASURED
    rows = []
    for name, entry in metrics["sheets"].items():
        rows.append(
            [
                name,
                f"{entry['within tolerance']} of {entry['chambers']}",
                *(f"{whole} of {metrics['config']['runs']}" for whole in entry[WHOLE].values()),
                f"{entry['median area']:.2f}",
                f"{entry['smallest area']:.2f} to {entry['largest area']:.2f}",
                f"{entry['median overlap']:.2f}",
            ]
        )
    goal = f"chambers within {metrics['tolerance']:.0%}".replace("%", " %")
    angles = [f"whole shells, {name}" for name in next(iter(metrics["sheets"].values()))[WHOLE]]
    return table(["sheet", goal, *angles, "median area", "all areas", "median overlap"], rows)


def of_chambers() -> str:
    """The median area at each angle on squares, chamber by chamber."""
    metrics = result(FOLDER)
    if not metrics:
        return NOT_MEASURED
    by_angle: dict[float, list[list[float]]] = {}
    for run in metrics["sheets"]["square"]["runs"]:
        by_angle.setdefault(run["angle"], []).append(run["areas"])
    rows: list[list[Any]] = [
        [f"{angle:g}", *(f"{median(areas):.2f}" for areas in zip(*runs, strict=True))]
        for angle, runs in by_angle.items()
    ]
    return table(["angle", *(f"chamber {number}" for number in range(1, len(rows[0])))], rows)


TABLES: Tables = {
    "gnomonic_growth": of_sheets,
    "gnomonic_growth_chambers": of_chambers,
}
