"""One rule, eight angles: turn what the cells perceive, and the pattern turns; bend it, and the pattern bends.

    python experiments/growing/rotated_perception.py              # the shipped lizard, a few minutes on one core
    python experiments/growing/rotated_perception.py --rule growing-butterfly
    python experiments/growing/rotated_perception.py --rule ex3_butterfly.json --target butterfly

Growing NCA's last experiment: the Sobel pair is turned by an angle and the pattern grows turned the other way, without
retraining (Mordvintsev et al. 2020). Here on squares, hexagons and a Voronoi mesh, at eight angles, scored by log10 of
the mean squared error of RGBA to the target after the raster has been turned back. Turning pixels costs something by
itself: `painted` is the error of the target itself, painted onto the cells at the same angle and seen the same way.
Expect on squares the pattern's own error at 0, 90, 180 and 270 degrees, which are symmetries of the grid, and a little
more between them; on hexagons and meshes about the same at every angle.

Then every cell gets a frame of its own:

    bent      as if the pattern lay around a point 30 units below the seed: rows follow circles, columns point away
    twisted   by a quarter of a turn for every 30 units from the seed

A bent pattern is scored as it is and unbent, which takes the circles back to rows.

Written to `--out`/NAME, for each rule:
    figure.webp     eight angles on the three kinds of cells, the median run; the two fields, their frames as they lie,
                    and the bent pattern unbent
    animation.webp  the eight angles growing on a Voronoi mesh, and the fields
    metrics.json    the errors of every run
    tables.json     median errors at every angle, and in both fields
"""

import math
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import montage, to_picture
from graphnca.evaluation import frames
from graphnca.evaluation.bending import bent, twisted, unbent
from graphnca.evaluation.fates import counted, fates
from graphnca.evaluation.form import OwnForm, own_form
from graphnca.evaluation.pixel_error import log10_error
from graphnca.evaluation.scores import ALIVE, lost, rounded, window
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.upright import painted
from graphnca.results.figures import Strips, median_run
from graphnca.results.options import OfRules, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import substrates

ANGLES = tuple(range(0, 360, 45))  # degrees
SHOWN = 60  # units of the window that pictures show
FRAME_EVERY = 8  # steps between two frames of the animation
ANIMATED = 200  # steps that it shows
EXACT = -7.9  # log10 error below which the painted target is met to the last digit


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnSubstrates, Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("growing-lizard",)
    steps: int = 500
    """Length of a run."""
    meshes: int = 1
    runs: int = 5
    """Runs for each angle on each substrate."""
    seed: int = 2000
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/rotated_perception"


FIELDS = {"bent": bent, "twisted": twisted}


def grown(subject: Subject, topology: Data, turn: float | Tensor, config: Config) -> Tensor:
    """States `(runs, N, C)` of a pattern that is to lie turned by so much: what cells perceive turns the other way."""
    return subject.grow(topology, config.runs, [config.steps], config.seed, angle=-turn)[config.steps]


def turned(
    subject: Subject, topologies: dict[str, Data], config: Config, own: OwnForm, result: Result
) -> tuple[dict[str, dict[str, Any]], Image.Image]:
    """Grows the eight angles on every substrate: the numbers, and the median runs."""
    entries: dict[str, dict[str, Any]] = {name: {} for name in topologies}
    tiles = []
    for name, degrees in result.progress([(name, degrees) for name in topologies for degrees in ANGLES], "angle"):
        topology, angle = topologies[name], math.radians(degrees)
        states = grown(subject, topology, angle, config)
        errors = rounded(subject.log_error(states, topology, angle=angle), 3)
        perfect = painted(subject.target, topology, angle=angle)[None]
        entries[name][str(degrees)] = {
            "median log10 error": round(median(errors), 3),
            "log10 errors": errors,
            "log10 error as it lies": round(median(rounded(subject.log_error(states, topology), 3)), 3),
            "painted": round(float(subject.log_error(perfect, topology, angle=angle)), 3),
            "fates": counted(fates(states, topology, own)),
        }
        tiles.append((topology, states[median_run(errors)], f"{name.split()[0]}, {degrees}°\n{median(errors):.2f}"))
    strips = Strips(subject, scale=2, window=partial(window, side=SHOWN), pad=4, font_size=12)
    return entries, strips(tiles, columns=len(ANGLES))


