"""What 8 bits cost the shipped textures."""

from result_tables.markdown import NOT_MEASURED, Tables, result, table


def quantised_texture() -> str:
    """Every rule in float and in 8 bits, on every sheet."""
    metrics = result("quantised_texture")
    if not metrics:
        return NOT_MEASURED
    rows = []
    sheets: list[str] = []
    for name, entry in metrics["rules"].items():
        for variant, found in entry["variants"].items():
            sheets = list(found["sheets"])
            cells = [
                f"{found['sheets'][sheet]['median loss']:,.0f}"
                + ("" if variant == "float" else f" ({found['times float'][sheet]:.2f})")
                for sheet in sheets
            ]
            total, plain = (
                sum(entry["variants"][of]["sheets"][sheet]["median loss"] for sheet in sheets)
                for of in (variant, "float")
            )
            met = ["", ""]
            if variant != "float":
                reached = "yes" if total <= metrics["goal"] * plain else "no"
                met = [f"{total / plain:.2f} ({reached})", f"{found['met']} of {len(sheets)}"]
            rows.append([f"`{name}`" if variant == "float" else "", variant, f"{found['bytes']:,}", *cells, *met])
    goals = [f"all sheets at most {metrics['goal']}", "sheets that are"]
    return "\n".join(
        [
            f"Loss at step {metrics['config']['steps']}, the median of {metrics['config']['runs']} runs, and in "
            f"brackets how many times the float rule's on the same sheet; seen by {metrics['features']}.",
            "",
            table(["rule", "computed in", "bytes", *sheets, *goals], rows),
        ]
    )


def quantised_gains() -> str:
    """The square torus with other gains."""
    metrics = result("quantised_texture")
    found = {name: entry["square torus by gain"] for name, entry in metrics.get("rules", {}).items()}
    found = {name: gains for name, gains in found.items() if gains}
    if not found:
        return NOT_MEASURED
    header = list(next(iter(found.values())))
    rows = []
    for name, gains in found.items():
        plain = metrics["rules"][name]["variants"]["float"]["sheets"]["square"]["median loss"]
        rows.append([f"`{name}`", f"{plain:,.0f}", *(f"{gains[gain]:,.0f}" for gain in header)])
    return table(["rule", "float", *(f"8 bits, gain {gain}" for gain in header)], rows)


def quantised_time() -> str:
    """Processor time beside that of the float rule."""
    found = {
        name: entry["times float's processor time"]
        for name, entry in result("quantised_texture").get("rules", {}).items()
        if "times float's processor time" in entry
    }
    if not found:
        return NOT_MEASURED
    header = list(next(iter(found.values())))
    return table(
        ["rollouts in 8 bits, times the processor time in float", *header],
        [[f"`{name}`", *(f"{times[column]:.2f}" for column in header)] for name, times in found.items()],
    )


TABLES: Tables = {
    "quantised_texture": quantised_texture,
    "quantised_gains": quantised_gains,
    "quantised_time": quantised_time,
}
