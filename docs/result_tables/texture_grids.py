"""Textures on hexagons and meshes, and with other gradients."""

from statistics import median
from typing import Any

from result_tables.markdown import NOT_MEASURED, Tables, results_of_rules, table

PREFIX = "texture_grids"
WAYS = {"law": "law", "corrected": "corrected only", "raw": "raw sums"}


def steps_of(metrics: dict[str, Any]) -> list[str]:
    """The moments that were measured, as they are called."""
    return list(metrics["times square"])


def told(step: str) -> str:
    """A moment as a heading has it."""
    return f"step {int(step.removeprefix('step ')):,}"


def grids() -> str:
    """Every texture: the loss on squares, and how many times that the other sheets have, at every moment."""
    rows: list[list[Any]] = []
    sheets: list[str] = []
    for name, metrics in results_of_rules(PREFIX).items():
        sheets = [sheet for sheet in metrics["sheets"] if sheet != "square"]
        for step, ratios in metrics["times square"].items():
            square = metrics["sheets"]["square"][step]
            spread = f"{min(square['losses']):,.0f} to {max(square['losses']):,.0f}"
            row = [f"`{name}`", told(step), f"{square['median loss']:,.0f}", spread]
            met = sum(ratio <= metrics["goal"]["at most"] for ratio in ratios.values())
            rows.append([*row, *(f"{ratios[sheet]:.2f}" for sheet in sheets), f"{met} of {len(ratios)}"])
    if not rows:
        return NOT_MEASURED
    header = ["rule", "at", "loss on the square torus", "of single runs", *(f"{sheet}, times" for sheet in sheets)]
    return table([*header, "at most 1.25"], rows)


def coarse() -> str:
    """The ratios seen at two units a pixel."""
    rows: list[list[Any]] = []
    sheets: list[str] = []
    for name, metrics in results_of_rules(PREFIX).items():
        for step, ratios in metrics.get("times square at 2 units a pixel", {}).items():
            sheets = list(ratios)
            met = sum(ratio <= metrics["goal"]["at most"] for ratio in ratios.values())
            square = metrics["sheets"]["square"][step]["median loss at 2 units a pixel"]
            row = [f"`{name}`", told(step), f"{square:,.0f}", *(f"{ratio:.2f}" for ratio in ratios.values())]
            rows.append([*row, f"{met} of {len(ratios)}"])
    header = ["rule", "at", "loss on the square torus", *(f"{sheet}, times" for sheet in sheets), "at most 1.25"]
    return table(header, rows) if rows else NOT_MEASURED


def scale() -> str:
    """What losses are to be read by: pieces of the template, and its mean colour; and whose eyes saw it."""
    rows = []
    for name, metrics in results_of_rules(PREFIX).items():
        pieces = metrics["scale"]["pieces of the template"]
        corners = f"{min(pieces):,.0f} to {max(pieces):,.0f}"
        row = [f"`{name}`", metrics["compared with"], metrics["trained on"], corners]
        rows.append([*row, f"{metrics['scale']['one colour']:,.0f}", metrics["features"]])
    header = ["rule", "compared with", "trained on", "pieces of the template", "its mean colour", "features"]
    return table(header, rows) if rows else NOT_MEASURED


def floors() -> str:
    """On every sheet: the texture's loss at the first moment, by that of the template itself on the same cells."""
    rows: list[list[Any]] = []
    sheets: list[str] = []
    for name, metrics in results_of_rules(PREFIX).items():
        first, sheets = steps_of(metrics)[0], list(metrics["sheets"])
        entries = metrics["sheets"].values()
        rows.append([f"`{name}`", *(told_floor(entry, first) for entry in entries)])
    return table(["rule", *sheets], rows) if rows else NOT_MEASURED


def told_floor(entry: dict[str, Any], step: str) -> str:
    """The two losses on one sheet, and their ratio."""
    floor = entry.get("the template on these cells")
    loss = entry[step]["median loss"]
    return "" if floor is None else f"{loss:,.0f} / {floor:,.0f} = {loss / floor:.2f}"


def ways() -> str:
    """Every texture in every way to perceive a gradient: hexagons, and the median over the meshes."""
    rows = []
    for name, metrics in results_of_rules(PREFIX).items():
        first = steps_of(metrics)[0]
        square = metrics["sheets"]["square"][first]["median loss"]
        row = [f"`{name}`"]
        for kind in ("hex", "voronoi"):
            for way in WAYS:
                losses = [
                    entry["median loss"] for sheet, entry in metrics["ways"][way].items() if sheet.startswith(kind)
                ]
                row += [f"{median(losses) / square:.2f}"] if losses else []
        rows.append(row)
    header = [
        "rule",
        *(f"hexagons, {WAYS[way]}" for way in ("law", "corrected")),
        *(f"meshes, {way}" for way in WAYS.values()),
    ]
    return table(header, rows) if rows else NOT_MEASURED


TABLES: Tables = {
    "texture_grids": grids,
    "texture_grids_coarse": coarse,
    "texture_grids_scale": scale,
    "texture_grids_floors": floors,
    "texture_grids_ways": ways,
}
