"""A hollow bone grown from a seed in its cavity: the cells in the middle live, and then they die (Studying Growth).

    python experiments/studying_growth/apoptosis.py        # the shipped rule, half a minute on one core
    python experiments/studying_growth/apoptosis.py --rule runs/growing-bone-64 --cells 7056 \
        --out out/apoptosis_large

Growth starts from one cell in the middle of a picture whose middle is empty. So a disk of tissue grows first, and while
its edge goes on outwards, the inside dies again: nothing but the picture asks the rule to let cells die. Several runs
on the square grid, on hexagons and on three Voronoi meshes.

What is measured is the share of living cells (alpha above 0.1) among those that lie in the cavity of the target, a
pixel from the bone or more, at its highest and at the end.

Written to `--out`:
    figure.webp     one run on every substrate, step by step; living share of the cavity and of the bone over the steps
    animation.webp  the first substrate's run
    metrics.json    every number
    tables.json     the shares on every kind of cells
"""

from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.cavity import cavity_of, cells_in, living_share
from graphnca.evaluation.intervals import rate
from graphnca.evaluation.scores import ALIVE, bounded, rounded, window
from graphnca.evaluation.subject import SIZE, Subject
from graphnca.results.figures import Strips, curves, median_run
from graphnca.results.options import OfRule, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subject_of
from graphnca.results.table import Table
from topologies import by_kind, first_of_each_kind, substrates

GOAL = 0.05  # share of the cavity's cells that may be alive at the end
SHOWN = (8, 16, 24, 32, 48, 64, 96, 500)  # steps of the pictures, as far as the run goes
AROUND = 16  # pixels more than the target has, that are shown
ANIMATED = 120  # steps
FPS = 15


@dataclass(frozen=True, kw_only=True)
class Config(OfRule, OnSubstrates, Options):
    """What the command line can change."""

    rule: str = "growing-bone"
    steps: int = 500
    """Steps of a run."""
    every: int = 4
    """Steps between two looks."""
    seed: int = 3000
    """Of the runs; the meshes have the numbers after it. Nothing is trained or chosen by it."""
    out: str = "out/apoptosis"


def watched(subject: Subject, topology: Data, config: Config) -> tuple[dict[str, Any], dict[int, Tensor]]:
    """The numbers of one substrate, and the states of its median run at every look."""
    target = subject.target
    looks = sorted({*range(0, config.steps + 1, config.every), *(step for step in SHOWN if step <= config.steps)})
    grown = subject.grow(topology, config.runs, looks, config.seed)
    states = {step: bounded(state) for step, state in grown.items()}
    cavity = cells_in(cavity_of(target), topology)
    bone = cells_in(target[3] > ALIVE, topology)
    inside = torch.stack([living_share(states[step], cavity) for step in looks])
    outside = torch.stack([living_share(states[step], bone) for step in looks])
    errors = subject.log_error(states[config.steps], topology).tolist()
    shown = median_run(errors)
    entry = {
        "cells": topology.num_nodes,
        "cells in the cavity": int(cavity.sum()),
        "highest share alive in the cavity": rounded(inside.amax(0), 4),
        "at step": [looks[row] for row in inside.argmax(0).tolist()],
        "share alive in the cavity at the end": rounded(inside[-1], 4),
        "share alive of the bone at the end": rounded(outside[-1], 4),
        "log10 errors at the end": [round(value, 2) for value in errors],
        "curve": {
            "step": looks,
            "cavity": rounded(inside.median(1).values, 4),
            "bone": rounded(outside.median(1).values, 4),
        },
    }
    return entry, {step: state[shown] for step, state in states.items()}


def main(config: Config, result: Result) -> None:
    """Grows, measures and draws."""
    subject = subject_of(config)
    side = min(subject.target.shape[-1], subject.card.get("size", SIZE) + AROUND)
    shown = [step for step in SHOWN if step <= config.steps]
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    entries, runs = {}, {}
    for name, topology in result.progress(topologies.items()):
        entries[name], runs[name] = watched(subject, topology, config)
    result.record({"rule": subject.name, "goal": GOAL, "substrates": entries})
    tiles = [
        (topologies[name], states[step], f"{name}, step {step}" if step == shown[0] else f"step {step}")
        for name, states in runs.items()
        for step in shown
    ]
    first = next(iter(topologies))
    lines = {}
    for name, tissue in [*((name, "cavity") for name in first_of_each_kind(entries)), (first, "bone")]:
        curve = entries[name]["curve"]
        early = [number for number, step in enumerate(curve["step"]) if step <= 2 * ANIMATED]
        lines[f"{tissue}, {name}"] = ([curve["step"][i] for i in early], [curve[tissue][i] for i in early])
    around = partial(window, side=side)
    result.figure(
        Strips(subject, scale=2, window=around, pad=6)(tiles, columns=len(shown)),
        curves({"share of cells alive": lines}, size=(720, 420), x_label="step"),
    )
    canvas = Strips(subject, scale=5, window=around).canvas(topologies[first])
    frames = [canvas.draw(state) for step, state in sorted(runs[first].items()) if step <= ANIMATED]
    result.animation([*frames, *frames[-1:] * FPS], fps=FPS)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The bone's cavity on every kind of cells."""
    rows = []
    for kind, entries in by_kind(metrics["substrates"]).items():

        def of(name: str) -> list[float]:
            return [value for entry in entries for value in entry[name]]  # noqa: B023 (called in this round)

        end = of("share alive in the cavity at the end")
        rows.append(
            [
                kind,
                f"{median(of('highest share alive in the cavity')):.0%}",
                f"{median(of('at step')):.0f}",
                f"{median(end):.1%}",
                f"{max(end):.1%}",
                f"{median(of('share alive of the bone at the end')):.0%}",
                f"{median(of('log10 errors at the end')):.2f}",
                rate(sum(share < metrics["goal"] for share in end), len(end)),
            ]
        )
    last = metrics["config"]["steps"]
    header = ["cells", "cavity alive at most", "at step", f"at step {last}, median", "worst run", "bone alive"]
    return {"cavity": Table([*header, "log10 error", f"runs below {metrics['goal']:.0%}"], rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
