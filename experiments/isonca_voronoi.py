"""A lizard trained on squares grows on squares, hexagons and Voronoi meshes (IsoNCA, figure 12).

    python experiments/isonca_voronoi.py                            # the shipped rule, under a minute on two cores
    python experiments/isonca_voronoi.py --rule cadata.json         # a published model file
    python experiments/isonca_voronoi.py --train --target heart     # train a rule first, on the square grid

One rule, unchanged, from a single cell, on a square grid, a hexagonal grid and three Poisson-disk Voronoi meshes, five
runs each. Every run chooses another orientation. Expect a lizard with one head, one tail and four legs on all of them,
softer than the target and fuzzier on the meshes, now and then with a stray blob; the paper shows one with a mis-curled
tail.

Written to `--out`:
    figure.webp     the median run on whole substrates drawn as cells, and close-ups with the cell centres shown
    runs.webp       every run
    animation.webp  the median run on each kind of cells, side by side
    metrics.json    loss, angle, chirality, living cells and largest |state| for every run
    tables.json     the same, one row a run; the medians

The loss is the published one with a closed ring around the seed (`isotropic_loss`), on a 73x73 raster of one pixel per
unit of length, 2x2 samples a pixel: the same on every substrate. It is given as a share of an empty substrate's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, montage
from graphnca.evaluation.fates import counted, fates
from graphnca.evaluation.form import own_form
from graphnca.evaluation.intervals import with_quartiles
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.published_loss import isotropic_loss
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import empty_loss, measure
from graphnca.evaluation.subject import Subject
from graphnca.rasterizers import NearestCell
from graphnca.results.figures import median_run
from graphnca.results.options import OnSubstrates, Options
from graphnca.results.result import Result, command
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.training.recipes import IsoNCARecipe
from topologies import first_of_each_kind, sampled_torus, substrates

FRAME_EVERY = 8  # steps between two frames of the animation
SLOW_UNTIL = 200  # steps; later, one frame in four is shown
CLOSE_UP = 26.0  # units


@dataclass(frozen=True, kw_only=True)
class Config(OnSubstrates, Options):
    """What the command line can change."""

    rule: str = "isonca-lizard"
    """A shipped rule's name, a .safetensors file, a training's folder, or a published model."""
    train: bool = False
    """Whether a rule is trained on the square grid first, and that one is grown."""
    target: str = "lizard"
    """Name of an emoji, or path of an image with alpha."""
    auxiliary: str = ""
    """Auxiliary channels that are measured too; empty: those that the paper gave the target."""
    steps: int = 1000
    """Length of a run."""
    out: str = "out/isonca_voronoi"


def subject_of(config: Config) -> Subject:
    """The rule that the command line asks for."""
    if config.train:
        recipe = IsoNCARecipe(target=config.target, out=str(Path(config.out) / "training"))
        return read_subject(str(recipe.train(sampled_torus, command())))
    return read_subject(config.rule)


def whole_and_close_up(state: Tensor, topology: Data) -> tuple[Image.Image, Image.Image]:
    """A substrate drawn as cells, and its pattern close up with the cell centres."""
    alive = topology["pos"][state[:, 3] > 0.1]
    middle = alive.median(0).values if len(alive) else topology["extent"].view(2) / 2
    x, y = (middle - CLOSE_UP / 2).tolist()
    window = (x, y, x + CLOSE_UP, y + CLOSE_UP)
    close_up = CellCanvas(topology, scale=18, centres=True, window=window, edge_colour="#00000018")
    return CellCanvas(topology, scale=6).draw(state), close_up.draw(state)


def median_runs(rows: dict[str, list[dict[str, Any]]]) -> dict[str, int]:
    """The number of the median run on the first substrate of each kind."""
    return {name: median_run([row["relative"] for row in rows[name]]) for name in first_of_each_kind(rows)}


def figure(
    finals: dict[str, Tensor], topologies: dict[str, Data], rows: dict[str, list[dict[str, Any]]]
) -> Image.Image:
    """The median run on the first substrate of each kind: whole, and close up."""
    wholes, details, captions = [], [], []
    for name, shown in median_runs(rows).items():
        whole, detail = whole_and_close_up(finals[name][shown], topologies[name])
        wholes.append(whole)
        details.append(detail)
        cells = topologies[name].num_nodes
        captions.append(f"{name.split()[0]}: {cells} cells, the median run, loss {rows[name][shown]['relative']:.3f}")
    captions += ["close-up with cell centres"] * len(details)
    return montage(wholes + details, captions=captions, columns=len(wholes))


def frames(
    recorded: dict[str, dict[int, Tensor]], topologies: dict[str, Data], shown: dict[str, int]
) -> Iterator[Image.Image]:
    """Of the animation: one run on each kind of cells."""
    canvases = {name: CellCanvas(topologies[name], scale=4) for name in shown}
    for step in sorted(next(iter(recorded.values()))):
        if step <= SLOW_UNTIL or step % (4 * FRAME_EVERY) == 0:
            drawn = [canvas.draw(recorded[name][step][shown[name]]) for name, canvas in canvases.items()]
            yield montage(drawn, title=f"step {step}", pad=8)


def main(config: Config, result: Result) -> None:
    """Grows, measures and draws."""
    subject = subject_of(config)
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    loss = isotropic_loss(config.target, config.auxiliary or None)
    empty = empty_loss(loss)
    own = own_form(subject, substrates(("square",), config.cells)["square"])
    recorded, finals, rows = {}, {}, {}
    moments = {*range(0, config.steps + 1, FRAME_EVERY), config.steps}
    result.record({"loss of the empty substrate": round(empty, 2)})
    for name, topology in result.progress(topologies.items()):
        recorded[name] = grow(subject.rule, topology, config.runs, moments, config.seed)
        finals[name] = recorded[name][config.steps]
        words = fates(finals[name], topology, own)
        rows[name] = [
            {**row, "fate": word} for row, word in zip(measure(finals[name], topology, loss), words, strict=True)
        ]
        result.substrate(
            name,
            {
                "cells": topology.num_nodes,
                "median relative loss": round(median(row["relative"] for row in rows[name]), 4),
                "fates": counted(words),
                "runs": rows[name],
            },
        )
    result.figure(figure(finals, topologies, rows))
    tiles = [NearestCell(topologies[n], scale=3)(state[:, :4]) for n, states in finals.items() for state in states]
    names = [f"{n}: {row['relative']:.3f}" for n, runs in rows.items() for row in runs]
    result.picture("runs.webp", montage(tiles, captions=names, columns=config.runs, pad=6))
    result.animation(frames(recorded, topologies, median_runs(rows)), fps=16)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """How every run lies and lives, and the medians."""
    entries = metrics["substrates"]
    rows = [
        [
            name,
            row["run"],
            f"{row['relative']:.3f}",
            f"{row['angle']}°",
            "yes" if row["mirrored"] else "no",
            row["alive"],
            f"{row['largest']:.2f}",
            row["fate"],
        ]
        for name, entry in entries.items()
        for row in entry["runs"]
    ]
    medians = [
        [
            name,
            f"{entry['cells']:,}",
            with_quartiles([row["relative"] for row in entry["runs"]], 3),
            ", ".join(f"{row['relative']:.3f}" for row in entry["runs"]),
            f"{median(row['alive'] for row in entry['runs']):.0f}",
        ]
        for name, entry in entries.items()
    ]
    steps = metrics["config"]["steps"]
    header = ["substrate", "run", "loss", "angle", "mirrored", "alive", "max |x|", "fate"]
    return {
        "runs": Table(header, rows, f"After {steps} steps; losses relative to an empty substrate's."),
        "medians": Table(
            ["substrate", "cells", f"median at step {steps} (quartiles)", "the runs", "living cells"], medians
        ),
    }


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
