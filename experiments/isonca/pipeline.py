"""How the loss that minds no orientation is computed, stage by stage, for a target and what a rule grew for it.

    python experiments/isonca/pipeline.py                              # lizard and heart, half a minute
    python experiments/isonca/pipeline.py --rule isonca-spiderweb

Figures 3 and 4 of the IsoNCA paper (Mordvintsev et al. 2022). The target gets auxiliary channels that tell its sides
apart (a). Target and grown pattern are sharpened (b), and read along rings around the middle (c): a turn becomes a
shift along the rings. A correlation of the rings is then the loss at every shift at once, for the target and for its
mirror image (d); the least of all is the loss. Here the same stages, of `RotationInvariantLoss` as it stands, for a run
of a shipped rule; its lowest point says how that pattern lies, and the last picture is the target turned by so much.

Written to `--out`:
    figure.webp     every stage, for each rule
    metrics.json    the least loss of either chirality, and where it lies
    tables.json     the same
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from graphnca.drawing import draw_curves, montage, to_picture
from graphnca.drawing.colours import diverging_colours
from graphnca.evaluation.landscape import centred, degrees
from graphnca.evaluation.named import read_subjects
from graphnca.evaluation.published_loss import PUBLISHED_AUXILIARY, isotropic_loss
from graphnca.evaluation.subject import Subject
from graphnca.losses import RotationInvariantLoss
from graphnca.losses.sharpening import sharpening_matrix
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.targets import turn_target
from topologies import square_grid

SCALE = 2  # pixels of a picture for one of the target
COLOURS = 4  # channels of a target before its auxiliary ones


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("isonca-lizard", "isonca-heart")
    """Isotropic rules that grow from one cell."""
    steps: int = 1000
    """Length of the run."""
    size: int = 72
    """Cells along a side of the torus."""
    seed: int = 6300
    """Of the firing. Held out: nothing is trained or chosen by it."""
    out: str = "out/pipeline"


def channels(image: Tensor) -> Image.Image:
    """Colours and, beside them, every auxiliary channel: blue below zero, red above."""
    auxiliary = [Image.fromarray(np.uint8(diverging_colours(one.numpy(), 0.5))) for one in image[COLOURS:]]
    wide = [one.resize((SCALE * one.width, SCALE * one.height), Image.Resampling.NEAREST) for one in auxiliary]
    return montage([to_picture(image[:COLOURS], scale=SCALE), *wide], pad=3)


def sharpened(image: Tensor) -> Tensor:
    """As the loss compares it."""
    channels, height, width = image.shape
    flat = sharpening_matrix(height, width) @ image.view(channels, -1).double().numpy().T
    return torch.from_numpy(np.ascontiguousarray(flat.T)).float().view(image.shape)


def stages(image: Tensor, loss: RotationInvariantLoss) -> list[Image.Image]:
    """An image (C, H, W) with its channels, sharpened, and along rings: radii downwards, angles to the right."""
    sharp = sharpened(image)
    return [channels(image), channels(sharp), channels(loss.polar(sharp))]


@torch.no_grad()
def one_rule(subject: Subject, config: Config) -> tuple[dict[str, Any], Image.Image]:
    """The stages of a rule's target and of one of its runs, and the losses at all angles."""
    loss, grid = isotropic_loss(subject.goal), square_grid(config.size, config.size)
    state = subject.grow(grid, 1, (config.steps,), config.seed)[config.steps][0]
    target = loss.target
    image = subject.view(grid)(state)[: len(target)]
    found, landscape = loss.match(image[None]), loss.landscape(image[None])[0]
    turned = turn_target(target.flip(-2) if bool(found.mirrored) else target, float(found.angle))
    side = (turned.shape[-1] - target.shape[-1]) // 2
    turned = turned[:, side : side + target.shape[-2], side : side + target.shape[-1]]
    names = [f"{word}: {stage}" for word in ("target", "grown") for stage in ("(a) channels", "(b) sharp", "(c) rings")]
    pictures = montage([*stages(target, loss), *stages(image, loss)], captions=names, columns=3, pad=6)
    angles = degrees(loss.num_angles)
    lines = {
        name: (list(angles), centred(values).tolist())
        for name, values in zip(("target", "mirrored"), landscape, strict=True)
    }
    curve = draw_curves(lines, size=(620, 280), x_label="degrees", title="(d) loss at every angle")
    below = montage(
        [curve, channels(image), channels(turned)],
        captions=["", "grown", f"target, turned by {math.degrees(float(found.angle)):.0f}°"],
        columns=3,
        pad=6,
    )
    entry = {
        "auxiliary channels": PUBLISHED_AUXILIARY.get(subject.goal, "binary"),
        "degrees": round(math.degrees(float(found.angle)), 1),
        "mirrored": bool(found.mirrored),
        "losses": [round(float(values.min()), 3) for values in landscape],
        "median over angles": round(float(landscape.median()), 3),
    }
    return entry, montage([pictures, below], columns=1, title=subject.name, pad=4)


def main(config: Config, result: Result) -> None:
    """Rule by rule."""
    rules, pictures = {}, []
    for subject in result.progress(read_subjects(config.rule, "isotropic"), "rule"):
        rules[subject.name], picture = one_rule(subject, config)
        pictures.append(picture)
    result.record({"rules": rules})
    result.figure(montage(pictures, columns=1, pad=10))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Where the least loss lies."""
    rows = [
        [
            f"`{name}`",
            entry["auxiliary channels"] or "none",
            *entry["losses"],
            entry["median over angles"],
            f"{entry['degrees']:.0f}°{', mirrored' if entry['mirrored'] else ''}",
        ]
        for name, entry in metrics["rules"].items()
    ]
    header = ["rule", "auxiliary channels", "least loss", "least, mirrored", "median of all angles", "how it lies"]
    return {"losses": Table(header, rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
