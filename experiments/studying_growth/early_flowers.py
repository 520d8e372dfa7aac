"""What three flowers of one rule look like early in its training: blurs of mixed colours (Studying Growth, speciation).

    python experiments/studying_growth/early_flowers.py

One rule is trained to grow three flowers, each from a seed with a genome of its own (`speciation_training.py`), here
small and for a short time, and kept every hundred iterations. Each of these rules then grows all three. In the article
they are blurs of red, yellow and purple at first, before they part. How far they have parted is measured: the root mean
squared difference of what grows from two genomes, in shares of that of their targets, the mean of the pairs; 0 where
all three are one blur, 1 where they differ as they should. Beside it is the error of each to its own flower.

The training takes some minutes, once; one that was stopped goes on.

Written to `--out`:
    figure.webp     rows: the flowers, targets last; columns: iterations; below, how far they have parted
    animation.webp  the median runs of the three at the end of a rollout, as the training goes on
    metrics.json    errors and distances of every snapshot
    tables.json     the same
"""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from speciation_training import SpeciationRecipe
from torch import Tensor

from graphnca.drawing import draw_curves, montage, to_picture
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.scores import bounded, raster
from graphnca.results.figures import median_run, spread
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.results.training import trained
from topologies import sampled_torus, square_grid

GROWN = 96  # steps: the longest rollout of the training
SCALE = 3  # pixels a unit
COLUMNS = 8  # snapshots in the figure, at most


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    iterations: int = 1600
    """Of the training, of all flowers together."""
    every: int = 100
    """Iterations between two snapshots."""
    size: int = 24
    """Pixels of a flower."""
    padding: int = 8
    """Empty pixels around it."""
    batch_size: int = 8
    """Samples of an iteration."""
    runs: int = 3
    """Runs of each flower."""
    seed: int = 6300
    """Of the runs. Held out: nothing is trained or chosen by it."""
    out: str = "out/early_flowers"


def recipe_of(config: Config) -> SpeciationRecipe:
    """The training."""
    return SpeciationRecipe(
        size=config.size,
        padding=config.padding,
        iterations=config.iterations,
        milestones=(3 * config.iterations // 4,),
        batch_size=config.batch_size,
        pool_size=max(64, config.batch_size),
        snapshot_every=config.every,
        out=str(Path(config.out) / "run"),
    )


def apart(images: Tensor) -> float:
    """The mean over pairs of the root mean squared difference of pictures `(3, C, H, W)`."""
    return mean(float((one - other).square().mean().sqrt()) for one, other in combinations(images, 2))


def main(config: Config, result: Result) -> None:
    """Trains, grows, measures and draws."""
    folder = trained(recipe_of(config), sampled_torus)
    species = read_subject(str(folder)).species
    targets = torch.stack([subject.target for subject in species.values()])
    side = targets.shape[-1]
    topology = square_grid(side, side)
    view = raster(topology, side, side)
    entries: dict[str, Any] = {}
    shown: dict[int, Tensor] = {}
    for path in result.progress(sorted((folder / "snapshots").glob("*.safetensors")), "snapshot"):
        now = read_subject(str(path)).species
        grown = [now[name].grow(topology, config.runs, (GROWN,), config.seed)[GROWN] for name in species]
        pictures = view(bounded(torch.stack(grown))[..., :4])
        squares = (pictures - targets[:, None]).square()
        errors = squares.mean((1, 2, 3, 4)) / targets.square().mean((1, 2, 3))
        parted = mean(apart(pictures[:, number]) for number in range(config.runs)) / apart(targets)
        errors = {name: round(error, 4) for name, error in zip(species, errors.tolist(), strict=True)}
        entries[str(int(path.stem))] = {"errors": errors, "apart": round(parted, 4)}
        middles = [median_run(row.mean((1, 2, 3)).tolist()) for row in squares]
        shown[int(path.stem)] = torch.stack([runs[run] for runs, run in zip(pictures, middles, strict=True)])
    result.record({"iterations": entries})
    draw(shown, targets, entries, result)


def draw(shown: dict[int, Tensor], targets: Tensor, entries: dict[str, Any], result: Result) -> None:
    """The figure, and the animation of all snapshots."""
    iterations = sorted(shown)
    columns = spread(iterations, COLUMNS)
    tiles = [picture for row in range(len(targets)) for picture in (*(shown[i][row] for i in columns), targets[row])]
    captions = [*(f"iteration {iteration:,}" for iteration in columns), "its flower"] * len(targets)
    flowers = montage(
        [to_picture(tile, scale=SCALE) for tile in tiles], captions=captions, columns=len(columns) + 1, pad=4
    )
    series = {"apart, in shares of the targets": (iterations, [entry["apart"] for entry in entries.values()])}
    for name in next(iter(entries.values()))["errors"]:
        series[f"error of the {name}"] = (iterations, [entry["errors"][name] for entry in entries.values()])
    curves = draw_curves(series, dots=True, size=(900, 340), x_label="iteration", y_label="share")
    result.figure(flowers, curves)
    frames = [
        montage([to_picture(picture, scale=SCALE) for picture in shown[iteration]], title=f"iteration {iteration:,}")
        for iteration in iterations
    ]
    result.animation(frames, fps=3)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """How far the flowers have parted, and the error of each, snapshot by snapshot."""
    entries = metrics["iterations"]
    names = list(next(iter(entries.values()))["errors"])
    rows = [
        [f"{int(iteration):,}", f"{entry['apart']:.2f}", *(f"{entry['errors'][name]:.2f}" for name in names)]
        for iteration, entry in entries.items()
    ]
    caption = "Distances in shares of the targets', errors in shares of an empty substrate's."
    return {"snapshots": Table(["iteration", "apart", *(f"error, {name}" for name in names)], rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
