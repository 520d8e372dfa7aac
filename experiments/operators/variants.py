"""Width and ridge of the fit, on rules and meshes that no other table of operators contains.

    python experiments/operators/variants.py --threads 1            # six minutes on one core

The fit minimises the error for a Gaussian of some width plus a ridge on its coefficients (`topologies.fit`). Here both
are varied: four rules grow on four Voronoi meshes, three runs on each, with every pair; the rules are shipped ones that
the results of `transfer.py` are not judged by, the meshes have seeds of their own. Measured as there.

Written to `--out`:
    figure.webp     medians against the ridge, a line for each width
    metrics.json    every run
    tables.json     medians with the worst run
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

from meter import Meter

from graphnca.results.figures import curves
from graphnca.results.options import OfRules, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subjects_of
from graphnca.results.table import Table
from topologies import substrate, with_operators


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, Options):
    """What the command line can change."""

    rule: tuple[str, ...] = (
        "growing-lizard-persistent",
        "growing-lizard-hardened",
        "isonca-lizard-any",
        "isonca-spiderweb",
    )
    """Shipped rules, or files of rules."""
    widths: tuple[float, ...] = (0.7, 0.8, 1.0)
    """Of the Gaussian, in units."""
    ridges: tuple[float, ...] = (1e-3, 3e-3, 1e-2, 3e-2)
    steps: tuple[int, ...] = (500, 2000)
    """Steps after which runs are looked at; isotropic rules at twice the first instead of the first."""
    size: int = 64
    """Units on a side of each substrate."""
    meshes: int = 4
    runs: int = 3
    """Runs on each mesh."""
    seed: int = 8100
    """Of the runs; the meshes have the numbers after it."""
    out: str = "out/operators_variants"


def main(config: Config, result: Result) -> None:
    """Rule by rule, pair by pair."""
    square = substrate("square", config.size)
    meshes = [substrate("voronoi", config.size, seed=config.seed + number) for number in range(1, config.meshes + 1)]
    pairs = [(width, ridge) for width in config.widths for ridge in config.ridges]
    seen = {pair: [with_operators(mesh, "fitted", width=pair[0], ridge=pair[1]) for mesh in meshes] for pair in pairs}
    rules: dict[str, Any] = {}
    for subject in result.progress(subjects_of(config, "upright"), "rule"):
        meter = Meter(subject, square, config.steps)
        found = {}
        for (width, ridge), topologies in seen.items():
            errors: dict[str, list[float]] = {str(step): [] for step in meter.steps}
            for topology in topologies:
                for step, states in subject.grow(topology, config.runs, meter.steps, config.seed).items():
                    errors[str(step)] += meter(states, topology, step)["error"]
            found[f"{width:g}, {ridge:g}"] = errors
        rules[subject.name] = found
        result.record({"rules": rules})
    plots = {
        name: {
            f"width {width:g}": (
                list(config.ridges),
                [median(next(iter(found[f"{width:g}, {ridge:g}"].values()))) for ridge in config.ridges],
            )
            for width in config.widths
        }
        for name, found in rules.items()
    }
    result.figure(curves(plots, columns=2, log_x=True, dots=True))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Medians with the worst, a row for each pair."""
    rules = metrics["rules"]
    heads = [f"`{name}`, {int(step):,}" for name, found in rules.items() for step in next(iter(found.values()))]
    rows = []
    for pair in next(iter(rules.values())):
        width, ridge = pair.split(", ")
        values = [errors for found in rules.values() for errors in found[pair].values()]
        rows.append([width, ridge, *(f"{median(errors):.4f} ({max(errors):.4f})" for errors in values)])
    return {"variants": Table(["width", "ridge", *heads], rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
