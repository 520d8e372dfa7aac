"""Symmetry: float against fixed point."""

from result_tables.markdown import NOT_MEASURED, Tables, result, table


def symmetry() -> str:
    """How long synchronous runs keep their symmetry, in float and in fixed point."""
    runs = result("symmetry").get("runs")
    if runs is None:
        return NOT_MEASURED
    moments = list(max((run["living"] for run in runs), key=len))
    rows = [
        [
            run["rule"],
            f"{run['sheet']}, {run['symmetries']}",
            run["arithmetic"],
            *("never" if run[key] is None else run[key] for key in ("first difference", "visible")),
            f"{run['largest asymmetry']:.2g}",
            *(f"{run['living'][moment]:,}" if moment in run["living"] else "exploded" for moment in moments),
        ]
        for run in runs
    ]
    header = ["rule", "sheet, symmetries", "arithmetic", "differs at step", "visible at step", "largest asymmetry"]
    return table([*header, f"living cells at step {moments[0]}", *moments[1:]], rows)


TABLES: Tables = {"symmetry": symmetry}
