"""The upper half of a newt's eye, grafted on its flank, makes the tissue below it a lower half (Studying Growth).

    python experiments/studying_growth/induction.py          # the shipped rule, a minute on one core
    python experiments/studying_growth/induction.py --rule growing-newt runs/growing-newt-plain

A newt grows for 150 steps. Then the bright upper half of its eye, all channels of all its cells, is copied onto its own
flank and frozen; the rest of the newt goes on as before. Spemann's induction, as in the article: within 25 to 50 steps
the tissue below the graft becomes the dark lower half. Two runs with the same random numbers stand beside it: one
without a graft, and one with a frozen piece of the flank itself in the same place (a sham operation). In neither may
anything appear. Several runs on the square grid, on hexagons and on three Voronoi meshes. Of several rules, the first
is the one that is drawn; the others are measured beside it.

What is measured is the mean over pixels and colours of the absolute difference between the half below the graft and the
lower half of the same newt's own eye.

Written to `--out`:
    figure.webp     grafted, sham and control, before and after, on every substrate; the flank step by step; the
                    difference against the steps since the operation
    animation.webp  the first substrate's newt with its second eye
    metrics.json    every number
    tables.json     the difference on every kind of cells, and the goals
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from graphnca import trajectory
from graphnca.evaluation.anatomy import Anatomy
from graphnca.evaluation.induction import change_below, difference_to_eye
from graphnca.evaluation.intervals import below, median_interval, rate
from graphnca.evaluation.scores import rounded, window
from graphnca.evaluation.subject import PADDING, SIZE, Subject
from graphnca.graft import graft
from graphnca.layers import NCAConv
from graphnca.regions import FROZEN, GROWING
from graphnca.results.figures import Strips, curves, median_run
from graphnca.results.options import OfRules, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subjects_of
from graphnca.results.table import Table
from topologies import by_kind, first_of_each_kind, substrates

OPERATED_AT = 150  # steps (Studying Growth)
OPERATIONS = ("graft", "sham", "none")
GOAL = 0.1  # mean colour difference to the true eye
NOTHING = 0.05  # change there without a graft that counts as none
EARLY = 25  # steps, of the table
TO_EYE, CHANGE = "difference to the eye", "change since the operation"


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnSubstrates, Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("growing-newt",)
    runs: int = 8
    steps: int = 50
    """Steps after the operation."""
    every: int = 5
    """Steps between two looks; the steps must be a multiple of it."""
    seed: int = 4000
    """Of the runs; the meshes have the numbers after it. Nothing is trained or chosen by it."""
    out: str = "out/induction"


@torch.no_grad()
def operated(
    rule: NCAConv, newts: Float[Tensor, "b n c"], topology: Data, anatomy: Anatomy, operation: str, config: Config
) -> dict[int, Float[Tensor, "b n c"]]:
    """Newts after an operation, by the steps since: at once, and every so many steps."""
    tissue = anatomy.upper_half(topology)
    after, covered = graft(newts, topology, tissue, anatomy.shift)
    if operation == "sham":
        after = newts
    elif operation == "none":
        after, covered = newts, torch.zeros_like(covered)
    recorded = trajectory(
        rule,
        after,
        topology,
        config.steps,
        record=range(0, config.steps + 1, config.every),
        regularisers=False,
        regions=torch.where(covered, FROZEN, GROWING),
        generator=torch.Generator().manual_seed(config.seed + 1),
    )
    return recorded.states


def measured_on(
    subject: Subject, topology: Data, anatomy: Anatomy, config: Config
) -> tuple[dict[str, Any], dict[str, dict[int, Tensor]]]:
    """The numbers of one substrate, and the states of the run in the middle: by operation and steps since."""
    newts = subject.grow(topology, config.runs, (OPERATED_AT,), config.seed)[OPERATED_AT]
    states = {name: operated(subject.rule, newts, topology, anatomy, name, config) for name in OPERATIONS}
    entry: dict[str, Any] = {"cells": topology.num_nodes}
    for name, recorded in states.items():
        differences = {step: difference_to_eye(state, newts, topology, anatomy) for step, state in recorded.items()}
        entry[name] = {
            TO_EYE: {str(step): rounded(values, 3) for step, values in differences.items()},
            CHANGE: rounded(change_below(recorded[0], recorded[config.steps], topology, anatomy), 3),
        }
    shown = median_run(entry["graft"][TO_EYE][str(config.steps)])
    return entry, {name: {step: state[shown] for step, state in recorded.items()} for name, recorded in states.items()}


def draw(
    subject: Subject,
    runs: dict[str, dict[str, dict[int, Tensor]]],
    topologies: dict[str, Data],
    anatomy: Anatomy,
    lines: dict[str, Any],
    result: Result,
) -> None:
    """The pictures of one rule, of the run in the middle on every substrate."""
    first = next(iter(topologies))
    steps = sorted(runs[first]["graft"])
    looks = [("graft", step) for step in (0, steps[len(steps) // 2], steps[-1])]
    looks += [(name, steps[-1]) for name in OPERATIONS[1:]]
    x, y, radius = anatomy.eye
    flank = x + anatomy.shift[0], y + anatomy.shift[1]
    whole = Strips(subject, scale=3, window=lambda topology: window(topology, anatomy.size + 2), pad=6)
    near = Strips(subject, scale=7, window=lambda topology: window(topology, 4 * radius, middle=flank), pad=4)
    tiles = [
        (topology, runs[name][operation][step], f"{name}: {operation}, +{step}")
        for name, topology in topologies.items()
        for operation, step in looks
    ]
    close = [
        (topology, runs[name]["graft"][step], f"{name}, +{step}")
        for name, topology in topologies.items()
        for step in steps[::2]
    ]
    title = "colour difference between the flank below and the lower half of the eye, median"
    result.figure(
        whole(tiles, columns=len(looks)),
        near(close, columns=len(steps[::2])),
        curves({title: lines}, size=(720, 420), x_label="steps since the operation"),
    )
    canvas = Strips(subject, scale=6, window=lambda topology: window(topology, anatomy.size + 2)).canvas(
        topologies[first]
    )
    frames = [canvas.draw(runs[first]["graft"][step]) for step in steps]
    result.animation([*frames[:1] * 4, *frames, *frames[-1:] * 6], fps=5)


def main(config: Config, result: Result) -> None:
    """Grows, operates, measures and draws."""
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    rules: dict[str, Any] = {}
    for subject in subjects_of(config, "upright"):
        card = subject.card
        anatomy = Anatomy(card.get("size", SIZE), card.get("padding", PADDING))
        entries, runs = {}, {}
        for name, topology in result.progress(topologies.items()):
            entries[name], runs[name] = measured_on(subject, topology, anatomy, config)
        if not rules:
            draw(subject, runs, topologies, anatomy, lines_of(entries), result)
        about = {"regime": card.get("regime"), "iterations": card.get("iterations")}
        rules[subject.name] = {**about, "substrates": entries}
    result.record({"goal": GOAL, "operated at": OPERATED_AT, "rules": rules})


def lines_of(entries: dict[str, Any]) -> dict[str, Any]:
    """The difference against the steps: with a graft on every kind of cells, sham and without one on the first."""
    first = next(iter(entries))
    lines = {}
    for name, operation in [
        *((name, "graft") for name in first_of_each_kind(entries)),
        (first, "sham"),
        (first, "none"),
    ]:
        numbers = entries[name][operation][TO_EYE]
        lines[f"{operation}, {name}"] = (list(map(int, numbers)), [median(values) for values in numbers.values()])
    return lines


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Every rule on every kind of cells beside the two controls; and what was to be reached by the first on squares."""
    last, goal, rows, goals = str(metrics["config"]["steps"]), metrics["goal"], [], []
    looked = next(iter(next(iter(metrics["rules"].values()))["substrates"].values()))["graft"][TO_EYE]
    early = next((step for step in looked if int(step) >= EARLY), last)
    for rule, about in metrics["rules"].items():
        for kind, entries in by_kind(about["substrates"]).items():
            at = {
                (operation, step): [value for entry in entries for value in entry[operation][TO_EYE][step]]
                for operation in OPERATIONS
                for step in ("0", early, last)
            }
            middle = [("graft", "0"), ("graft", early), ("graft", last), ("sham", last), ("none", last)]
            change = max(value for entry in entries for value in entry["none"][CHANGE])
            induced_in = sum(value <= goal for value in at["graft", last])
            numbers = [*(f"{median(at[look]):.3f}" for look in middle), f"{change:.3f}"]
            rows.append([f"`{rule}`", kind, *numbers, rate(induced_in, len(at["graft", last]))])
            if kind == "square" and not goals:
                induced = median(at["graft", last])
                words = (
                    "colour difference of the induced half to the eye, median",
                    "largest change there without a graft",
                )
                goals = [
                    [words[0], f"at most {goal}", f"{induced:.3f}", below(median_interval(at["graft", last]), goal)],
                    [
                        "largest change there without a graft",
                        f"nothing (at most {NOTHING})",
                        f"{change:.3f}",
                        "yes" if change <= NOTHING else "no",
                    ],
                ]
    header = ["rule", "cells", "graft, +0", f"+{early}", f"+{last}", f"sham, +{last}", f"no graft, +{last}"]
    header += ["largest change there without a graft", f"runs at {goal} or below"]
    return {"eyes": Table(header, rows), "goal": Table(["measure, on squares", "goal", "measured", "reached"], goals)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
