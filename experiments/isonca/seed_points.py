"""Which point of a structured seed stands for which part of its target: the seeds laid over the pictures.

    python experiments/isonca/seed_points.py                # seconds

Figure 2 of the IsoNCA paper (Mordvintsev et al. 2022): three points on a circle tell the lizard which way it lies; each
of the dancer's six stands for a part of its body. Seed and target share a centre, which is the cell that a point seed
would take, and one pixel of the target is a unit. Expect seeds that are smaller than their patterns: a point lies
beside its part, on the side of the middle.

Written to `--out`:
    figure.webp     every target, pale, with the points of its seed
    metrics.json    for every point where it lies, and whether the target is opaque there
    tables.json     the same
"""

from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from graphnca.drawing import montage, to_picture
from graphnca.evaluation.published_loss import PADDING, SIZE
from graphnca.evaluation.scores import ALIVE
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.rules import STRUCTURED_SEEDS
from graphnca.seeds import StructuredSeed
from graphnca.targets import load_target

SCALE = 6  # pixels of a picture for one of the target
PALE = 0.45  # of the target's own strength
RADIUS = 0.6  # units: of a dot


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    target: tuple[str, ...] = tuple(STRUCTURED_SEEDS)
    """Targets that have a structured seed."""
    out: str = "out/seed_points"


def places(seed: StructuredSeed, target: Tensor) -> Tensor:
    """Where the points lie in a target, (P, 2) in pixels (x, y) from its upper left corner."""
    height, width = target.shape[-2:]
    return seed.points + torch.tensor([width // 2 + 0.5, height // 2 + 0.5])


def overlay(seed: StructuredSeed, target: Tensor) -> Image.Image:
    """A pale target with the seed's points."""
    picture = to_picture(PALE * target, scale=SCALE)
    draw = ImageDraw.Draw(picture)
    for (x, y), colour in zip(places(seed, target).tolist(), seed.colours.tolist(), strict=True):
        box = [SCALE * (x - RADIUS), SCALE * (y - RADIUS), SCALE * (x + RADIUS), SCALE * (y + RADIUS)]
        draw.ellipse(box, fill=tuple(round(255 * value) for value in colour), outline="black")
    return picture


def main(config: Config, result: Result) -> None:
    """Target by target."""
    pictures, found = [], {}
    for name in config.target:
        if name not in STRUCTURED_SEEDS:
            raise SystemExit(f"--target: expected some of {' '.join(STRUCTURED_SEEDS)}, got {name!r}.")
        seed, target = STRUCTURED_SEEDS[name], load_target(name, size=SIZE, padding=PADDING)
        pictures.append(overlay(seed, target))
        where = places(seed, target).floor().long()
        found[name] = [
            {"colour": colour, "offset": [round(value, 1) for value in point], "on the target": bool(alive)}
            for colour, point, alive in zip(
                seed.colours.tolist(), seed.points.tolist(), target[3, where[:, 1], where[:, 0]] > ALIVE, strict=True
            )
        ]
    result.record({"points": found})
    result.figure(montage(pictures, captions=config.target, columns=len(pictures), pad=8))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """How many points each seed has, and how many lie on its target."""
    rows = [
        [name, len(points), sum(one["on the target"] for one in points)] for name, points in metrics["points"].items()
    ]
    return {"points": Table(["target", "points", "on the target"], rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
