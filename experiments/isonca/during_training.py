"""Isotropic rules while they train, early: a lizard, and a heart with and without auxiliary channels.

    python experiments/isonca/during_training.py

IsoNCA's figures 7 and 11 and what is said beside them, small: a 32-pixel target, rollouts of 64 to 95 steps, batches of
four. The lizard is trained with the binary and the axis channel; the heart with the paper's two channels (binary,
radial 4), and twice without any. Every snapshot grows three runs. Expect blobs and discs that fill the substrate, then
are round and small; of the paper's lizard with two heads, and of its heart that fails without channels, so short a
training shows nothing yet: here the heart without channels is the first to have a tip.

Three numbers of each snapshot: the loss of the colours alone, in shares of that of nothing (`RotationInvariantLoss`, so
that trainings with and without channels compare); how far the pattern is its own half turn, and its own mirror image (1
where it is, see `graphnca.evaluation.landscape`). Trainings take some minutes each, once; stopped ones go on.

Written to `--out`:
    figure.webp     a row for each training: its target, and the first run of chosen snapshots; below, loss and symmetry
    animation.webp  the median run of every snapshot, all trainings side by side
    metrics.json    the numbers of every run of every snapshot
    tables.json     the medians, of the chosen snapshots
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from graphnca.drawing import draw_curves, montage, to_picture
from graphnca.evaluation.landscape import symmetry
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.scores import bounded, raster
from graphnca.losses import RotationInvariantLoss
from graphnca.results.figures import median_run, spread
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.results.training import trained
from graphnca.targets import load_target
from graphnca.training.recipes import IsoNCARecipe
from topologies import sampled_torus, square_grid

TRAININGS: dict[str, tuple[str, str, int]] = {
    "lizard, binary and axis": ("lizard", "binary,axis:3", 0),
    "heart, binary and radial": ("heart", "binary,radial4", 0),
    "heart, no channel": ("heart", "", 0),
    "heart, no channel, again": ("heart", "", 1),
}
"""Target, auxiliary channels, and seed."""
SCALE = 2  # pixels a unit
COLUMNS = 8  # snapshots in the figure, at most
NUMBERS = ("loss", "half turn", "mirror image")


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    training: tuple[str, ...] = tuple(TRAININGS)
    """Which of them."""
    iterations: int = 2500
    """Of each training."""
    every: int = 125
    """Iterations between two snapshots."""
    size: int = 32
    """Pixels of the target; the paper has 48."""
    padding: int = 8
    """Empty pixels around it."""
    batch_size: int = 4
    """Samples of an iteration; the paper has 8."""
    precision: str = "float32"
    """Type of the update network's products while it trains: float32 or bfloat16."""
    steps: int = 500
    """After which what grows is measured."""
    runs: int = 3
    """Runs of each snapshot."""
    seed: int = 6400
    """Of the runs. Held out: nothing is trained or chosen by it."""
    out: str = "out/during_training"


def recipe_of(name: str, config: Config) -> IsoNCARecipe:
    """The recipe of a training."""
    target, auxiliary, seed = TRAININGS[name]
    return IsoNCARecipe(
        target=target,
        auxiliary=auxiliary,
        seed=seed,
        size=config.size,
        padding=config.padding,
        iterations=config.iterations,
        batch_size=config.batch_size,
        precision=config.precision,
        snapshot_every=config.every,
        out=str(Path(config.out) / "runs" / name.replace(",", "").replace(" ", "-")),
    )


def measured(folder: Path, target: Tensor, config: Config) -> tuple[dict[str, dict[str, list[Any]]], dict[int, Tensor]]:
    """The numbers of every snapshot's runs by iteration, and the picture of its median run."""
    side = target.shape[-1]
    topology, loss = square_grid(side, side), RotationInvariantLoss(target)
    view, empty = raster(topology, side, side), float(loss(torch.zeros_like(target)))
    entries, shown = {}, {}
    for path in sorted((folder / "snapshots").glob("*.safetensors")):
        states = read_subject(str(path)).grow(topology, config.runs, (config.steps,), config.seed)[config.steps]
        images = view(bounded(states)[..., :4])
        scores = symmetry(images)
        entries[str(int(path.stem))] = {
            "loss": [round(float(value) / empty, 4) for value in loss(images)],
            **{kind: [score[kind] for score in scores] for kind in NUMBERS[1:]},
        }
        shown[int(path.stem)] = images[median_run(entries[str(int(path.stem))]["loss"])]
    return entries, shown


def main(config: Config, result: Result) -> None:
    """Trains, grows, measures and draws."""
    unknown = [name for name in config.training if name not in TRAININGS]
    if unknown:
        raise SystemExit(f"--training: expected some of {', '.join(TRAININGS)}, got {', '.join(unknown)}.")
    trainings: dict[str, Any] = {}
    targets, shown = {}, {}
    for name in result.progress(config.training, "training"):
        folder = trained(recipe_of(name, config), sampled_torus)
        targets[name] = load_target(TRAININGS[name][0], size=config.size, padding=config.padding)
        trainings[name], shown[name] = measured(folder, targets[name], config)
        result.record({"trainings": trainings})
    iterations = sorted(next(iter(shown.values())))
    columns = spread(iterations, COLUMNS)
    tiles = [
        to_picture(tile, scale=SCALE)
        for name, pictures in shown.items()
        for tile in (targets[name], *(pictures[iteration] for iteration in columns))
    ]
    captions = [caption for name in shown for caption in (name, *(f"{iteration:,}" for iteration in columns))]
    curves = [
        draw_curves(
            {name: series(entries, number) for name, entries in trainings.items()},
            size=(560, 330),
            x_label="iteration",
            title="loss of the colours, in shares of nothing" if number == "loss" else f"is its own {number}",
        )
        for number in NUMBERS
    ]
    rows = montage(tiles, captions=captions, columns=len(columns) + 1, pad=4, font_size=12)
    result.figure(rows, montage(curves, columns=2, pad=6))
    result.animation(
        (
            montage(
                [to_picture(pictures[iteration], scale=SCALE) for pictures in shown.values()],
                captions=list(shown),
                title=f"iteration {iteration:,}",
            )
            for iteration in iterations
        ),
        fps=3,
    )


def middle(values: list[float | None]) -> float | None:
    """The median of what could be measured."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def series(entries: dict[str, Any], number: str) -> tuple[list[int], list[float]]:
    """The medians of a number by iteration, without snapshots that grow nothing."""
    known = [(int(iteration), middle(entry[number])) for iteration, entry in entries.items()]
    places = [(iteration, value) for iteration, value in known if value is not None]
    return [iteration for iteration, _ in places], [value for _, value in places]


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Loss, half turn and mirror image of every training, at chosen iterations."""
    rows = []
    columns = spread([int(iteration) for iteration in next(iter(metrics["trainings"].values()))], COLUMNS)
    for name, entries in metrics["trainings"].items():
        for number in NUMBERS:
            values = [middle(entries[str(iteration)][number]) for iteration in columns]
            rows.append([name, number, *("nothing" if value is None else f"{value:.2f}" for value in values)])
    caption = f"Medians of {metrics['config']['runs']} runs at step {metrics['config']['steps']}."
    return {"snapshots": Table(["training", "", *(f"{iteration:,}" for iteration in columns)], rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
