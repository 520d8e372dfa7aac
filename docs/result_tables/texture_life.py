"""Textures over time: persistence, damage, hidden channels, failures."""

from result_tables.markdown import NOT_MEASURED, Tables, results_of_rules, table

COMPONENTS, FAILURES = "texture_components", "texture_failures"


def components() -> str:
    """What three components hold of the hidden channels, and what the picture explains of them."""
    rows = []
    for name, metrics in results_of_rules(COMPONENTS).items():
        for sheet, entry in metrics["sheets"].items():
            shares = " / ".join(f"{share:.2f}" for share in entry["shares"])
            known = " / ".join(f"{share:.2f}" for share in entry["explained by what is visible"])
            rows.append([f"`{name}`", sheet, shares, f"{sum(entry['shares']):.2f}", known])
    header = ["rule", "sheet", "share of the variance", "together", "R² by what is visible"]
    return table(header, rows) if rows else NOT_MEASURED


def failures() -> str:
    """What became of every case, one column a rule."""
    results = results_of_rules(FAILURES)
    if not results:
        return NOT_MEASURED
    rows = []
    for case in next(iter(results.values()))["cases"]:
        row = [case]
        for metrics in results.values():
            entry = metrics["cases"][case]
            fates = ", ".join(entry["fates"])
            row.append(fates if "exploded" in entry["fates"] else f"{fates}, {entry['times as trained']:.2f}")
        rows.append(row)
    return table(["case", *(f"`{name}`" for name in results)], rows)


def colours() -> str:
    """The mean colour of template and texture, and the loss beside that of the template's own pieces."""
    rows = []
    for name, metrics in results_of_rules(FAILURES).items():
        trained = metrics["cases"]["as trained"]
        wanted, got = metrics["mean colour of the template"], trained["mean colour"]
        pieces = metrics["scale"]["pieces of the template"]
        row = [f"`{name}`", *(" / ".join(f"{value:.2f}" for value in colour) for colour in (wanted, got))]
        rows.append([*row, f"{trained['median loss']:,.0f}", f"{min(pieces):,.0f} to {max(pieces):,.0f}"])
    header = ["rule", "mean colour of the template", "of the texture", "loss as trained", "of pieces of the template"]
    return table(header, rows) if rows else NOT_MEASURED


TABLES: Tables = {
    "texture_components": components,
    "texture_failures": failures,
    "texture_failures_colours": colours,
}
