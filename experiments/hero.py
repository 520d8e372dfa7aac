"""The crispest rule that has seen squares alone, on three kinds of cells and on a sphere: what the README begins with.

    python experiments/hero.py        # a minute on one core

One rule, unchanged, from a single cell, on a square grid, hexagons, a Voronoi mesh and a sphere of random points; five
runs each, of which the median one is drawn. They are compared with what the same rule shows on squares, around the
seed; the sphere is unrolled for it. Expect the same lizard four times, with soft edges where cells are irregular.

Written to `--out`:
    figure.webp     the median runs, cell by cell
    metrics.json    cells and errors of all runs
    tables.json     the same
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, SurfaceCanvas, montage
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import rounded
from graphnca.evaluation.unrolled import patch, pattern_on_squares, unrolled_errors
from graphnca.places import nearest_cells
from graphnca.rasterizers import Camera
from graphnca.results.figures import median_run
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import sphere, substrates, with_frames

WINDOW, SCALE = 46.0, 7  # units of the plane that are shown, and pixels a unit
FAR = 1e3  # units: the cell nearest to a point so far towards the viewer is the foremost
CAMERA = Camera(azimuth=math.radians(-25), elevation=math.radians(15))
EDGES = "#00000018"
KINDS = {"square": "squares", "hex": "hexagons", "voronoi": "a Voronoi mesh", "sphere": "a sphere"}


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    rule: str = "growing-lizard"
    """A rule that grows upright."""
    cells: int = 5184
    """Of each substrate of the plane, about."""
    sphere: int = 6500
    """Of the sphere, about."""
    steps: int = 500
    runs: int = 5
    seed: int = 4300
    """Of mesh, sphere and firing."""
    out: str = "out/hero"


def seen_sphere(config: Config) -> tuple[Data, int]:
    """A sphere whose frames stand upright where the viewer looks, and the cell there."""
    topology = sphere(config.sphere, seed=config.seed)
    right, _, towards = CAMERA.axes.tolist()
    cell = int(nearest_cells(topology, FAR * torch.tensor([towards]))[0])
    return with_frames(with_frames(topology, tuple(right)), cell), cell


def drawn(state: Tensor, topology: Data) -> Image.Image:
    """Cell by cell, around the seed."""
    side = round(WINDOW * SCALE)
    if "frame" in topology:
        return SurfaceCanvas(topology, side, camera=CAMERA, interpolation="nearest").draw(state)
    left, top = ((length - WINDOW) / 2 for length in topology["extent"].view(2).tolist())
    window = (left, top, left + WINDOW, top + WINDOW)
    return CellCanvas(topology, scale=SCALE, window=window, edge_colour=EDGES).draw(state)


def main(config: Config, result: Result) -> None:
    """Grows, compares, draws."""
    subject = read_subject(config.rule)
    plane = substrates(("square", "hex", "voronoi"), config.cells, meshes=1, seed=config.seed)
    places: dict[str, tuple[Data, int | None]] = {name.split()[0]: (topology, None) for name, topology in plane.items()}
    places["sphere"] = seen_sphere(config)
    pattern = pattern_on_squares(subject.rule, places["square"][0], config.steps)
    tiles = []
    for kind, (topology, cell) in result.progress(places.items()):
        start = subject.seed(topology, at=cell)
        states = grow(subject.rule, topology, config.runs, (config.steps,), config.seed, start=start)[config.steps]
        errors = rounded(unrolled_errors(states, patch(topology, cell), pattern), 7)
        tiles.append(drawn(states[median_run(errors)], topology))
        result.substrate(kind, {"cells": topology.num_nodes, "errors": errors})
    result.figure(montage(tiles, captions=list(KINDS.values()), columns=len(tiles), pad=6))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Cells and errors."""
    rows = []
    for kind, entry in metrics["substrates"].items():
        errors = [f"{error:.1e}" for error in entry["errors"]]
        shown = errors[median_run(entry["errors"])]
        rows.append([KINDS[kind], f"{entry['cells']:,}", shown, ", ".join(errors)])
    return {"errors": Table(["cells", "how many", "mean squared error, the median run", "the runs"], rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
