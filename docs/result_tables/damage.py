"""Cuts, damage over time, and the stability report."""

from result_tables.markdown import NOT_MEASURED, Tables, results_of_rules, table

STABILITY = "stability"


def stability() -> str:
    """Every reported rule, one row a sheet."""
    rows = []
    for name, metrics in results_of_rules(STABILITY).items():
        for sheet, entry in metrics["verdicts"].items():
            fates = ", ".join(f"{count} {fate}" for fate, count in entry["fates"].items())
            numbers = [
                "" if entry[key] is None else f"{entry[key]:.{digits}f}"
                for key, digits in (("error at the end", 2), ("drift", 2), ("rotation", 1), ("largest |state|", 1))
            ]
            periods = ", ".join(f"{steps:.0f}" for steps in entry["periods"]) or "none"
            far = " and ".join(f"{error:.2f}" for error in entry["two seeds, far apart"])
            close = entry["two seeds, close"]
            healed = [f"{entry[f'cuts healed after {steps}']} of {entry['cuts']}" for steps in (300, 1000)]
            rows.append(
                [f"`{name}`", sheet, fates, *numbers, periods, *healed, far, "" if close is None else f"{close:.1f}"]
            )
    header = ["rule", "sheet", "after 10,000 steps", "error", "drift", "rotation", "largest state", "periods"]
    header += [
        "cuts healed after 300 steps",
        "after 1,000",
        "errors of two seeds far apart",
        "patterns' worth of cells of two close ones",
    ]
    return table(header, rows) if rows else NOT_MEASURED


TABLES: Tables = {
    "stability": stability,
}
