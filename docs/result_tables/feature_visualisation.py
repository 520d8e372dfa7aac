"""A rule that excites one channel of a network."""

from result_tables.markdown import NOT_MEASURED, Tables, result, table


def feature_visualisation() -> str:
    """Mean activation of the channel on every sheet, and beside that of grey, noise and pixels."""
    metrics = result("feature_visualisation")
    if not metrics:
        return NOT_MEASURED
    steps = [f"step {step}" for step in metrics["config"]["steps"]]
    rows = [
        [
            name,
            f"{entry['cells']:,}",
            *(f"{entry[step]['median']:.3f}" for step in steps),
            " / ".join("-" if ratio is None else f"{ratio:.2f}" for ratio in entry["times square"]),
            " / ".join(str(entry[step]["channels above"]) for step in steps),
        ]
        for name, entry in metrics["sheets"].items()
    ]
    rows += [
        [name, "", *([f"{entry['median']:.3f}"] * len(steps)), "", entry["channels above"]]
        for name, entry in metrics["others"].items()
    ]
    return "\n".join(
        [
            f"`{metrics['rule']}`, mean activation of `{metrics['unit']}` in {metrics['features']}; medians of "
            f"{metrics['config']['runs']} runs.",
            "",
            table(["picture", "cells", *steps, "times the square torus", "channels above"], rows),
        ]
    )


TABLES: Tables = {"feature_visualisation": feature_visualisation}
