"""A bunny's pattern: grown, cut in half, healed; two seeds at once; and ten thousand steps.

    python experiments/surfaces/healing.py --threads 1        # two minutes on one core
    python experiments/surfaces/healing.py --rule growing-lizard-hardened

The seed is the first random cell whose disk of 28 units unrolls one to one, with frames carried from there. The cut is
a plane in space through the seed, upright as the viewer sees it; what lies to its right dies. The second seed is the
cell nearest to a given way further in the direction of the first one's x, in the same frames.

Written to `--out`:
    figure.webp     grown, just cut, healed, after the long run; the two seeds
    metrics.json    errors of the unrolled pattern to the rule's own on squares, living areas
    tables.json     the same
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from graphnca.damage import erase, half_space
from graphnca.drawing import SurfaceCanvas, montage
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import ALIVE
from graphnca.evaluation.unrolled import one_to_one, patch, pattern_on_squares, unrolled_errors
from graphnca.geodesics import unrolled
from graphnca.rasterizers import Camera
from graphnca.results.options import OfRule, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subject_of
from graphnca.results.table import Table
from graphnca.seeds import point_seed
from topologies import bunny_mesh, square_grid, surface_mesh, with_frames

FAR = 1e3  # of a place that no patch reaches


@dataclass(frozen=True, kw_only=True)
class Config(OfRule, Options):
    """What the command line can change."""

    rule: str = "growing-lizard"
    """An upright rule."""
    cells: int = 9500
    """Of the bunny, about."""
    steps: int = 500
    """Of growth, and of healing."""
    long_steps: int = 10000
    apart: float = 45.0
    """Units between the two seeds."""
    pixels: int = 260
    """Of a picture's side."""
    seed: int = 4300
    """Of the cells, of the seed's place and of the firing."""
    out: str = "out/surfaces_healing"


def facing(direction: list[float]) -> Camera:
    """A camera from which a place with this outer normal is seen straight on."""
    x, y, z = direction
    return Camera(azimuth=math.atan2(x, z), elevation=math.asin(max(-1.0, min(1.0, y))))


def main(config: Config, result: Result) -> None:
    """One bunny."""
    subject = subject_of(config)
    bunny = surface_mesh(bunny_mesh(), config.cells, seed=config.seed)
    order = np.random.default_rng(config.seed).permutation(len(bunny["pos"])).tolist()
    seed = next((cell for cell in order[:100] if one_to_one(bunny, cell)), order[0])
    camera = facing(bunny["normal"][seed].tolist())
    right, _, _ = (tuple(axis) for axis in camera.axes.tolist())
    bunny = with_frames(with_frames(bunny, right), seed)
    places = unrolled(bunny, seed).nan_to_num(posinf=FAR)
    second = int((places - torch.tensor([config.apart, 0.0])).norm(dim=1).argmin())
    view = patch(bunny, seed)
    pattern = pattern_on_squares(subject.rule, square_grid(72, 72), config.steps)
    canvas = SurfaceCanvas(bunny, config.pixels, camera=camera)
    pictures, captions, moments = [], [], {}

    def note(name: str, states: torch.Tensor) -> None:
        pictures.append(subject.picture(canvas, states[0]))
        captions.append(name)
        area = float(((states[0, :, 3] > ALIVE) * bunny["area"]).sum())
        error = float(unrolled_errors(states, view, pattern))
        moments[name] = {"living area": round(area, 1), "error": round(error, 5)}

    def go_on(states: torch.Tensor, steps: int) -> torch.Tensor:
        return grow(subject.rule, bunny, 1, (steps,), config.seed, start=states[0])[steps]

    first = point_seed(bunny, subject.rule.num_channels, at=seed)
    whole = go_on(first[None], config.steps)
    note(f"step {config.steps:,}", whole)
    cut = erase(whole, half_space(bunny, tuple(bunny["pos"][seed].tolist()), right))
    note("cut", cut)
    note(f"{config.steps:,} steps later", go_on(cut, config.steps))
    note(f"uncut, step {config.long_steps:,}", go_on(first[None], config.long_steps))
    note("two seeds", go_on((first + point_seed(bunny, subject.rule.num_channels, at=second))[None], config.steps))
    result.record({"rule": subject.name, "seed at": seed, "moments": moments})
    result.figure(montage(pictures, captions=captions, columns=len(pictures), pad=4))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Living area and error at every moment."""
    rows = [[name, entry["living area"], f"{entry['error']:.4f}"] for name, entry in metrics["moments"].items()]
    return {"moments": Table(["", "living area, square units", "error to the pattern on squares, unrolled"], rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
