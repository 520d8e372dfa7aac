"""From a single cell: unfolding, evolution, landscape."""

from result_tables.markdown import NOT_MEASURED, Tables, result, table


def landscape() -> str:
    """The targets against their turned and mirrored selves, for every set of auxiliary channels."""
    rows = []
    for target, sets in result("isonca_landscape").get("targets", {}).items():
        for name, entry in sets.items():
            values = [entry["half turn"]["loss"], entry["halfway to the half turn"]]
            values += [entry["best mirror image"], entry["halfway to the mirror image"], entry["median"]]
            valley = entry["deepest valley"]
            words = f"{valley['angle']:.0f}°, {valley['barrier']:.3f}" if valley else "none"
            rows.append([target, name, *(f"{value:.3f}" for value in values), words])
    header = ["target", "auxiliary channels", "half turn", "halfway to it", "best mirror image", "halfway to it"]
    return table([*header, "median angle", "deepest valley: angle, barrier"], rows) if rows else NOT_MEASURED


def landscape_symmetry() -> str:
    """How symmetric the patterns of rules are that were trained without and with an auxiliary channel."""
    symmetry = result("isonca_landscape").get("symmetry")
    if symmetry is None:
        return NOT_MEASURED
    rows = [
        [f"the target itself, {name}", *(f"{score[kind]:.2f}" for kind in ("half turn", "mirror image")), "", ""]
        for name, score in symmetry["target"].items()
    ]
    for name, entry in symmetry["rules"].items():
        scores = []
        for kind in ("half turn", "mirror image"):
            known = [run[kind] for run in entry["runs"] if run[kind] is not None]
            listed = ", ".join(f"{value:.2f}" for value in known)
            scores.append(f"{entry[f'median {kind}']:.2f} ({listed})" if known else "nothing grown")
        rows.append([name, *scores, f"{entry['iterations']:,}", f"`{entry['trained by']}`"])
    return table(["rule", "half turn: median (runs)", "mirror image", "iterations", "trained by"], rows)


TABLES: Tables = {
    "landscape": landscape,
    "landscape_symmetry": landscape_symmetry,
}
