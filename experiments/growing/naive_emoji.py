"""Six emoji, each trained from the seed alone, and what becomes of them later (Growing NCA, experiment 1).

    python experiments/growing/naive_emoji.py

Every rule is asked for its picture 64 to 95 steps after a single cell, and never for anything later. Each is trained
here on a small torus (`growing/training.py --regime naive`), then grows from its seed on squares, hexagons and a
Voronoi mesh of 72x72 units; training has seen squares. Expect all six at step 100, and then every fate: some flood
their substrate, some fall apart or die, now and then one holds, on one kind of cells or on another.

The fate of a run is that of `graphnca.evaluation.fates`, by what the same rule grows on squares at the end of its
rollouts. The pictures are Noto emoji that are not shipped with the library. Trainings take some minutes each, once:
those found finished in the folder are used, and one that was stopped goes on.

Written to `--out`:
    figure.webp     a row for each emoji and kind of cells: the first run, step by step, and its fate
    animation.webp  the six of them, on the first kind of cells
    metrics.json    fates and areas of every run at every step
    tables.json     the fates at the first, at a middle and at the last step
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.fates import looks
from graphnca.evaluation.form import own_form
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.scores import window
from graphnca.evaluation.subject import Subject
from graphnca.results.figures import Strips, median_run
from graphnca.results.options import OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.results.training import trained
from graphnca.training.recipes import GrowingRecipe
from topologies import by_kind, sampled_torus, substrates

EMOJI = Path(__file__).with_name("anyones_emoji")
PICTURES = tuple(sorted(path.stem for path in EMOJI.glob("*.png")))
MOMENTS = (100, 200, 300, 500, 700, 1000)
SHOWN = 60.0  # units of the window that pictures show
FRAME_EVERY = 20  # steps between two frames


@dataclass(frozen=True, kw_only=True)
class Config(OnSubstrates, Options):
    """What the command line can change."""

    picture: tuple[str, ...] = PICTURES
    """Which of the six."""
    iterations: int = 2000
    """Of each training."""
    size: int = 24
    """Pixels of a picture's longer side; the article has 40."""
    padding: int = 8
    """Empty pixels around it in the training."""
    steps: tuple[int, ...] = MOMENTS
    """Steps that are looked at."""
    meshes: int = 1
    runs: int = 3
    seed: int = 6100
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/naive_emoji"


def rule_of(name: str, config: Config) -> Subject:
    """The rule of a picture, trained where it is not yet."""
    recipe = GrowingRecipe(
        target=str(EMOJI / f"{name}.png"),
        regime="naive",
        size=config.size,
        padding=config.padding,
        iterations=config.iterations,
        snapshot_every=0,
        out=str(Path(config.out) / "runs" / name),
    )
    return read_subject(str(trained(recipe, sampled_torus)))


def main(config: Config, result: Result) -> None:
    """Trains, grows, measures and draws."""
    unknown = [name for name in config.picture if name not in PICTURES]
    if unknown:
        raise SystemExit(f"--picture: expected some of {', '.join(PICTURES)}, got {', '.join(unknown)}.")
    subjects = {name: rule_of(name, config) for name in result.progress(config.picture, "picture")}
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    square = substrates(("square",), config.cells)["square"]
    first, frames = next(iter(topologies.values())), range(0, max(config.steps) + 1, FRAME_EVERY)
    strips = Strips(next(iter(subjects.values())), scale=1.2, window=lambda topology: window(topology, SHOWN), pad=3)
    pictures: dict[str, Any] = {}
    tiles: list[tuple[Data, Tensor, str]] = []
    moving: dict[str, dict[int, Tensor]] = {}
    for name, subject in result.progress(subjects.items(), "rule"):
        own = own_form(subject, square)
        pictures[name] = {"trained by": subject.card["trained by"], "substrates": {}}
        for place, topology in topologies.items():
            states = subject.grow(topology, config.runs, {*config.steps, *frames}, config.seed)
            entry = pictures[name]["substrates"][place] = {}
            for step in config.steps:
                seen = looks(states[step], topology, own)
                fates = [look.fate(own) for look in seen]
                entry[str(step)] = {"fates": fates, "areas": [round(look.area, 3) for look in seen]}
            shown = median_run(entry[str(max(config.steps))]["areas"])
            moving.setdefault(name, {step: states[step][shown] for step in frames})
            tiles += [
                (topology, states[step][shown], f"{place.split()[0]}, {step}: {entry[str(step)]['fates'][shown]}")
                for step in config.steps
            ]
    result.record({"pictures": pictures})
    result.figure(strips(tiles, columns=len(config.steps)))
    result.animation(
        (
            strips(
                [(first, states[step], name) for name, states in moving.items()],
                columns=min(3, len(moving)),
                title=f"step {step:,}",
            )
            for step in frames
        ),
        fps=8,
    )


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """What has become of every rule's runs on each kind of cells."""
    steps = [str(step) for step in metrics["config"]["steps"]]
    shown = [steps[0], steps[len(steps) // 2], steps[-1]]
    rows = []
    for name, entry in metrics["pictures"].items():
        for kind, of in by_kind(entry["substrates"]).items():
            counts = [Counter(fate for one in of for fate in one[step]["fates"]) for step in shown]
            rows.append([name, kind, *(", ".join(f"{n} {fate}" for fate, n in count.items()) for count in counts)])
    return {"fates": Table(["picture", "cells", *(f"step {int(step):,}" for step in shown)], rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
