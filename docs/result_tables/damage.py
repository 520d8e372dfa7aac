"""Cuts, damage over time, and the stability report."""

from result_tables.markdown import NOT_MEASURED, Tables, result, results_of_rules, table

BATTERY, OVER_TIME, STABILITY = "damage_battery", "damage_over_time", "stability"
TWICE = 2.0
LEVELS = (-3.0, -2.5)  # the first says who has recovered


def over_time() -> str:
    """Runs that recovered from ten wounds, every rule on every sheet."""
    metrics = result(OVER_TIME)
    if not metrics:
        return NOT_MEASURED
    runs, rests = metrics["config"]["runs"], metrics["config"]["rest"]
    rows = []
    for test in next(iter(next(iter(metrics["rules"].values())).values())):
        for name, sheets in metrics["rules"].items():
            for sheet, tests in sheets.items():
                counts = [tests[test][f"{rest} steps after"] for rest in rests]
                told = [f"{count[f'at most {level}']}" for count in counts for level in LEVELS]
                middle = [f"{count['median log10 error']:.2f}" for count in counts]
                rows.append([test, f"`{name}`", sheet, *told, *middle])
    header = ["test", "rule", "sheet"]
    header += [f"at most {level}, {rest} steps after" for rest in rests for level in LEVELS]
    header += [f"median, {rest} steps after" for rest in rests]
    return f"Of {runs} runs each.\n\n{table(header, rows)}"


def over_time_goal() -> str:
    """How many times as many runs of the hardened rule recover."""
    metrics = result(OVER_TIME)
    if not metrics or not metrics["times as many"]:
        return NOT_MEASURED
    key = f"{metrics['config']['rest'][0]} steps after"
    usual, *others = metrics["rules"]
    rows = []
    for name in others:
        for test in metrics["times as many"][name]:
            for sheet in metrics["rules"][name]:
                row: list[object] = [test, sheet]
                for level in LEVELS:
                    before, after = (
                        metrics["rules"][rule][sheet][test][key][f"at most {level}"] for rule in (usual, name)
                    )
                    reached = "yes" if after and after >= TWICE * before else "no"
                    row += [f"{before} / {after}", reached]
                rows.append(row)
    header = ["test", "sheet"]
    for level in LEVELS:
        header += [f"at most {level}: `{usual}` / hardened", "at least twice as many"]
    return f"Of {metrics['config']['runs']} runs each, {key}.\n\n{table(header, rows)}"


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
    "damage_over_time": over_time,
    "damage_over_time_goal": over_time_goal,
    "stability": stability,
}
