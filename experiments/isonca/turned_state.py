"""A grown state resampled in a turned frame: what perceives gradients falls apart, what is isotropic goes on.

    python experiments/isonca/turned_state.py                        # four shipped rules, two minutes of one core
    python experiments/isonca/turned_state.py --rule growing-newt isonca-spiderweb
    python experiments/isonca/turned_state.py --rule ex3_ladybird.json cadata.json

Figure 1 of the IsoNCA paper (Mordvintsev et al. 2022). A pattern grows; then all channels of its state are read as a
picture of one pixel a unit, turned about the seed, and read back by the cells, bilinearly, and the rule goes on. A
living creature would bear that. A rule that perceives gradients takes its directions from the cells, not from the
state: turned tissue is wrong tissue to it. An isotropic rule can't know that it was turned, but for what resampling
itself costs: that is what the turn by 0 degrees says on other cells than squares, where every resampling blurs.

`with its cells` turns the frames in which cells perceive by the same angle, and then the same Growing rule bears it:
what was missing was a direction, and the cells had it.

Written to `--out`:
    figure.webp     every rule on each kind of cells, turned by the largest of `--angles` that is no symmetry of
                    squares: before, just turned, and later
    animation.webp  the first rule and the first isotropic one, on squares
    metrics.json    what became of every run, and by how much it lies turned in the end
    tables.json     runs that are whole
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import montage
from graphnca.evaluation.fates import between, counted, looks
from graphnca.evaluation.form import OwnForm, own_form
from graphnca.evaluation.named import read_subjects
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import window
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.upright import painted, upright
from graphnca.results.figures import Strips
from graphnca.results.options import OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import first_of_each_kind, substrates

WITH_CELLS = "with its cells"
SIDE = 60.0  # units that a picture shows
SHOWN = (0, 20, 100)  # steps after the turn that are drawn, besides the last
FRAME_EVERY = 4  # steps between two frames of the animation
ANIMATED = 160  # steps that it shows


@dataclass(frozen=True, kw_only=True)
class Config(OnSubstrates, Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("growing-lizard", "growing-butterfly", "isonca-lizard-any", "isonca-heart")
    """Shipped rules by name, .safetensors files, folders or published models."""
    angles: tuple[int, ...] = (0, 45, 90)
    """Degrees of the turns."""
    grown: int = 1000
    """Steps before the turn."""
    steps: int = 500
    """Steps after it."""
    meshes: int = 1
    seed: int = 7200
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/turned_state"

    @property
    def oblique(self) -> int:
        """The largest of the angles that is no symmetry of squares."""
        return max((angle for angle in self.angles if angle % 90), default=max(self.angles))


def resampled(states: Tensor, topology: Data, angle: float) -> Tensor:
    """States (B, N, C) as they are read in a frame that is turned by radians about the seed."""
    side = int(topology["extent"].min()) | 1  # an odd number: the seed is in the middle of a pixel
    pictures = upright(topology, side, side)(states)
    return torch.stack([painted(picture, topology, angle=angle) for picture in pictures])


def turns(subject: Subject, config: Config) -> Iterator[tuple[str, float, float | None]]:
    """Every turn's name, the radians by which the state is turned, and those by which perception is."""
    for degrees in config.angles:
        yield f"{degrees}°", math.radians(degrees), None
    if subject.rule.perception.has_direction:
        turn = math.radians(config.oblique)
        yield f"{config.oblique}°, {WITH_CELLS}", turn, -turn


