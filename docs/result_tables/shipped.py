"""The shipped rules: how they were trained, how well the lizard transfers."""

import json
from statistics import median
from typing import Any

from graphnca.rules import describe_rule, shipped_rules
from result_tables.markdown import ROOT, Tables, table


def transfer() -> str:
    """The shipped lizard on every substrate."""
    sheets = describe_rule("isonca-lizard")["card"]["measured"]["sheets"]
    rows = []
    for name, numbers in sheets.items():
        early, late = numbers["step 1000"], numbers["step 3000"]
        gone = sum(late["verdicts"].get(word, 0) for word in ("died", "exploded"))
        rows.append(
            [
                name,
                f"{numbers['cells']:,}",
                f"{early['median loss']:.2f}",
                ", ".join(f"{loss:.1f}" for loss in early["losses"]),
                f"{median(early['alive']):.0f}",
                f"{late['median loss']:.2f}",
                gone,
            ]
        )
    header = ["substrate", "cells", "median at step 1000", "the five runs", "living cells", "median at step 3000"]
    return table([*header, "died or exploded by 3000"], rows)


def published() -> str:
    """The published lizard through the main job, where its results are kept."""
    metrics = json.loads((ROOT / "docs/results/published_lizard/metrics.json").read_text(encoding="utf-8"))
    rows = [
        [
            name,
            f"{entry['cells']:,}",
            f"{entry['median loss']:.2f}",
            ", ".join(f"{run['loss']:.1f}" for run in entry["runs"]),
            f"{median(run['alive'] for run in entry['runs']):.0f}",
        ]
        for name, entry in metrics["substrates"].items()
    ]
    return table(["substrate", "cells", "median at step 1000", "the five runs", "living cells"], rows)


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
                parts[-1]["substrate"],
                f"{sum(part['iterations'] for part in parts):,}",
                f"{sum(part['hours'] for part in parts):.2f}",
                "<br>".join(f"`{part['trained by']}`" for part in parts),
            ]
        )
    return table(["rule", "parameters", "trained on", "iterations", "hours", "commands, one a stage"], rows)


def shipped() -> str:
    """Every shipped rule: what it grows, from what, and how well on each kind of cells."""
    rows = []
    for name in shipped_rules():
        card = describe_rule(name)["card"]
        measured = card["measured"]
        empty = measured["loss of the empty sheet"]
        losses: dict[str, list[float]] = {}
        for sheet, numbers in measured["sheets"].items():
            losses.setdefault(sheet.split()[0], []).extend(numbers["step 1000"]["losses"])
        seed = "several points" if card.get("seed") == "structured" else "one cell"
        kinds = card["substrate"].rpartition(": ")[2] if ": " in card["substrate"] else "square"
        trained = ", ".join(dict.fromkeys(kinds.split(",")))
        shares = [f"{median(values) / empty:.3f}" for values in losses.values()]
        rows.append([f"`{name}`", card["target"], seed, trained, *shares])
    return table(["rule", "grows", "from", "trained on", "square", "hex", "Voronoi"], rows)


def rule_pictures() -> str:
    """The picture of every shipped rule."""
    return "\n\n".join(f"![Runs of {name} at steps 1,000 and 3,000](rules/{name}.png)" for name in shipped_rules())


TABLES: Tables = {
    "shipped": shipped,
    "rule_pictures": rule_pictures,
    "transfer": transfer,
    "rules": rules,
    "published": published,
}
