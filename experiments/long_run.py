"""10,000 steps of every shipped isotropic rule on every kind of cells: does it stay, drift, turn, pulse, die, explode?

    python experiments/long_run.py                                  # all of them, a few minutes a rule on two cores
    python experiments/long_run.py --rule isonca-lizard-any --runs 8    # 40 runs of one rule
    python experiments/long_run.py --rule cadata.json               # a published model file

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
    fate       grown, off-target (its loss where it lies is above half the empty sheet's), died or exploded, and when

The paper says that its lizards slowly rotate. Expect no death and no explosion; the authors' own lizard turns by 1 to 3
degrees per 1,000 steps on squares, anticlockwise if it is not mirrored.

Written to `--out`/NAME, for each rule:
    curves.png      loss, living cells, angle and distance over time, the median run of each sheet
    strip.png       one run on each sheet at several moments
    metrics.json    every run
"""

import argparse
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from protocol.pattern import Pattern, isotropic_rules, pattern_of
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, draw_curves, montage, save_image
from graphnca.evaluation.tracking import PERIODS, Recording, check, course_of, followed_runs, summary
from graphnca.results.result import publish, write_metrics
from topologies import KINDS, substrates
from topologies.kinds import CELLS

CURVE_SIZE = (620, 340)


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: tuple[str, ...] = ()
    """Shipped rules, .safetensors files or published models; empty: every shipped isotropic rule."""
    substrate: tuple[str, ...] = tuple(KINDS)
    """Kinds of cells."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    meshes: int = 3
    """How many Voronoi meshes."""
    steps: int = 10_000
    """Length of a run, a multiple of `every`."""
    every: int = 200
    """Steps between two recordings, a multiple of 50."""
    settled: int = 1000
    """Step from which drift and rotation are measured: by then a pattern is formed."""
    dense: int = 600
    """Last steps that are looked at one by one for a period, a multiple of `every`; 0: none."""
    runs: int = 4
    """Runs on each sheet."""
    seed: int = 3000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/long_run"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


def curves(courses: dict[str, dict[str, Any]], config: Config) -> Image.Image:
    """Four plots: the median over the runs that stayed, one line a sheet."""
    moments = np.arange(config.every, config.steps + 1, config.every)
    plots = {
        "loss where the pattern is": ("loss over time", moments),
        "living cells": ("alive over time", moments),
        "turned since it settled, degrees": ("angle", moments[moments >= config.settled]),
        "distance of the centroid from where it settled, units": ("away", moments[moments >= config.settled]),
    }
    pictures = []
    for label, (name, time) in plots.items():
        lines = {}
        for sheet, course in courses.items():
            values = [entry[name] for entry in course["runs"] if "drift" in entry]
            if values:
                lines[sheet] = (time, np.median(np.array(values, dtype=np.float64), axis=0))
        if lines:
            pictures.append(draw_curves(lines, size=CURVE_SIZE, title=label, x_label="step"))
    blank = Image.new("RGB", CURVE_SIZE, "white")
    return montage(pictures or [blank], columns=2, pad=6)


def strip(recordings: dict[str, Recording], topologies: dict[str, Data]) -> Image.Image:
    """The first run of each sheet, one row a sheet, at several moments."""
    tiles, captions = [], []
    for name, recording in recordings.items():
        canvas = CellCanvas(topologies[name], scale=2.0)
        for moment, state in recording.shown:
            tiles.append(canvas.draw(state))
            captions.append(f"{name}, {moment:,}")
    return montage(tiles, captions=captions, columns=len(tiles) // len(recordings), pad=4, font_size=12)


def show(pattern: Pattern, courses: dict[str, dict[str, Any]]) -> None:
    """Prints the table of a rule."""
    print(f"\n{pattern.name}: the empty sheet has loss {pattern.empty_loss:.1f}.")
    print(f"{'sheet':<14}{'run':>4}{'loss':>7}{'drift':>8}{'rotation':>10}  {'periods':<20}fate")
    for name, course in courses.items():
        for entry in course["runs"]:
            if "drift" not in entry:
                print(f"{name:<14}{entry['run']:>4}{'':>25}  {'':<20}{entry['fate']} by step {entry['lost by step']}")
                continue
            periods = ", ".join(f"{entry[name]['steps']:.1f}" if entry[name] else "none" for name in PERIODS)
            moved = f"{entry['loss']:>7.2f}{entry['drift']:>8.3f}{entry['rotation']:>10.2f}"
            print(f"{name:<14}{entry['run']:>4}{moved}  {periods:<20}{entry['fate']}")


def main(config: Config) -> None:
    """Runs, measures, draws and prints, rule by rule.

    Raises:
        SystemExit: Lengths that do not divide as they must.
    """
    try:
        check(config)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    for name in config.rule or isotropic_rules():
        pattern = pattern_of(name)
        out = Path(config.out) / pattern.name
        out.mkdir(parents=True, exist_ok=True)
        recordings, courses = {}, {}
        for sheet, topology in tqdm(topologies.items(), desc=pattern.name, unit="sheet"):
            recordings[sheet] = followed_runs(pattern, topology, config)
            courses[sheet] = summary(course_of(recordings[sheet], pattern, topology, config), topology)
        show(pattern, courses)
        fates = Counter(entry["fate"] for course in courses.values() for entry in course["runs"])
        print(", ".join(f"{count} {fate}" for fate, count in fates.items()) + f" of {fates.total()} runs.")
        write_metrics(
            out,
            {
                "config": asdict(config),
                "rule": pattern.name,
                "target": pattern.target,
                "structured seed": pattern.structured,
                "loss of the empty sheet": round(pattern.empty_loss, 2),
                "fates": dict(fates),
                "sheets": courses,
            },
        )
        save_image(out / "curves.png", curves(courses, config))
        save_image(out / "strip.png", strip(recordings, topologies))
        if config.publish:
            publish(out, f"long_run_{pattern.name}")
        print(f"Pictures and metrics.json are in {out}/.")


def arguments() -> Config:
    """The configuration from the command line."""
    default = Config()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rule",
        nargs="+",
        default=default.rule,
        help="shipped rules or paths; every shipped isotropic one if not given",
    )
    parser.add_argument("--substrate", nargs="+", choices=KINDS, default=default.substrate)
    parser.add_argument("--cells", type=int, default=default.cells, help="cells of each sheet, about")
    parser.add_argument("--meshes", type=int, default=default.meshes, help="how many Voronoi meshes")
    parser.add_argument("--steps", type=int, default=default.steps, help="length of a run")
    parser.add_argument("--every", type=int, default=default.every, help="steps between two recordings")
    parser.add_argument("--settled", type=int, default=default.settled, help="step from which motion is measured")
    parser.add_argument("--dense", type=int, default=default.dense, help="last steps that are looked at one by one")
    parser.add_argument("--runs", type=int, default=default.runs, help="runs on each sheet")
    parser.add_argument("--seed", type=int, default=default.seed, help="of the runs and the meshes")
    parser.add_argument("--out", default=default.out, help="folder for the results")
    parser.add_argument("--publish", action="store_true", help="also copy them into docs/results")
    values = vars(parser.parse_args())
    return Config(**{**values, "rule": tuple(values["rule"]), "substrate": tuple(values["substrate"])})


if __name__ == "__main__":
    main(arguments())