def course(subject: Subject, topology: Data, config: Config, own: OwnForm) -> tuple[dict[str, Any], list[Tensor]]:
    """What becomes of the runs after every turn, and how the first one looks: grown, turned obliquely, and later."""
    states = subject.grow(topology, config.runs, (config.grown,), config.seed)[config.grown]
    before = looks(states, topology, own)
    entry: dict[str, Any] = {"grown": counted([look.fate(own) for look in before])}
    pictures = [states[0]]
    moments = {*SHOWN, config.steps}
    for name, turn, angle in turns(subject, config):
        start = resampled(states, topology, turn)
        courses = grow(subject.rule, topology, config.runs, moments, config.seed + 1, start=start, angle=angle)
        after = looks(courses[config.steps], topology, own)
        turned = [between(first, then, topology)[1] for first, then in zip(before, after, strict=True)]
        entry[name] = {"fates": counted([look.fate(own) for look in after]), "degrees": [round(t, 1) for t in turned]}
        if name == f"{config.oblique}°":
            pictures += [courses[step][0] for step in sorted(moments)]
    return entry, pictures


def animated(subjects: list[Subject], square: Data, config: Config) -> Iterator[Any]:
    """The first rule and the first isotropic one, a run each on squares, from the turn on."""
    isotropic = [subject for subject in subjects if not subject.rule.perception.has_direction]
    chosen = list(dict.fromkeys([subjects[0], *isotropic[:1]]))
    frames = range(0, min(ANIMATED, config.steps) + 1, FRAME_EVERY)
    courses = []
    for subject in chosen:
        grown = subject.grow(square, 1, (config.grown,), config.seed)[config.grown]
        start = resampled(grown, square, math.radians(config.oblique))
        strips = Strips(subject, scale=4.0, window=partial(window, side=SIDE))
        courses.append((subject, strips, grow(subject.rule, square, 1, frames, config.seed + 1, start=start)))
    for step in frames:
        tiles = [strips([(square, states[step][0], subject.name)]) for subject, strips, states in courses]
        yield montage(tiles, title=f"{step} steps after a turn by {config.oblique}°", pad=6)


def main(config: Config, result: Result) -> None:
    """Rule by rule."""
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    square = substrates(("square",), config.cells)["square"]
    later = [f"{step} steps later" for step in sorted({*SHOWN[1:], config.steps})]
    words = [f"step {config.grown}", f"turned by {config.oblique}°", *later]
    rules, rows, subjects = {}, [], read_subjects(config.rule, "upright")
    for subject in result.progress(subjects, "rule"):
        own = own_form(subject, square)
        strips = Strips(subject, scale=2.5, window=partial(window, side=SIDE), pad=4, font_size=12)
        entries = {}
        for name, topology in topologies.items():
            entries[name], states = course(subject, topology, config, own)
            if name in first_of_each_kind(topologies):
                captions = [f"{name.split()[0]}, {word}" for word in words]
                tiles = [(topology, *tile) for tile in zip(states, captions, strict=True)]
                rows.append(strips(tiles, columns=len(words), title=subject.name))
        rules[subject.name] = entries
    result.record({"rules": rules})
    result.figure(montage(rows, columns=1, pad=2))
    result.animation(animated(subjects, square, config), fps=10)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Every rule on every substrate: whole runs after every turn, and by how much they lie turned."""
    config = metrics["config"]
    angles, runs = [f"{angle}°" for angle in config["angles"]], config["runs"]
    kept = {key for entries in metrics["rules"].values() for entry in entries.values() for key in entry} - {"grown"}
    columns = [*angles, *sorted(kept - set(angles))]
    rows = []
    for rule, entries in metrics["rules"].items():
        for name, entry in entries.items():
            row = [f"`{rule}`", name.split()[0], f"{entry['grown'].get('whole', 0)} of {runs}"]
            for column in columns:
                if column not in entry:
                    row.append("has no frame")
                    continue
                fates, turned = entry[column]["fates"], median(entry[column]["degrees"])
                words = ", ".join(f"{number} {fate}" for fate, number in fates.items())
                row.append(f"{words} ({turned:+.0f}°)" if fates.get("whole", 0) > runs / 2 else words)
            rows.append(row)
    header = ["rule", "cells", f"whole at step {config['grown']:,}", *columns]
    caption = (
        f"What the runs are {config['steps']:,} steps after their state was resampled in a frame turned by so much, "
        "and in brackets, where most are whole, by how many degrees they lie turned then, in the median."
    )
    return {"turns": Table(header, rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
