"""Textures that a border of new cells was added to."""

from result_tables.markdown import NOT_MEASURED, Tables, results_of_rules, table

PREFIX = "texture_border"


def texture_border() -> str:
    """The loss of the whole in times of the undisturbed one, by steps since the border came."""
    rows, moments = [], []
    for name, metrics in results_of_rules(PREFIX).items():
        for sheet, entry in metrics["sheets"].items():
            ratios = entry["times undisturbed"]
            moments = list(ratios)
            rows.append([f"`{name}`", sheet.split()[0], *(f"{ratio:.2f}" for ratio in ratios.values())])
    return table(["rule", "cells", *(f"step {moment}" for moment in moments)], rows) if rows else NOT_MEASURED


def texture_core() -> str:
    """How much the core changed after the border came, beside one that was left alone."""
    rows = []
    for name, metrics in results_of_rules(PREFIX).items():
        for sheet, entry in metrics["sheets"].items():
            change = entry["change of the core"]
            values = (f"{change[part]:.3f} ({change[f'{part}, alone']:.3f})" for part in ("middle", "rim"))
            rows.append([f"`{name}`", sheet.split()[0], *values])
    return table(["rule", "cells", "middle (left alone)", "rim (left alone)"], rows) if rows else NOT_MEASURED


def features() -> str:
    """What saw the pictures."""
    told = sorted({metrics["features"] for metrics in results_of_rules(PREFIX).values()})
    return f"Seen by: {'; '.join(told)}." if told else NOT_MEASURED


TABLES: Tables = {
    "texture_border_features": features,
    "texture_border": texture_border,
    "texture_core": texture_core,
}
