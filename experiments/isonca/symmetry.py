"""Synchronous updates from one cell: float sums lose the symmetry, fixed-point sums keep it (IsoNCA, figure 8).

    python experiments/isonca/symmetry.py                                      # the shipped web and lizard, two minutes
    python experiments/isonca/symmetry.py --rule isonca-lizard cadata.json     # or the published one
    python experiments/isonca/symmetry.py --steps 200 --cells 1500             # smaller

A rule that perceives the Laplacian alone, a single cell, and every cell updated in every step (fire rate 1): nothing in
that knows a direction, so the state should keep all symmetries of the substrate about the seed for ever. It is run on a
square torus (eight symmetries) and on a bounded hexagonal patch of hexagonal cells (twelve; a rectangular torus of
hexagons has not so many), in float and in fixed point (`graphnca.layers.arithmetic.fixed_point`).

Expect the float runs to part from their mirror images in the last bit within a few steps, and ever further, until the
eye sees it; the fixed-point runs to equal all their images to the last bit at every step, as ornaments. The rules were
trained with random updates, so nothing says that an ornament keeps its form, or lives.

Written to `--out`:
    figure.webp     every run at several steps; below, the largest |x - image of x| over the symmetries, by step
    animation.webp  the first rule's runs, side by side
    metrics.json    for every run: when the symmetry was lost, how far, how many cells lived
    tables.json     the same, one row a run
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, draw_curves, montage
from graphnca.evaluation.named import PUBLISHED, read_subject
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import ALIVE, EXPLODED, seeded_position
from graphnca.evaluation.symmetries import asymmetry, symmetries
from graphnca.layers import in_fixed_point
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import hexagonal_patch, substrate_of_cells

SUBSTRATES = {"square": (lambda cells: substrate_of_cells("square", cells), 4), "hexagons": (hexagonal_patch, 6)}
"""Builder of each substrate, and how many turns it allows."""
ARITHMETICS = ("float", "fixed point")
VISIBLE = 1e-2  # asymmetry that begins to show in a picture: 2.5 of 255 levels of a colour
SHOWN = (0.04, 0.1, 0.15, 0.25, 0.5, 0.7, 1.0)  # shares of the steps at which pictures are taken
PIXELS = 150  # width of a picture of a substrate


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("isonca-spiderweb", "isonca-lizard")
    """Shipped rules by name, .safetensors files, or published model files."""
    cells: int = 5184
    """Cells of each substrate, about."""
    steps: int = 1000
    """Length of a run."""
    every: int = 10
    """Steps between two measurements."""
    out: str = "out/symmetry"


@dataclass(frozen=True)
class Run:
    """One rule on one substrate in one arithmetic."""

    rule: str
    substrate: str
    arithmetic: str
    topology: Data
    states: dict[int, Tensor]
    """(N, C) by step."""
    curve: dict[int, float]
    """Asymmetry by step, as long as states are finite."""

    @cached_property
    def exploded(self) -> int | None:
        """The first recorded step at which a state is beyond all bounds."""
        return next((step for step, state in self.states.items() if not state.abs().max() < EXPLODED), None)

    @property
    def meant(self) -> dict[int, float]:
        """The curve before the explosion, if there is one: beyond it, sizes say nothing."""
        return {step: value for step, value in self.curve.items() if self.exploded is None or step < self.exploded}

    def living(self, step: int) -> int:
        """How many cells are mature."""
        return int((self.states[step][:, 3] > ALIVE).sum())

    def first(self, beyond: float) -> int | None:
        """The first measured step with an asymmetry beyond a bound."""
        return next((step for step, value in self.curve.items() if value > beyond), None)

    def row(self, moments: list[int]) -> dict[str, Any]:
        """What `metrics.json` says of it."""
        dead = next((step for step in self.states if self.living(step) == 0), None)
        kept = [step for step in moments if self.exploded is None or step < self.exploded]
        return {
            "rule": self.rule,
            "substrate": self.substrate,
            "cells": self.topology.num_nodes,
            "symmetries": 2 * SUBSTRATES[self.substrate][1],
            "arithmetic": self.arithmetic,
            "first difference": self.first(0.0),
            "visible": self.first(VISIBLE),
            "largest asymmetry": max(self.meant.values()),
            "living": {str(step): self.living(step) for step in kept},
            "died": dead if self.exploded is None else None,
            "exploded": self.exploded,
        }


def runs_of(config: Config, moments: set[int], result: Result) -> list[Run]:
    """Every rule on every substrate in both arithmetics."""
    rules = {
        "published" if Path(name).suffix in PUBLISHED else Path(name).stem: read_subject(name).rule
        for name in config.rule
    }
    built = {name: (build(config.cells), turns) for name, (build, turns) in SUBSTRATES.items()}
    images = {name: symmetries(topology, turns) for name, (topology, turns) in built.items()}
    pairs = [(rule, name, arithmetic) for rule in rules for name in built for arithmetic in ARITHMETICS]
    runs = []
    for rule, name, arithmetic in result.progress(pairs, "run"):
        topology = built[name][0]
        chosen = rules[rule] if arithmetic == "float" else in_fixed_point(rules[rule])
        recorded = grow(chosen, topology, 1, moments, 0, fire_rate=1.0)
        states = {step: recorded[step][0] for step in sorted(recorded)}
        finite = {step: state for step, state in states.items() if torch.isfinite(state).all()}
        curve = {step: asymmetry(state, images[name]) for step, state in finite.items()}
        runs.append(Run(rule, name, arithmetic, topology, states, curve))
    return runs


def curves(runs: list[Run]) -> Image.Image:
    """Asymmetry against steps; a run that is exactly symmetric has no line on a logarithmic axis, and is counted."""
    broken = [run for run in runs if any(run.curve.values())]
    lines = {
        f"{run.rule}, {run.substrate}{'' if run.arithmetic == 'float' else ', ' + run.arithmetic}": (
            list(run.meant),
            list(run.meant.values()),
        )
        for run in broken
    }
    exact = f"{len(runs) - len(broken)} of {len(runs)} runs: 0 at every step"
    lines = lines or {exact: ([0, 1], [1e-8, 1e-8])}
    title = f"Largest |x - image of x|. In fixed point, {exact}"
    size = (max(720, 230 * len(lines)), 420)  # the legend is one line
    return draw_curves(lines, size=size, log_y=True, x_label="step", title=title)


def canvas_of(topology: Data) -> CellCanvas:
    """Draws the part around the seed that a square of as many cells would have, as large for every substrate."""
    x, y = seeded_position(topology)
    half = 0.5 * float(topology["area"].numel()) ** 0.5
    return CellCanvas(topology, scale=PIXELS / (2 * half), window=(x - half, y - half, x + half, y + half))


def pictures(runs: list[Run], moments: list[int]) -> Image.Image:
    """A row a run, a column a moment."""
    images, captions = [], []
    for one in runs:
        canvas = canvas_of(one.topology)
        for step in moments:
            images.append(canvas.draw(one.states[step]))
            gone = one.exploded is not None and step >= one.exploded
            captions.append(f"{one.rule}\n{one.arithmetic}, {'exploded' if gone else f'step {step}'}")
    return montage(images, captions=captions, columns=len(moments), pad=6, font_size=12)


def animation(runs: list[Run]) -> list[Image.Image]:
    """The first rule's runs side by side: float above, fixed point below."""
    chosen = sorted(
        (run for run in runs if run.rule == runs[0].rule), key=lambda run: ARITHMETICS.index(run.arithmetic)
    )
    canvases = [canvas_of(run.topology) for run in chosen]
    captions = [run.arithmetic for run in chosen]
    steps = list(chosen[0].states)
    frames = [step for number, step in enumerate(steps) if step <= max(steps) * 0.3 or number % 2 == 0]
    return [
        montage(
            [canvas.draw(run.states[step]) for canvas, run in zip(canvases, chosen, strict=True)],
            captions=captions,
            columns=len(SUBSTRATES),
            title=f"step {step}",
            pad=6,
        )
        for step in frames
    ]


