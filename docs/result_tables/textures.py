"""The shipped textures: how each was trained, and how well it holds on other cells, from their cards."""

from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from graphnca.evaluation.intervals import resampled
from graphnca.results.table import Table
from result_tables.shipped import by_kind, measured_by, trained_on


def textures() -> dict[str, dict[str, Any]]:
    """The cards of the shipped textures by name."""
    return measured_by("texture")


def shipped_textures() -> str:
    """The loss of every shipped texture on each kind of cells, at both steps."""
    rows = []
    for name, card in textures().items():
        measured = card["measured"]
        pieces = measured["scale"]["pieces of the template"]
        row = [f"`{name}`", trained_on(card), f"{min(pieces):,.0f} to {max(pieces):,.0f}"]
        for step, ratios in measured["times square"].items():
            losses = by_kind(measured["sheets"], step, "losses")
            row.append(f"{median(losses['square']):,.0f}")
            for kind in ("hex", "voronoi"):
                worst = max((name for name in ratios if name.startswith(kind)), key=ratios.__getitem__)
                row.append(times(measured["sheets"][worst][step]["losses"], losses["square"]))
        rows.append(row)
    steps = [step.removeprefix("step ") for step in next(iter(textures().values()))["measured"]["times square"]]
    header = ["rule", "trained on", "pieces of the template"]
    for step in steps:
        header += [f"square, {int(step):,}", "hex", "worst of the meshes"]
    return Table(header, rows).markdown()


def times(losses: list[float], square: list[float]) -> str:
    """How many times the median loss on squares another one is, with the interval of that ratio."""
    one, other = np.array(losses), np.array(square)
    low, high = resampled(
        lambda drawn: float(np.median(one[drawn[0]]) / np.median(other[drawn[1]])), [len(one), len(other)]
    )
    return f"{median(losses) / median(square):.2f} ({low:.2f} to {high:.2f})"


def template_on_cells() -> str:
    """What the template itself costs on each kind of cells, next to what the rule makes there."""
    rows = []
    for name, card in textures().items():
        found: dict[str, list[tuple[float, float]]] = {}
        for substrate, entry in card["measured"]["sheets"].items():
            pair = entry.get("the template on these cells"), entry["step 500"]["median loss"]
            found.setdefault(substrate.split()[0], []).append(pair)
        if any(shown is None for pairs in found.values() for shown, _ in pairs):
            continue
        rows.append([f"`{name}`", *(f"{median(v):,.0f}" for pairs in found.values() for v in zip(*pairs, strict=True))])
    header = [f"{kind}, {what}" for kind in ("square", "hex", "Voronoi") for what in ("template", "rule")]
    return Table(["texture", *header], rows).markdown()


def texture_features() -> str:
    """Which features saw the in training and in the measurement."""
    rows = [
        [f"`{name}`", card["features"], card["measured"]["features"], card["statistic"]]
        for name, card in textures().items()
    ]
    return Table(["rule", "trained with", "measured with", "statistic"], rows).markdown()


def texture_pictures() -> str:
    """The picture of every shipped texture."""
    shown = [f"`{name}`:\n\n![{name} on five substrates, at both steps](rules/{name}.webp)" for name in textures()]
    return "\n\n".join(shown)


TABLES: dict[str, Callable[[], str]] = {
    "shipped_textures": shipped_textures,
    "template_on_cells": template_on_cells,
    "texture_features": texture_features,
    "texture_pictures": texture_pictures,
}
