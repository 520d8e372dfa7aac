"""Which textures move, how fast and where to: of themselves, and where a training asked for it.

    python experiments/textures/motion.py                            # every shipped texture, twenty seconds each
    python experiments/textures/motion.py --rule texture-glassy --pictured texture-glassy

A texture is asked what it looks like, not that it stand still; the patterns of Self-Organising Textures (Niklasson et
al. 2021) wander in parts. `--motion` of a training asks for more: that the whole picture move on by so many units in
every step (`graphnca.losses.MotionLoss`). It is learnt on squares. Here every rule runs on a square torus, a hexagonal
one and a Voronoi mesh; two pictures some steps apart, at two moments, tell by the peak of their cross-correlation how
far everything has moved between them (`graphnca.evaluation.texture_motion`). On squares again with the frame turned by
a quarter: what a rule knows of directions it has from its perception alone, so its motion should turn with it.

Written to `--out`:
    figure.webp     the pictured rule on each substrate in steps of 32, and on a bunny whose frames show upwards
    animation.webp  it on a mesh, and on the bunny
    metrics.json    displacement of every run
    tables.json     the medians, in units to the right and down in 100 steps
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import SurfaceCanvas, montage
from graphnca.evaluation.named import read_subject, shipped_subjects
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_motion import displacement
from graphnca.rasterizers import Camera, NearestCell
from graphnca.results.figures import Strips
from graphnca.results.options import OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import bunny_mesh, substrates, surface_mesh, with_frames

SHARPNESS = 4  # pixels a unit in the pictures that are compared: a quarter of a unit is seen
PER = 100  # steps that displacements are given for
QUARTER = math.pi / 2
TURNED = "square, turned"
UP = (0.0, 1.0, 0.0)  # of the bunny
CAMERA = Camera(azimuth=math.radians(-20), elevation=math.radians(10))
SHOWN = 4  # moments of the figure
FRAMES, FRAME_STEPS, FPS = 32, 4, 12


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, Options):
    """What the command line can change."""

    steps: tuple[int, ...] = (500, 5000)
    """Moments at which two pictures are compared."""
    gap: int = 32
    """Steps between the two."""
    meshes: int = 1
    cells: int = 20_000
    """Of the bunny, about."""
    pixels: int = 200
    """Of its picture."""
    pictured: str = "texture-glassy"
    """The rule that is drawn."""
    seed: int = 6600
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_motion"


def measured(subject: Subject, topology: Data, config: Config, angle: float = 0.0) -> dict[str, Any]:
    """By how much each run moves in so many steps, and how alike the two pictures are then."""
    moments = [moment for step in config.steps for moment in (step, step + config.gap)]
    states = subject.grow(topology, config.runs, moments, config.seed, angle=angle)
    view = NearestCell(topology, scale=float(SHARPNESS))
    entry: dict[str, Any] = {"moved": {}, "alike": {}}
    for step in config.steps:
        before, after = (subject.images(states[moment], view) for moment in (step, step + config.gap))
        moved, alike = displacement(before, after)
        entry["moved"][str(step)] = (moved / SHARPNESS).tolist()
        entry["alike"][str(step)] = [round(value, 3) for value in alike.tolist()]
    return entry


def with_upright_frames(config: Config) -> Data:
    """A bunny in whose frames up is up: y points down, as in a picture."""
    bunny = with_frames(surface_mesh(bunny_mesh(), config.cells, seed=config.seed), UP)
    quarter = torch.full((bunny.num_nodes or 0,), QUARTER, dtype=torch.float64)
    return with_frames(bunny, quarter, fading=True)


def films(subject: Subject, topologies: Iterable[Data], config: Config) -> list[dict[int, Tensor]]:
    """One run on each substrate, from the first moment on."""
    first = config.steps[0]
    moments = sorted(
        {first + number * FRAME_STEPS for number in range(FRAMES)}
        | {first + number * config.gap for number in range(SHOWN)}
    )
    return [subject.grow(topology, 1, moments, config.seed) for topology in topologies]


def draw(subject: Subject, planes: dict[str, Data], config: Config, result: Result) -> None:
    """The figure and the animation."""
    bunny = with_upright_frames(config)
    runs = films(subject, [*planes.values(), bunny], config)
    strips, canvas = (
        Strips(subject, scale=config.pixels / config.size),
        SurfaceCanvas(bunny, config.pixels, camera=CAMERA),
    )

    def tile(number: int, moment: int) -> Image.Image:
        state = runs[number][moment][0]
        if number == len(planes):
            return subject.picture(canvas, state)
        return strips([(list(planes.values())[number], state, "")])

    moments = [config.steps[0] + number * config.gap for number in range(SHOWN)]
    tiles = [tile(number, moment) for number in range(len(runs)) for moment in moments]
    captions = [f"{name.split()[0]}, step {moment}" for name in (*planes, "bunny") for moment in moments]
    result.figure(montage(tiles, captions=captions, columns=SHOWN, pad=4, font_size=13))
    shown = (len(planes) - 1, len(planes))
    steps = [config.steps[0] + number * FRAME_STEPS for number in range(FRAMES)]
    result.animation([montage([tile(number, step) for number in shown], columns=2, pad=4) for step in steps], fps=FPS)


def main(config: Config, result: Result) -> None:
    """Every rule on every substrate."""
    planes = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    entries: dict[str, Any] = {}
    for name in result.progress(config.rule or shipped_subjects("texture"), "rule"):
        subject = read_subject(name)
        entry = {place: measured(subject, topology, config) for place, topology in planes.items()}
        if "square" in planes:
            entry[TURNED] = measured(subject, planes["square"], config, QUARTER)
        entries[subject.name] = {"asked": subject.card.get("motion"), "substrates": entry}
        if name == config.pictured:
            draw(subject, planes, config, result)
    result.record({"gap": config.gap, "rules": entries})


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Medians over the runs, in units to the right and down in 100 steps."""
    rules = metrics["rules"]
    places = list(next(iter(rules.values()))["substrates"])
    steps = list(next(iter(rules.values()))["substrates"][places[0]]["moved"])
    rows = []
    for name, entry in rules.items():
        asked = [PER * part for part in entry["asked"] or ()]
        cells = [
            in_words(
                [
                    PER / metrics["gap"] * median(axis)
                    for axis in zip(*entry["substrates"][place]["moved"][step], strict=True)
                ]
            )
            for place in places
            for step in steps
        ]
        rows.append([f"`{name}`", in_words(asked) if asked else "no", *cells])
    header = [
        "rule",
        "asked",
        *(f"{place.split()[0] if place != TURNED else place}, {int(step):,}" for place in places for step in steps),
    ]
    return {"motion": Table(header, rows, "Units to the right, and down, in 100 steps; medians of the runs.")}


def in_words(moved: list[float]) -> str:
    """A displacement."""
    return ", ".join(f"{part:+.1f}" if abs(part) >= 0.05 else "0" for part in moved)


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