def main(config: Config, result: Result) -> None:
    """Grows, measures and draws."""
    shown = sorted({max(1, round(share * config.steps)) for share in SHOWN})
    runs = runs_of(config, {*range(0, config.steps + 1, config.every), *shown, config.steps}, result)
    configuration = {key: getattr(config, key) for key in ("cells", "steps", "every")}
    result.record({"config": configuration, "visible beyond": VISIBLE, "runs": [run.row(shown) for run in runs]})
    result.figure(pictures(runs, shown), curves(runs))
    result.animation(animation(runs), fps=10)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """How long synchronous runs keep their symmetry, in float and in fixed point."""
    runs = metrics["runs"]
    moments = list(max((run["living"] for run in runs), key=len))
    rows = [
        [
            run["rule"],
            f"{run['substrate']}, {run['symmetries']}",
            run["arithmetic"],
            *("never" if run[key] is None else run[key] for key in ("first difference", "visible")),
            f"{run['largest asymmetry']:.2g}",
            *(f"{run['living'][moment]:,}" if moment in run["living"] else "exploded" for moment in moments),
        ]
        for run in runs
    ]
    header = ["rule", "substrate, symmetries", "arithmetic", "differs at step", "visible at step", "largest asymmetry"]
    return {"runs": Table([*header, f"living cells at step {moments[0]}", *moments[1:]], rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
