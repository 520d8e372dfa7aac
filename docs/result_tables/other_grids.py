"""Other grids."""

from result_tables.markdown import NOT_MEASURED, Tables, results_of_rules, table


def other_grids() -> str:
    """Every rule on squares, hexagons and five meshes."""
    results = results_of_rules("other_grids")
    if not results:
        return NOT_MEASURED
    rows = []
    for name, metrics in results.items():
        sheets = metrics["sheets"].values()
        runs = [run for sheet in sheets for run in sheet["step 3000"]["verdicts"].items()]
        grown, total = sum(count for word, count in runs if word == "grown"), sum(count for _, count in runs)
        losses = [f"{sheet['step 1000']['median loss']:.2f}" for sheet in sheets]
        more = [f"{metrics['median loss on meshes']:.2f}", f"{metrics['times that on squares']:.2f}"]
        rows.append([f"`{name}`", metrics["loss of the empty sheet"], *losses, *more, f"{grown} of {total}"])
    sheets = [*next(iter(results.values()))["sheets"]]
    header = ["rule", "empty sheet", *sheets, "all meshes", "times square"]
    return table([*header, "runs that show the target at step 3,000"], rows)


TABLES: Tables = {
    "other_grids": other_grids,
}
