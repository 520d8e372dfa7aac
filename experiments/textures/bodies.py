"""Bubbles counted: their density stays, those that come close become one or vanish, and each has a speed of its own.

    python experiments/textures/bodies.py                                         # texture-bubbly, under a minute
    python experiments/textures/bodies.py --rule models.json --model mixed4a_472 --colour 1 -1 0     # eyes
    python experiments/textures/bodies.py --rule models.json --model mixed4b_8 --colour -1 -1 -1 --substrate square

Self-Organising Textures (Niklasson et al. 2021) takes bubbles and eyes for solitons: their density hardly changes, one
of two that come too close collapses, they move at different speeds and never touch; eyes divide, and decay where they
meet. Here every body is followed from step to step on squares, hexagons and a mesh
(`graphnca.evaluation.texture_bodies`): a piece of cells that has more of `--colour` than its ground, where the ground
begins is found on squares once. Expect many small bodies at first, of which pairs merge and the crowded vanish, then a
number that stays, the same on all cells, while they go on moving.

Written to `--out`/NAME, for each rule:
    figure.webp     the first run on each substrate at some moments, with its number of bodies; below, the number over
                    time, and how fast they are
    animation.webp  it in motion, a dot on every body
    metrics.json    numbers at every look, and what became of the bodies
    tables.json     the same in short
"""

from dataclasses import dataclass
from statistics import mean, quantiles
from typing import Any

import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, draw_curves, montage
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import bounded
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_bodies import Bodies, Census, Contrast, bodies_of
from graphnca.results.figures import CURVE_SIZE, spread
from graphnca.results.options import BodyColour, OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import substrates

SHOWN = 6  # moments of the figure
FRAMES = 40  # of the animation, at most
SCALE = 2.0  # pixels a unit
DOT = 2.0  # pixels, its radius


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, BodyColour, Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("texture-bubbly",)
    """Textures whose bodies are counted."""
    meshes: int = 1
    steps: int = 4000
    """Length of a run."""
    every: int = 20
    """Steps between two looks."""
    begin: int = 100
    """Step from which bodies are followed."""
    settled: int = 2000
    """Step from which the number of bodies is to stay."""
    seed: int = 6500
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_bodies"


def followed(
    texture: Subject, topology: Data, contrast: Contrast, config: Config
) -> tuple[list[Census], list[tuple[int, Tensor, Bodies]]]:
    """What became of every run's bodies; and the first run at each look."""
    start = texture.seed(topology).expand(config.runs, -1, -1)
    censuses = [Census() for _ in range(config.runs)]
    before: list[Bodies] = []
    looks = []
    generator = torch.Generator().manual_seed(config.seed)
    for step, states in walk(texture.rule, start, topology, moments(config), generator=generator):
        after = [bodies_of(cells, topology) for cells in contrast.inside(bounded(states), topology)]
        for number, (census, found) in enumerate(zip(censuses, after, strict=True)):
            census.counts.append(len(found))
            if before:
                census.note(before[number], found, topology, config.every)
        before = after
        looks.append((step, bounded(states[0]), after[0]))
    return censuses, looks


def moments(config: Config) -> range:
    """The steps of the looks."""
    return range(config.begin, config.steps + 1, config.every)


def entry_of(censuses: list[Census], topology: Data, config: Config) -> dict[str, Any]:
    """The numbers of a substrate."""
    area = float(topology["area"].sum()) / 1000
    late = max(0, (config.settled - config.begin) // config.every)
    speeds = [speed for census in censuses for speed in census.speeds]
    return {
        "per 1000 square units": [
            round(mean(now) / area, 3) for now in zip(*(c.counts for c in censuses), strict=True)
        ],
        "settled": [[min(census.counts[late:]), max(census.counts[late:])] for census in censuses],
        "bodies at the end": [census.counts[-1] for census in censuses],
        **{
            word: [getattr(census, word) for census in censuses]
            for word in ("appeared", "vanished", "crowded", "merged", "divided")
        },
        "units in 100 steps": [round(100 * value, 3) for value in quantiles(speeds, n=4)] if len(speeds) > 1 else [],
    }


def dotted(picture: Image.Image, found: Bodies, topology: Data, scale: float) -> Image.Image:
    """The picture with a dot on the middle of each body."""
    pen, extent = ImageDraw.Draw(picture), topology["extent"].view(2).float()
    for x, y in ((found.places % extent) * scale).tolist():
        pen.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill="red")
    return picture


def measure(texture: Subject, config: Config, result: Result) -> None:
    """Follows and draws one rule."""
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    first = next(iter(topologies.values()))
    grown = texture.grow(first, config.runs, [config.settled], config.seed - 1)[config.settled]
    contrast = Contrast.of(config.weights, bounded(grown), first)
    entries, tiles, captions, lines, films = {}, [], [], {}, []
    for name, topology in result.progress(topologies.items()):
        censuses, looks = followed(texture, topology, contrast, config)
        entries[name] = entry_of(censuses, topology, config)
        canvas = CellCanvas(topology, scale=SCALE, window=(0.0, 0.0, float(config.size), float(config.size)))
        for step, state, found in spread(looks, SHOWN):
            tiles.append(texture.picture(canvas, state))
            captions.append(f"{name.split()[0]}, step {step:,}: {len(found)}")
        lines[name] = ([step for step, _, _ in looks], entries[name]["per 1000 square units"])
        films.append(
            [
                (step, dotted(texture.picture(canvas, state), found, topology, SCALE))
                for step, state, found in spread(looks, FRAMES)
            ]
        )
    result.record({"threshold": round(contrast.threshold, 4), "looks": list(moments(config)), "substrates": entries})
    columns = len(tiles) // len(topologies)
    density = draw_curves(
        lines, size=CURVE_SIZE, x_label="step", y_label="per 1000 square units", title="bodies, mean of the runs"
    )
    result.figure(montage(tiles, captions=captions, columns=columns, pad=5, font_size=12), density)
    names = [name.split()[0] for name in topologies]
    result.animation(
        (
            montage([picture for _, picture in now], captions=names, title=f"step {now[0][0]:,}", pad=5)
            for now in zip(*films, strict=True)
        ),
        fps=8,
    )


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Density early, settled and late; what became of the bodies; how fast they are."""
    config, looks, rows = metrics["config"], metrics["looks"], []
    late = max(0, (config["settled"] - config["begin"]) // config["every"])
    places = (0, late, len(looks) - 1)
    for name, entry in metrics["substrates"].items():
        density = entry["per 1000 square units"]
        row = [name, " / ".join(f"{looks[place]:,}" for place in places)]
        row += [" / ".join(f"{density[place]:.2f}" for place in places)]
        row += [", ".join(f"{low} to {high}" for low, high in entry["settled"])]
        row += [sum(entry[word]) for word in ("merged", "vanished", "crowded", "divided", "appeared")]
        rows.append([*row, " / ".join(f"{speed:.2f}" for speed in entry["units in 100 steps"])])
    header = ["substrate", "steps", "bodies per 1000 square units then", "of each run, from the second of them on"]
    header += ["merged", "vanished", "of these crowded", "divided", "appeared", "units in 100 steps, quartiles"]
    return {"bodies": Table(header, rows)}


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="texture", tables=tables)
