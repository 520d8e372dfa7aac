"""Ten thousand steps."""

from result_tables.markdown import NOT_MEASURED, Tables, results_of_rules, table


def long_run() -> str:
    """Every rule over 10,000 steps, one row a sheet."""
    results = results_of_rules("long_run")
    if not results:
        return NOT_MEASURED
    rows = []
    for name, metrics in results.items():
        for sheet, numbers in metrics["sheets"].items():
            turns = ", ".join(f"{run['rotation']:+.1f}" for run in numbers["runs"] if "rotation" in run)
            fates = ", ".join(f"{count} {fate}" for fate, count in numbers["fates"].items())
            stayed = [run for run in numbers["runs"] if "rotation" in run]
            fast = [run[key] for run in stayed for key in ("period of living cells", "period of change") if run[key]]
            slow = [run["slow period of living cells"] for run in stayed if run["slow period of living cells"]]
            periods = [
                f"{len(found)} of {number}" + "".join(f", {period['steps']:.0f}" for period in found)
                for found, number in ((fast, 2 * len(stayed)), (slow, len(stayed)))
            ]
            middle = [numbers[key] for key in ("median loss", "median loss around the seed", "median drift")]
            shown = ["" if value is None else f"{value:.2f}" for value in middle]
            rows.append([f"`{name}`", sheet, fates, *shown, turns, *periods])
    header = ["rule", "sheet", "runs after 10,000 steps", "median loss where it is", "around the seed"]
    return table([*header, "drift", "rotation of each run", "fast periods", "slow periods"], rows)


def long_run_fates() -> str:
    """How many runs of every rule stayed, died or exploded."""
    rows = []
    for name, metrics in results_of_rules("long_run").items():
        fates = metrics["fates"]
        counts = [fates.get(word, 0) for word in ("grown", "off-target", "died", "exploded")]
        rows.append([f"`{name}`", sum(counts), *counts])
    return table(["rule", "runs", "show the target", "off-target", "died", "exploded"], rows) if rows else NOT_MEASURED


TABLES: Tables = {
    "long_run": long_run,
    "long_run_fates": long_run_fates,
}