def framed(
    subject: Subject, topologies: dict[str, Data], config: Config, result: Result
) -> tuple[dict[str, dict[str, Any]], Image.Image]:
    """Grows under the fields on every substrate: the numbers, and what it looks like."""
    entries: dict[str, dict[str, Any]] = {name: {} for name in topologies}
    strips = Strips(subject, scale=4, window=partial(window, side=SHOWN))
    tiles: list[Image.Image] = []
    captions: list[str] = []
    for name, topology in result.progress(topologies.items()):
        for field, turn_of in FIELDS.items():
            turn = turn_of(topology)
            states = grown(subject, topology, turn, config)
            entry = {
                "log10 errors as it lies": rounded(subject.log_error(states, topology), 3),
                "alive": (states[..., 3] > ALIVE).sum(-1).tolist(),
                "died or exploded": sum(bool(word) for word in lost(states)),
            }
            chosen, straight = 0, None
            if field == "bent":
                straight = unbent(states, topology, *subject.target.shape[-2:])
                entry["log10 errors unbent"] = rounded(log10_error(straight, subject.target), 3)
                chosen = median_run(entry["log10 errors unbent"])
            entries[name][field] = entry
            picture = subject.picture(strips.canvas(topology), states[chosen])
            tiles.append(frames.with_frames(picture, topology, turn, 4, window=window(topology, SHOWN)))
            captions.append(f"{name.split()[0]}, {field}")
            if straight is not None:
                edge = max(0, (straight.shape[-1] - SHOWN) // 2)
                shown = straight[chosen, :, edge : edge + SHOWN, edge : edge + SHOWN]
                tiles.append(to_picture(shown, scale=4))
                captions.append(f"unbent: {entry['log10 errors unbent'][chosen]:.2f}")
    return entries, montage(tiles, captions=captions, columns=len(FIELDS) + 1, pad=6)


def draw_growth(subject: Subject, topologies: dict[str, Data], config: Config, result: Result) -> None:
    """The eight angles on the last substrate, a mesh, and the fields on all of them."""
    *_, last = topologies
    turns = [(f"{degrees}°", last, math.radians(degrees)) for degrees in ANGLES]
    turns += [
        (f"{field}, {name.split()[0]}", name, turn(topologies[name]))
        for field, turn in FIELDS.items()
        for name in topologies
    ]
    steps = range(0, ANIMATED + 1, FRAME_EVERY)
    grown = [
        (topologies[name], subject.grow(topologies[name], 1, steps, config.seed, angle=-turn), caption)
        for caption, name, turn in turns
    ]
    strips = Strips(subject, scale=2, window=partial(window, side=SHOWN), pad=3, font_size=12)
    result.animation(
        (
            strips(
                [(topology, states[step][0], caption) for topology, states, caption in grown],
                columns=5,
                title=f"step {step}",
            )
            for step in steps
        ),
        fps=10,
    )


def measure(subject: Subject, config: Config, result: Result) -> None:
    """Grows, measures and draws one rule."""
    if not subject.has_target or not subject.rule.perception.uses_gradient:
        raise SystemExit(f"--rule: expected one with a target that perceives gradients, got {subject.name!r}.")
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    own = own_form(subject, substrates(("square",), config.cells)["square"])
    angles, at_angles = turned(subject, topologies, config, own, result)
    fields, in_fields = framed(subject, topologies, config, result)
    empty = round(subject.empty_log_error, 3)
    result.record({"log10 error of the empty substrate": empty, "angles": angles, "fields": fields})
    result.figure(at_angles, in_fields)
    draw_growth(subject, topologies, config, result)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The eight angles, in brackets the painted target; the bent and the twisted patterns."""
    angles, fields = [], []
    for name, entries in metrics["angles"].items():
        row = [name.split()[0]]
        for entry in entries.values():
            perfect = "exact" if entry["painted"] < EXACT else f"{entry['painted']:.2f}"
            row.append(f"{entry['median log10 error']:.2f} ({perfect})")
        angles.append(row)
    for name, entry in metrics["fields"].items():
        errors = [
            (field, f"log10 errors {key}")
            for field, key in (("bent", "as it lies"), ("bent", "unbent"), ("twisted", "as it lies"))
        ]
        found = [f"{median(entry[field][key]):.2f}" for field, key in errors]
        gone = " and ".join(str(each["died or exploded"]) for each in entry.values())
        fields.append([name.split()[0], *found, gone])
    degrees = [f"{angle}°" for angle in next(iter(metrics["angles"].values()))]
    header = ["cells", "bent: as it lies", "bent: unbent", "twisted: as it lies", "died or exploded (bent, twisted)"]
    return {"angles": Table(["cells", *degrees], angles), "fields": Table(header, fields)}


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="upright", tables=tables)
