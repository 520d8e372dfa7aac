"""Two textures on one sheet."""

from result_tables.markdown import NOT_MEASURED, Tables, results_of_rules, table

PREFIX = "texture_map"


def texture_map() -> str:
    """Either half's loss in times of the same rule alone on the sheet."""
    rows = []
    for metrics in results_of_rules(PREFIX).values():
        for sheet, entry in metrics["sheets"].items():
            rows += [
                [sheet.split()[0], half, f"`{rule}`", f"{values['times alone']:.2f}"]
                for half, (rule, values) in zip(("left", "right"), entry.items(), strict=True)
            ]
    return table(["cells", "half", "rule", "times alone"], rows) if rows else NOT_MEASURED


TABLES: Tables = {
    "texture_map": texture_map,
}
