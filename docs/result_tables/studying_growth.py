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


def induction() -> str:
    """Every rule on every kind of cells: the half below the graft, beside the two controls."""
    metrics = result("induction")
    if not metrics:
        return NOT_MEASURED
    last, goal, rows = str(metrics["config"]["steps"]), metrics["goal"], []
    early = next(
        step for step in next(iter(kinds_of(metrics).values()))[0]["graft"]["difference to the eye"] if int(step) >= 25
    )
    for rule, entry in metrics["rules"].items():
        for kind, sheets in kinds(entry["sheets"]).items():
            at = {
                (operation, step): [v for sheet in sheets for v in sheet[operation]["difference to the eye"][step]]
                for operation in ("graft", "sham", "none")
                for step in ("0", early, last)
            }
            reached = sum(value <= goal for value in at["graft", last])
            moved = max(value for sheet in sheets for value in sheet["none"]["change since the operation"])
            rows.append(
                [
                    f"`{short(rule)}`",
                    kind,
                    *(f"{median(at['graft', step]):.3f}" for step in ("0", early, last)),
                    f"{median(at['sham', last]):.3f}",
                    f"{median(at['none', last]):.3f}",
                    f"{moved:.3f}",
                    f"{reached} of {len(at['graft', last])}",
                ]
            )
    header = ["rule", "cells", "graft, +0", f"+{early}", f"+{last}", f"sham, +{last}", f"no graft, +{last}"]
    return table([*header, "largest change there without a graft", f"runs at {goal} or below"], rows)


def kinds_of(metrics: dict[str, Any]) -> dict[str, list[Any]]:
    """The entries of the first rule by kind."""
    return kinds(next(iter(metrics["rules"].values()))["sheets"])


def short(rule: str) -> str:
    """A rule's name, or of a path the folder that its training wrote."""
    parts = rule.removesuffix(".safetensors").split("/")
    return parts[-2] if len(parts) > 1 and parts[-1] == "rule" else parts[-1]


def induction_goal() -> str:
    """The goal of the issue beside what was measured on squares."""
    metrics = result("induction")
    if not metrics:
        return NOT_MEASURED
    (square,) = kinds_of(metrics)["square"]
    last, goal = str(metrics["config"]["steps"]), metrics["goal"]
    induced = median(square["graft"]["difference to the eye"][last])
    change = max(square["none"]["change since the operation"])
    rows = [
        [
            "colour difference of the induced half to the eye, median",
            f"at most {goal}",
            f"{induced:.3f}",
            verdict(induced <= goal),
        ],
        ["largest change there without a graft", "nothing (at most 0.05)", f"{change:.3f}", verdict(change <= 0.05)],
    ]
    return table(["measure, on squares", "goal", "measured", "reached"], rows)


def apoptosis() -> str:
    """The bone's cavity on every kind of cells."""
    metrics = result("apoptosis")
    if not metrics:
        return NOT_MEASURED
    rows = []
    for kind, sheets in kinds(metrics["sheets"]).items():
        together = {
            name: [value for sheet in sheets for value in sheet[name]]
            for name in sheets[0]
            if isinstance(sheets[0][name], list)
        }
        end = together["share alive in the cavity at the end"]
        rows.append(
            [
                kind,
                f"{median(together['highest share alive in the cavity']):.0%}",
                f"{median(together['at step']):.0f}",
                f"{median(end):.1%}",
                f"{max(end):.1%}",
                f"{median(together['share alive of the bone at the end']):.0%}",
                f"{median(together['log10 errors at the end']):.2f}",
                verdict(max(end) < metrics["goal"]),
            ]
        )
    last = metrics["config"]["steps"]
    header = ["cells", "cavity alive at most", "at step", f"at step {last}, median", "worst run", "bone alive"]
    return table([*header, "log10 error", f"all below {metrics['goal']:.0%}"], rows)


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
    "induction": induction,
    "induction_goal": induction_goal,
    "apoptosis": apoptosis,
    "speciation": speciation,
    "speciation_forms": speciation_forms,
}
