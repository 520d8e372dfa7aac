"""Induction, apoptosis and speciation (Studying Growth)."""

from statistics import median
from typing import Any

from result_tables.markdown import NOT_MEASURED, Tables, result, table


def kinds(sheets: dict[str, Any]) -> dict[str, list[Any]]:
    """The entries of a result's sheets by the kind of their cells."""
    found: dict[str, list[Any]] = {}
    for sheet, entry in sheets.items():
        found.setdefault(sheet.split()[0], []).append(entry)
    return found


def verdict(reached: bool) -> str:
    """Whether a goal was reached."""
    return "yes" if reached else "no"


def speciation() -> str:
    """Every flower on every kind of cells."""
    metrics = result("speciation")
    if not metrics:
        return NOT_MEASURED
    rows, moments = [], [f"step {step}" for step in metrics["config"]["steps"]]
    for kind, sheets in kinds(metrics["flowers"]).items():
        for flower in sheets[0]:
            errors = [median(value for sheet in sheets for value in sheet[flower][step]) for step in moments]
            reached = verdict(errors[0] <= metrics["goal"])
            rows.append([flower, kind, *(f"{error:.2f}" for error in errors), reached])
    return table(["flower", "cells", *moments, f"at most {metrics['goal']} at {moments[0]}"], rows)


def speciation_forms() -> str:
    """What was measured of embryos, walks and the tree."""
    metrics = result("speciation")
    if not metrics:
        return NOT_MEASURED
    embryos, forms = metrics["embryos"], metrics["tree"]
    on_walks = [step for walk in metrics["walks"].values() for step in walk]
    flowers = sum(step["log10 error"] <= metrics["goal"] for step in on_walks)
    rows = [
        [
            "distance of the mean colours at steps 10 to 20, relative to that at the end",
            f"{embryos['mean share of the final distance, steps 10 to 20']:.2f}",
        ],
        ["genomes on the walks that grow into one of the flowers", f"{flowers} of {len(on_walks)}"],
        [
            "mixtures of all three that grow into one of the flowers",
            f"{forms['grown into a flower']} of {len(forms['mixtures'])}",
        ],
    ]
    return table(["measure", "value"], rows)


TABLES: Tables = {
    "speciation": speciation,
    "speciation_forms": speciation_forms,
}
