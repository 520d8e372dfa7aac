"""Training on one kind of cells, growing on another."""

from result_tables.markdown import NOT_MEASURED, Tables, result, table


def transfer_matrix() -> str:
    """Every rule on every kind of cells."""
    matrix = result("transfer").get("matrix")
    if matrix is None:
        return NOT_MEASURED
    kinds = list(next(iter(matrix.values()))["median loss"])
    rows = [[row, *(f"{entry['median loss'][kind]:.2f}" for kind in kinds)] for row, entry in matrix.items()]
    return table(["rule", *kinds], rows)


def transfer_goals() -> str:
    """What the rule for any cells was to reach, beside what it reached."""
    entry = result("transfer").get("matrix", {}).get("isonca-lizard-any")
    if entry is None:
        return NOT_MEASURED
    losses = entry["median loss"]
    ratio = losses["voronoi"] / losses["square"]
    rows = [
        ["median loss on five unseen Voronoi meshes", "at most 7", f"{losses['voronoi']:.2f}", losses["voronoi"] <= 7],
        ["relative to the square grid", "at most 1.2", f"{ratio:.2f}", ratio <= 1.2],
    ]
    for gain in ("0.85", "1.15"):
        held = sum(entry["runs that hold a pattern"][f"gain {gain}"].values())
        runs = sum(entry["runs that hold a pattern"]["gain 1"].values())
        rows.append([f"runs that hold a pattern at {gain} of the gain", f"{runs}, as at 1", str(held), held >= runs])
    return table(["measure", "goal", "measured", "reached"], [[*row[:3], "yes" if row[3] else "no"] for row in rows])


def transfer_gain() -> str:
    """How many runs hold a pattern under every gain."""
    metrics = result("transfer")
    if not metrics:
        return NOT_MEASURED
    matrix = metrics["matrix"]
    gains = list(next(iter(matrix.values()))["runs that hold a pattern"])
    rows = [
        [row, *(sum(entry["runs that hold a pattern"][gain].values()) for gain in gains)]
        for row, entry in matrix.items()
    ]
    total = 3 * metrics["runs on each sheet"]
    return "\n".join(
        [f"Of {total} runs, {metrics['runs on each sheet']} on each kind of cells.", "", table(["rule", *gains], rows)]
    )


TABLES: Tables = {"transfer_matrix": transfer_matrix, "transfer_goals": transfer_goals, "transfer_gain": transfer_gain}
