"""One rule at eight angles, and under frames of its own for every cell."""

from statistics import median

from result_tables.markdown import NOT_MEASURED, Tables, results_of_rules, table

PREFIX = "rotated_perception"
EXACT = -7.9  # log10 error below which the painted target is met to the last digit


def rotated_angles() -> str:
    """Every rule on every kind of cells at the eight angles; in brackets the painted target."""
    rows, degrees = [], []
    for name, metrics in results_of_rules(PREFIX).items():
        for sheet, entries in metrics["angles"].items():
            degrees = list(entries)
            cells = []
            for entry in entries.values():
                painted = "exact" if entry["painted"] < EXACT else f"{entry['painted']:.2f}"
                cells.append(f"{entry['median log10 error']:.2f} ({painted})")
            rows.append([f"`{name}`", sheet.split()[0], *cells])
    return table(["rule", "cells", *(f"{angle}°" for angle in degrees)], rows) if rows else NOT_MEASURED


def rotated_fields() -> str:
    """The bent and the twisted patterns."""
    rows = []
    for name, metrics in results_of_rules(PREFIX).items():
        for sheet, fields in metrics["fields"].items():
            lying, straight = (
                f"{median(fields['bent'][key]):.2f}" for key in ("log10 errors as it lies", "log10 errors unbent")
            )
            twisted = f"{median(fields['twisted']['log10 errors as it lies']):.2f}"
            fates = [
                f"{count} {fate}" for field in fields.values() for fate, count in field["fates"].items()
            ]  # of both fields, in their order
            rows.append([f"`{name}`", sheet.split()[0], lying, straight, twisted, ", ".join(fates)])
    header = ["rule", "cells", "bent: as it lies", "bent: unbent", "twisted: as it lies", "runs (bent, twisted)"]
    return table(header, rows) if rows else NOT_MEASURED


TABLES: Tables = {
    "rotated_angles": rotated_angles,
    "rotated_fields": rotated_fields,
}
