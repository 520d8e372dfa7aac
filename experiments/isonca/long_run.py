"""10,000 steps of every shipped isotropic rule on every kind of cells: does it stay, drift, turn, pulse, die, explode?

    python experiments/isonca/long_run.py                                       # a few minutes a rule on two cores
    python experiments/isonca/long_run.py --rule isonca-lizard-any --runs 8     # 40 runs of one rule
    python experiments/isonca/long_run.py --rule cadata.json                    # a published model file

Each rule on the square torus, the hexagonal one and three Voronoi meshes, several runs each. Every 200 steps: the loss
around the seed, the loss where the pattern has got to, the living cells, the largest |state|, their centroid, and the
pattern's angle. For periods, the living cells are counted every 50 steps, and the last 600 steps are looked at one by
one.

    drift      slope of the centroid's path from step 1,000 on, in units per 1,000 steps
    rotation   slope of the angle from step 1,000 on, in degrees per 1,000 steps, in the pattern's own sense: positive
               is clockwise for one that lies as its target does, anticlockwise for a mirrored one. A rule that turns
               its pattern gives all runs one sign.
    periods    of the living cells and of the mean squared change, step by step, and of the living cells every 50 steps,
               where a peak stands out of their noise
    fate       by what the same rule grows on squares (`graphnca.evaluation.fates`): whole, deformed, crumbled, shrunk,
               overgrown, died or exploded; what is whole stands, drifts or turns from step 1,000 to the end

The paper says that its lizards slowly rotate. Expect no death and no explosion; the authors' own lizard turns by 1 to 3
degrees per 1,000 steps on squares, anticlockwise if it is not mirrored.

Written to `--out`/NAME, for each rule:
    figure.webp     the first run on each substrate at several moments; below it loss, living cells, angle and distance
                    over time, the median of the runs that stayed
    metrics.json    every run
    tables.json     loss, drift, rotation and periods on each substrate; the fates
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from torch_geometric.data import Data

from graphnca.drawing.curves import Series
from graphnca.evaluation.fates import FATES, counted
from graphnca.evaluation.form import own_form
from graphnca.evaluation.intervals import rate, with_quartiles
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.tracking import Recording, check, course_of, followed_runs, summary
from graphnca.results.figures import Strips, curves
from graphnca.results.options import OfRules, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import substrates


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnSubstrates, Options):
    """What the command line can change."""

    runs: int = 4
    seed: int = 3000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    steps: int = 10_000
    """Length of a run, a multiple of `every`."""
    every: int = 200
    """Steps between two recordings, a multiple of 50."""
    settled: int = 1000
    """Step from which drift and rotation are measured: by then a pattern is formed."""
    dense: int = 600
    """Last steps that are looked at one by one for a period, a multiple of `every`; 0: none."""
    out: str = "out/long_run"


def plots(courses: dict[str, dict[str, Any]], config: Config) -> dict[str, dict[str, Series]]:
    """Four plots: the median over the runs that stayed, one line a substrate."""
    moments = np.arange(config.every, config.steps + 1, config.every)
    titles = {
        "loss where the pattern is": ("loss over time", moments),
        "living cells": ("alive over time", moments),
        "turned since it settled, degrees": ("angle", moments[moments >= config.settled]),
        "distance of the centroid from where it settled, units": ("away", moments[moments >= config.settled]),
    }
    return {title: dict(_lines(courses, name, time)) for title, (name, time) in titles.items()}


def _lines(courses: dict[str, dict[str, Any]], name: str, time: np.ndarray) -> Iterator[tuple[str, Series]]:
    for substrate, course in courses.items():
        values = [entry[name] for entry in course["runs"] if "drift" in entry]
        if values:
            yield substrate, (time, np.median(np.array(values, dtype=np.float64), axis=0))


def strip(subject: Subject, recordings: dict[str, Recording], topologies: dict[str, Data]) -> Image.Image:
    """The first run on each substrate, one row a substrate, at several moments."""
    tiles = [
        (topologies[name], state, f"{name}, {moment:,}")
        for name, recording in recordings.items()
        for moment, state in recording.shown
    ]
    return Strips(subject, scale=2.0, pad=4, font_size=12)(tiles, columns=len(tiles) // len(recordings))


def measure(subject: Subject, config: Config, result: Result) -> None:
    """Runs, measures and draws one rule.

    Raises:
        SystemExit: Lengths that do not divide as they must.
    """
    try:
        check(config)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    own = own_form(subject, substrates(("square",), config.cells)["square"])
    recordings, courses = {}, {}
    for name, topology in result.progress(topologies.items()):
        recordings[name] = followed_runs(subject, topology, config, own)
        courses[name] = summary(course_of(recordings[name], topology, config, own), topology)
    result.record(
        {
            "target": subject.goal,
            "structured seed": subject.is_structured,
            "loss of the empty substrate": round(subject.empty_loss, 2),
            "own form": {"area": own.area, "spread": round(own.spread, 4), "bound": round(own.bound, 4)},
            "fates": counted([entry["fate"] for course in courses.values() for entry in course["runs"]]),
            "substrates": courses,
        }
    )
    drawn = {title: lines for title, lines in plots(courses, config).items() if lines}
    pictures = [curves(drawn, columns=2, size=(620, 340), x_label="step")] if drawn else []
    result.figure(strip(subject, recordings, topologies), *pictures)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """How the runs moved, one row a substrate; and how many of all stayed, died or exploded."""
    rows, empty = [], metrics["loss of the empty substrate"]
    for name, numbers in metrics["substrates"].items():
        stayed = [run for run in numbers["runs"] if "rotation" in run]
        turns = ", ".join(f"{run['rotation']:+.1f}" for run in stayed)
        fates = ", ".join(f"{count} {fate}" for fate, count in numbers["fates"].items())
        fast = [run[key] for run in stayed for key in ("period of living cells", "period of change") if run[key]]
        slow = [run["slow period of living cells"] for run in stayed if run["slow period of living cells"]]
        periods = [
            f"{len(found)} of {number}" + "".join(f", {period['steps']:.0f}" for period in found)
            for found, number in ((fast, 2 * len(stayed)), (slow, len(stayed)))
        ]
        fates += "".join(f"; {count} {word}" for word, count in numbers["motions"].items())
        shown = [
            with_quartiles([run[key] / scale for run in stayed], digits) if stayed else ""
            for key, scale, digits in (("loss", empty, 3), ("loss around the seed", empty, 3), ("drift", 1, 2))
        ]
        rows.append([name, fates, *shown, turns, *periods])
    header = ["substrate", f"runs after {metrics['config']['steps']:,} steps", "relative loss where it is (quartiles)"]
    header += ["around the seed (raw)", "drift", "rotation of each run", "fast periods", "slow periods"]
    counts = [metrics["fates"].get(word, 0) for word in FATES]
    whole = rate(metrics["fates"].get("whole", 0), sum(counts))
    return {"motion": Table(header, rows), "fates": Table(["runs that are whole", *FATES[1:]], [[whole, *counts[1:]]])}


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="isotropic", tables=tables)
