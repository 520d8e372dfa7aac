"""Textures whose halves live at different speeds."""

from statistics import median

from result_tables.markdown import NOT_MEASURED, Tables, results_of_rules, table

PREFIX = "texture_speeds"


def texture_speeds() -> str:
    """The loss of the whole in times of the undisturbed one; in brackets that of the slow half by the fast one's."""
    rows = []
    for name, metrics in results_of_rules(PREFIX).items():
        for sheet, ways in metrics["sheets"].items():
            values = []
            for way in ("firing", "clock"):
                fast, slow = (median(ways[way][part][-1]) for part in ("left", "right"))
                values.append(f"{ways[way]['times undisturbed']:.2f} ({slow / fast:.2f})")
            undisturbed = ways["undisturbed"]
            spread = max(undisturbed["whole"]) / min(undisturbed["whole"])
            rows.append([f"`{name}`", sheet.split()[0], f"{undisturbed['median loss']:,.0f}", f"{spread:.2f}", *values])
    header = ["rule", "cells", "undisturbed loss", "its largest / smallest run", "firing", "clock"]
    return table(header, rows) if rows else NOT_MEASURED


def features() -> str:
    """What saw the pictures."""
    told = sorted({metrics["features"] for metrics in results_of_rules(PREFIX).values()})
    return f"Seen by: {'; '.join(told)}." if told else NOT_MEASURED


TABLES: Tables = {
    "texture_speed_features": features,
    "texture_speeds": texture_speeds,
}
