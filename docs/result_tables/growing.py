"""The three regimes of Growing NCA."""

from statistics import median

from result_tables.markdown import NOT_MEASURED, Tables, result, table


def growing_errors() -> str:
    """Every rule on every kind of cells, step by step."""
    metrics = result("growing")
    if not metrics:
        return NOT_MEASURED
    rows = []
    for name, entry in metrics["rules"].items():
        kinds: dict[str, list[dict]] = {}
        for sheet, numbers in entry["sheets"].items():
            kinds.setdefault(sheet.split()[0], []).append(numbers)
        for kind, sheets in kinds.items():
            errors = []
            for step in metrics["moments"]:
                at = [runs[sheet["steps"].index(step)] for sheet in sheets for runs in sheet["log10 errors"]]
                errors.append(f"{median(at):.2f}")
            fates: dict[str, int] = {}
            for sheet in sheets:
                for fate, count in sheet["fates"].items():
                    fates[fate] = fates.get(fate, 0) + count
            rows.append([name, kind, *errors, ", ".join(f"{count} {fate}" for fate, count in fates.items())])
    return table(["rule", "cells", *(f"step {step:,}" for step in metrics["moments"]), "in the end"], rows)


def growing_goal() -> str:
    """Whether the persistent rule stays as near as it should."""
    goal = result("growing").get("goal")
    if goal is None:
        return NOT_MEASURED
    worst = ", ".join(f"{error:.2f}" for error in goal["worst of each run"])
    runs = len(goal["worst of each run"])
    return table(
        ["persistent rule, squares, steps 200 to 2,000", "goal", "measured", "reached"],
        [
            [
                "runs that are always at the goal or below",
                f"{goal['runs']} of {runs} at {goal['at most']}",
                f"{goal['reached in']} of {runs}; their worst moments: {worst}",
                "yes" if goal["met"] else "no",
            ]
        ],
    )


TABLES: Tables = {
    "growing_errors": growing_errors,
    "growing_goal": growing_goal,
}
