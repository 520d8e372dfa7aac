"""The examples of the page on the command line, run as they are typed.

    python experiments/playground/command_line.py          # a few minutes
    python experiments/playground/command_line.py --publish

Every example is one command `graphnca ...`, run in the folder of the results, with what it prints. The own cells are
those of the page: a spiral of points, a bounded domain. Expect a lizard on a Voronoi mesh, one on hexagons that has
grown back from its right half, a butterfly turned by 45 degrees, and a lizard on the spiral.

Written to `--out`:
    *.png, *.webp       what the examples draw
    spiral.safetensors  the own cells
    figure.webp         the pictures beside each other, under their names
    animation.webp      the cut
    metrics.json        each command, what it printed, and its exit status
"""

import contextlib
import io
import math
import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from graphnca.cli import main as graphnca
from graphnca.drawing import montage
from graphnca.results.options import Options
from graphnca.results.result import ANIMATION, Result
from graphnca.results.run import run
from topologies import save_topology, voronoi_from_points

EXAMPLES = {
    "lizard": "graphnca grow isonca-lizard-any --substrate voronoi",
    "cut": "graphnca grow growing-lizard --substrate hex --damage 200:left --steps 400 --out cut",
    "turned": "graphnca grow growing-butterfly --angle 45 --steps 200 --out turned.png",
    "cells": "graphnca info spiral.safetensors",
    "spiral": "graphnca grow isonca-lizard-any --substrate spiral.safetensors --steps 1000 --out spiral.png",
    "misspelt": "graphnca grow isonca-lizzard",
}
SPIRAL = 4200  # points
SHOWN = ("isonca-lizard-any-voronoi.png", "turned.png", "spiral.png")
MOVING = "cut.webp"


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    examples: tuple[str, ...] = tuple(EXAMPLES)
    """Which of them."""
    out: str = "out/command_line"


def spiral(points: int) -> np.ndarray:
    """Points (N, 2) in the unit square: those of the square on a sunflower's spiral, at equal distances."""
    number = np.arange(2 * points)
    radius, angle = np.sqrt((number + 0.5) / points / math.pi), number * math.pi * (3 - math.sqrt(5))
    x, y = 0.5 + radius * np.cos(angle), 0.5 + radius * np.sin(angle)
    inside = (np.abs(x - 0.5) < 0.5) & (np.abs(y - 0.5) < 0.5)
    return np.stack([x[inside], y[inside]], axis=1)


def ran(command: str) -> dict[str, str | int]:
    """What a command prints, and its exit status."""
    out, problem = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(problem):
        status = graphnca(shlex.split(command)[1:])
    return {"command": command, "status": status, "prints": out.getvalue() or problem.getvalue()}


def main(config: Config, result: Result) -> None:
    """Runs the examples, in the folder of the results."""
    folder = result.folder
    folder.mkdir(parents=True, exist_ok=True)
    save_topology(voronoi_from_points(spiral(SPIRAL), (1.0, 1.0), periodic=False), folder / "spiral.safetensors")
    here = Path.cwd()
    os.chdir(folder)
    try:
        done = {name: ran(EXAMPLES[name]) for name in result.progress(config.examples, "example")}
    finally:
        os.chdir(here)
    for entry in done.values():
        print(f"$ {entry['command']}\n{entry['prints']}")
    result.record({"examples": done})
    if drawn := [name for name in SHOWN if (folder / name).exists()]:
        result.figure(montage([Image.open(folder / name) for name in drawn], captions=drawn))
    if (folder / MOVING).exists():
        shutil.copyfile(folder / MOVING, folder / ANIMATION)


if __name__ == "__main__":
    run(main, Config, __doc__)
