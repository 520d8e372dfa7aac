"""The shipped rules: how they were trained, how well the lizard transfers."""

import re
from collections.abc import Callable
from statistics import median
from typing import Any

from graphnca.evaluation.intervals import rate, with_quartiles
from graphnca.results.table import Table
from graphnca.rules import describe_rule, shipped_rules

HALF = " half cut at 200"  # in the cards, behind the name of the half
MORE_MESHES = "errors to its own square pattern on more meshes"  # in the cards of rules that grow upright
SHIPPED_BY = re.compile(r"/ship(_\w+)?\.py ")  # the script, or one of the three before it
MEASURED_BY = {
    "isotropic": "loss of the empty sheet",
    "upright": "log10 error of the empty sheet",
    "texture": "times square",
}
"""What no other kind's card has."""
ON_PURPOSE = {"naive": ", which was never taught to stop, and dissolves as it is meant to"}
"""What is said beside a picture of patterns that are to go wrong, by the rule's regime."""


def transfer() -> str:
    """The shipped lizard on every substrate."""
    measured = describe_rule("isonca-lizard")["card"]["measured"]
    empty = measured["loss of the empty sheet"]
    rows = []
    for name, numbers in measured["sheets"].items():
        early, late = numbers["step 1000"], numbers["step 3000"]
        found = late.get("fates", {})
        rows.append(
            [
                name,
                f"{numbers['cells']:,}",
                f"{early['median loss'] / empty:.3f}",
                ", ".join(f"{loss / empty:.3f}" for loss in early["losses"]),
                f"{median(early['alive']):.0f}",
                f"{late['median loss'] / empty:.3f}",
                rate(found.get("whole", 0), sum(found.values())) if found else "not measured",
            ]
        )
    header = ["substrate", "cells", "median at step 1000", "the five runs", "living cells", "median at step 3000"]
    caption = f"Loss: {measured['loss']}, as a share of an empty substrate's."
    return Table([*header, "whole at step 3000"], rows, caption).markdown()


def stages(card: dict[str, Any]) -> list[dict[str, Any]]:
    """The cards of a rule's training stages, the first one first."""
    before = card.get("started from")
    return [*(stages(before) if before else []), card]


def rules() -> str:
    """Every shipped rule with what its card says of its training."""
    rows = []
    for name in shipped_rules():
        description = describe_rule(name)
        parts = stages(description["card"])
        rows.append(
            [
                f"`{name}`",
                f"{description['parameters']:,}",
                parts[-1].get("substrate", "square"),
                f"{sum(part['iterations'] for part in parts):,}",
                f"{sum(part['hours'] for part in parts):.2f}",
                "<br>".join(f"`{part['trained by']}`" for part in parts),
            ]
        )
    return Table(["rule", "parameters", "trained on", "iterations", "hours", "commands, one a stage"], rows).markdown()


def measured_by(kind: str) -> dict[str, dict[str, Any]]:
    """The cards of the shipped rules that `experiments/ship.py` has measured by what a kind is measured by, by name."""
    cards = {name: describe_rule(name)["card"] for name in shipped_rules()}
    found = {name: card.get("measured", {}) for name, card in cards.items()}
    by_ship = {name: numbers for name, numbers in found.items() if SHIPPED_BY.search(numbers.get("by", ""))}
    return {name: cards[name] for name, numbers in by_ship.items() if MEASURED_BY[kind] in numbers}


def trained_on(card: dict[str, Any]) -> str:
    """The kinds of cells of a rule's training."""
    kinds = card["substrate"].rpartition(": ")[2] if ": " in card["substrate"] else "square"
    return ", ".join(dict.fromkeys(kinds.split(",")))


def by_kind(substrates: dict[str, dict[str, Any]], moment: str, numbers: str) -> dict[str, list[float]]:
    """Numbers of all runs on each kind of cells."""
    found: dict[str, list[float]] = {}
    for substrate, entry in substrates.items():
        found.setdefault(substrate.split()[0], []).extend(entry[moment].get(numbers, []))
    return found


def shipped() -> str:
    """Every shipped isotropic rule: what it grows, from what, and how well on each kind of cells."""
    rows = []
    for name, card in measured_by("isotropic").items():
        measured = card["measured"]
        empty = measured["loss of the empty sheet"]
        losses = by_kind(measured["sheets"], "step 1000", "losses")
        seed = {"structured": "several points", "pair": "two cells"}.get(card.get("seed", ""), "one cell")
        shares = [with_quartiles([value / empty for value in values], 3) for values in losses.values()]
        rows.append([f"`{name}`", card["target"], seed, trained_on(card), *shares])
    return Table(["rule", "grows", "from", "trained on", "square", "hex", "Voronoi"], rows).markdown()


def shipped_growing() -> str:
    """Every shipped rule of Growing NCA's kind: its regime, and how near its target on each kind of cells."""
    rows = []
    for name, card in measured_by("upright").items():
        substrates = card["measured"]["sheets"]
        errors = [
            f"{median(values):.2f}" if moment == "step 500" else with_quartiles(values)
            for moment in ("step 500", "step 2000")
            for values in by_kind(substrates, moment, "log10 errors").values()
        ]
        walked = [
            f"{median(values):.2f}" if values else "not measured"
            for values in by_kind(substrates, "step 2000", "log10 errors where it lies").values()
        ]
        halves = [key for key in substrates["square"] if key.endswith(HALF)]
        healed = {key.removesuffix(HALF): median(substrates["square"][key]["100 steps later"]) for key in halves}
        regime = [f"`{name}`", card["target"], card["regime"], trained_on(card)]
        rows.append([*regime, *errors, *walked, ", ".join(f"{half} {error:.2f}" for half, error in healed.items())])
    moments = [f"{kind}, {step}" for step in ("500", "2,000") for kind in ("square", "hex", "Voronoi")]
    moments += [f"{kind}, 2,000, where it lies" for kind in ("square", "hex", "Voronoi")]
    header = ["rule", "grows", "regime", "trained on", *moments, "square, 100 after losing a half"]
    return Table(header, rows).markdown()


def growing_meshes() -> str:
    """Shipped rules on many meshes: how far they are from what they are on squares."""
    rows = []
    moments: list[str] = []
    for name, card in measured_by("upright").items():
        found = card["measured"].get(MORE_MESHES, {})
        if found:
            moments = list(found)
            summary = [
                f"{entry['median']:.4f} ({entry['errors'][0]:.4f} to {entry['errors'][-1]:.4f})"
                for entry in found.values()
            ]
            rows.append([f"`{name}`", trained_on(card), *summary])
    return Table(["rule", "trained on", *moments], rows).markdown()


def limits() -> str:
    """What every shipped rule can't do."""
    rows = [[f"`{name}`", describe_rule(name)["card"]["limits"]] for name in shipped_rules()]
    return Table(["rule", "what it can't do"], rows).markdown()


def rule_pictures() -> str:
    """The picture of every shipped rule."""
    shown = []
    for name in shipped_rules():
        said = ON_PURPOSE.get(describe_rule(name)["card"].get("regime", ""), "")
        shown.append(f"`{name}`{said}:\n\n![Runs of {name}](rules/{name}.webp)")
    return "\n\n".join(shown)


TABLES: dict[str, Callable[[], str]] = {
    "shipped": shipped,
    "shipped_growing": shipped_growing,
    "growing_meshes": growing_meshes,
    "limits": limits,
    "rule_pictures": rule_pictures,
    "transfer": transfer,
    "rules": rules,
}
