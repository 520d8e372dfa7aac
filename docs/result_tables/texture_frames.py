"""Textures under turned frames."""

from result_tables.markdown import NOT_MEASURED, Tables, results_of_rules, table

PREFIX = "texture_frames"


def oriented() -> dict[str, dict]:
    """The published results of the rules that have a direction."""
    return {name: metrics for name, metrics in results_of_rules(PREFIX).items() if metrics["has a direction"]}


def texture_directions() -> str:
    """How much of a direction each texture has under straight frames, and what is made of it."""
    rows = []
    for name, metrics in results_of_rules(PREFIX).items():
        straight = metrics["straight"]
        told = f"repeats after 1/{straight['square']['symmetry']} turn" if metrics["has a direction"] else "left out"
        rows.append([f"`{name}`", *(f"{entry['anisotropy']:.2f}" for entry in straight.values()), told])
    return table(["rule", "square", "hex", "voronoi", ""], rows) if rows else NOT_MEASURED


def texture_angles() -> str:
    """The worst of the runs at each angle, and whether that is within the goal."""
    rows, degrees = [], []
    for name, metrics in oriented().items():
        for sheet, entries in metrics["angles"].items():
            degrees = list(entries)
            worst = max(entry["largest degrees off"] for entry in entries.values())
            values = (max(entry["degrees off"], key=abs) for entry in entries.values())
            met = "yes" if worst <= metrics["goal, degrees"] else "no"
            rows.append([f"`{name}`", sheet.split()[0], *(f"{value:+.1f}°" for value in values), met])
    header = ["rule", "cells", *(f"{angle}°" for angle in degrees), "all within 5°"]
    return table(header, rows) if rows else NOT_MEASURED


def texture_fields() -> str:
    """The median over even windows, the share of them within the goal, and the sheet as a whole."""
    rows, fields = [], []
    for name, metrics in oriented().items():
        for sheet, entries in metrics["fields"].items():
            fields, values = list(entries), []
            for entry in entries.values():
                off, share = entry["median |degrees off|, even windows"], entry["share within goal, even windows"]
                local = "no even window" if off is None else f"{off:.1f}° ({share:.0%})"
                values.append(f"{local}; {abs(entry['degrees off, whole sheet']):.1f}°")
            rows.append([f"`{name}`", sheet.split()[0], *values])
    return table(["rule", "cells", *fields], rows) if rows else NOT_MEASURED


TABLES: Tables = {
    "texture_directions": texture_directions,
    "texture_angles": texture_angles,
    "texture_fields": texture_fields,
}
