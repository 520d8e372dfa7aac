"""A rule that excites one channel of a network."""

from result_tables.markdown import NOT_MEASURED, ROOT, Tables, result, table


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


def feature_pictures() -> str:
    """The picture of the sheets and the animation, where they are."""
    folder = ROOT / "docs/results/feature_visualisation"
    if not (folder / "figure.png").exists():
        return NOT_MEASURED
    return "\n\n".join(
        [
            "![Sheets in columns, steps in rows, the picture of pixels at the right]"
            "(results/feature_visualisation/figure.png)",
            "![From cells that are all alike](results/feature_visualisation/growth.gif)",
        ]
    )


TABLES: Tables = {"feature_visualisation": feature_visualisation, "feature_pictures": feature_pictures}
