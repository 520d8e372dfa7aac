"""A large flower, 64 pixels on 84x84 cells, from one cell near the foot of its stem (Studying Growth).

    python experiments/studying_growth/large_pattern.py               # the shipped rule, three minutes on one core
    python experiments/studying_growth/large_pattern.py --rule runs/growing-flower-large --ship growing-flower-large

Several runs on the square grid, on hexagons and on three Voronoi meshes of about 7,056 cells, each measured by log10 of
the mean squared error of RGBA on a raster of one pixel per unit, laid so that the seed is where it belongs in the
picture.

Written to `--out`:
    figure.webp     the median run on every substrate, step by step; below, the error against the steps
    animation.webp  the median run on the first substrate
    metrics.json    every number
    tables.json     the median errors on every kind of cells
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

from graphnca.drawing import CellCanvas, draw_curves
from graphnca.evaluation.scores import ALIVE, bounded, window
from graphnca.results.figures import Strips, median_run
from graphnca.results.options import OfRule, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subject_of
from graphnca.results.shipping import ship
from graphnca.results.table import Table
from topologies import by_kind, first_of_each_kind, substrates

LOOKS = (16, 32, 48, 64, 80, 96, 128, 160, 200, 300, 500, 700, 1000, 2000, 5000)  # steps of the curve
SHOWN = (16, 32, 64, 96, 200, 5000)  # steps of the pictures
LISTED = (96, 200, 500, 1000, 5000)  # steps of the table
FRAMES = range(0, 161, 4)  # steps of the animation
MARGIN = 4  # units that are drawn around the picture


@dataclass(frozen=True, kw_only=True)
class Config(OfRule, OnSubstrates, Options):
    """What the command line can change."""

    rule: str = "growing-flower-large"
    """A rule whose card says where its seed lies in which picture."""
    cells: int = 7056
    """Cells of each substrate, about; 7056 are the published 84x84."""
    steps: int = 5000
    """Steps of a run."""
    seed: int = 3000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    ship: str = ""
    """Name to ship the rule under, with these numbers in its card; empty: don't."""
    out: str = "out/large_pattern"


def main(config: Config, result: Result) -> None:
    """Grows, measures and draws."""
    flower = subject_of(config)
    if "seed at" not in flower.card:
        raise SystemExit(f"--rule: expected one trained with --seed-at, the card of {flower.name} lacks 'seed at'.")
    looks = sorted({*(step for step in LOOKS if step < config.steps), config.steps})
    shown = [step for step in SHOWN if step in looks]
    side = flower.card["size"] + MARGIN
    entries: dict[str, Any] = {}
    tiles = []
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    for name, topology in result.progress(topologies.items()):
        states = flower.grow(topology, config.runs, looks, config.seed)
        view, last = flower.view(topology), states[config.steps]
        errors = {step: flower.log_error(states[step], view).tolist() for step in looks}
        entries[name] = {
            "cells": topology.num_nodes,
            "log10 errors": {str(step): [round(error, 2) for error in errors[step]] for step in looks},
            "alive": (last[..., 3] > ALIVE).sum(-1).tolist(),
            "largest |state|": round(float(bounded(last).abs().max()), 2),
        }
        chosen = median_run(errors[config.steps])
        tiles += [(topology, states[step][chosen], f"{name}, step {step}") for step in shown]
    result.record(
        {
            "rule": {
                "channels": flower.rule.num_channels,
                "parameters": sum(parameter.numel() for parameter in flower.rule.parameters()),
            },
            "trained": {
                "iterations": flower.card.get("iterations"),
                "batch": flower.card.get("configuration", {}).get("batch_size"),
            },
            "log10 error of the empty substrate": flower.empty_log_error,
            "substrates": entries,
        }
    )
    lines = {
        name: (looks, [median(errors) for errors in entries[name]["log10 errors"].values()])
        for name in first_of_each_kind(entries)
    }
    curve = draw_curves(lines, log_x=True, dots=True, x_label="step", title="log10 of the mean squared error, median")
    strips = Strips(flower, window=lambda topology: window(topology, side), pad=6)(tiles, columns=len(shown))
    result.figure(strips, curve)
    name, first = next(iter(topologies.items()))
    canvas = CellCanvas(first, scale=4, window=window(first, side))
    chosen = median_run(entries[name]["log10 errors"][str(config.steps)])
    states = flower.grow(first, config.runs, FRAMES, config.seed)
    result.animation([flower.picture(canvas, states[step][chosen]) for step in FRAMES], fps=10)
    if config.ship:
        measured = {"runs on each substrate": config.runs, "seed": config.seed, "sheets": entries}  # as cards call them
        ship(flower, config.ship, measured, strips)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The median error of all runs on each kind of cells, and for how long the rule was trained."""
    kinds = by_kind(metrics["substrates"])
    measured = next(iter(kinds.values()))[0]["log10 errors"]
    steps = [str(step) for step in LISTED if str(step) in measured] or list(measured)[-1:]
    rows = [
        [
            kind,
            *(f"{median(error for entry in entries for error in entry['log10 errors'][step]):.2f}" for step in steps),
        ]
        for kind, entries in kinds.items()
    ]
    caption = f"log10 of the error of an empty substrate: {metrics['log10 error of the empty substrate']:.2f}."
    trained = metrics["trained"]
    if trained["iterations"]:
        caption = f"Trained for {trained['iterations']:,} iterations of batch {trained['batch']}; {caption}"
    return {"errors": Table(["cells", *(f"step {int(step):,}" for step in steps)], rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
