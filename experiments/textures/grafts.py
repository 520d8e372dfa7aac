"""Grafts: two textures blended on one substrate, of which one was trained on from the other, or that are strangers.

    python experiments/textures/grafts.py texture_pytorch_dots.npz texture_pytorch_dots_chess.npz

The authors of Self-Organising Textures train one rule on from another and let both live on one grid: in every step a
cell's new state is a blend of what the two make of it, by a mask that is 0 here and 1 there. Their hidden channels mean
the same, so the patterns grow into each other. Here their published pair is grafted so, and beside it two shipped
rules that have nothing in common, on squares, hexagons and a mesh: by a ramp from one side of the substrate to the
middle and back, and in a disc. Expect squares that dissolve into dots within the ramp of the pair, and of the strangers
a pale haze.

Two numbers where the ramp is between a quarter and three quarters, both beside those of the same place under either
rule alone: contrast, the root mean squared deviation from the mean colour, and strangeness, how far patches of 11x11
pixels are from those of the nearer of the two textures, in shares of a flat image's distance (`TextureMeter.shares`).

Written to `--out`:
    figure.webp     a row for each pair and kind of cells: each alone, the ramp, the disc
    animation.webp  the first pair, by ramp and disc, on the last kind of cells
    metrics.json    both numbers of every pair on every substrate
    tables.json     the same
"""

import math
from dataclasses import dataclass
from statistics import mean
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.frames import offset_from
from graphnca.evaluation.mapped import blended
from graphnca.evaluation.named import read_subjects
from graphnca.evaluation.scores import bounded
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.features import Patches
from graphnca.results.figures import Strips
from graphnca.results.options import OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import substrates

RIM, SHARPNESS = 0.6, 8.0  # of the disc: half a side is 1; the notebook's
ZONE = (0.25, 0.75)  # of the ramp: where neither rule has the say
LEAST_SIZE = 72  # units: the zone is a sixth of it, and patches are 11 wide
SCALE = 1.5  # pixels a unit
FRAMES = 20  # of the animation


@dataclass(frozen=True, kw_only=True)
class Config(OnTextures, Options):
    """What the command line can change."""

    parent: str
    """A texture rule."""
    child: str
    """One that was trained on from it."""
    strangers: tuple[str, ...] = ("texture-interlaced", "texture-dotted")
    """Two that were not."""
    size: int = 96
    """Units along a side of the substrates."""
    meshes: int = 1
    steps: int = 600
    """Length of a run."""
    seed: int = 7000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_grafts"


def ramp(topology: Data) -> Tensor:
    """From 0 at the sides to 1 in the middle, a cosine."""
    x = topology["pos"][:, 0] / topology["extent"][0, 0]
    return (0.5 - 0.5 * (2 * math.pi * x).cos()).float()


def disc(topology: Data) -> Tensor:
    """1 in a disc, with a soft rim."""
    radius = 2 * offset_from(topology, (0.5, 0.5)).norm(dim=-1) / topology["extent"].min()
    return torch.sigmoid((RIM - radius) * SHARPNESS).float()


def zones(images: Tensor) -> list[Tensor]:
    """The parts of pictures where the ramp is between, on the way up and on the way down."""
    low, high = (round(math.acos(1 - 2 * value) / (2 * math.pi) * images.shape[-1]) for value in ZONE)
    return [images[..., low:high], images[..., images.shape[-1] - high : images.shape[-1] - low]]


def contrast(images: Tensor) -> float:
    """The root mean squared deviation from the mean colour, in the zones."""
    return mean(float((zone - zone.mean((-2, -1), keepdim=True)).square().mean().sqrt()) for zone in zones(images))


def one_pair(
    pair: list[Subject], topology: Data, config: Config, tiles: list[tuple[Data, Tensor, str]], place: str
) -> dict[str, Any]:
    """The numbers of a pair on a substrate; its pictures are added to the others."""
    view = pair[0].view(topology, size=config.size)

    def pictures(states: Tensor) -> Tensor:
        return pair[0].images(states, view).clamp(0, 1)

    alone = [texture.grow(topology, config.runs + 1, [config.steps], config.seed)[config.steps] for texture in pair]
    masks = {"ramp": ramp(topology), "disc": disc(topology)}
    grafts = {
        name: bounded(blended(pair, topology, mask, [config.steps], config.runs, config.seed)[config.steps])
        for name, mask in masks.items()
    }
    meters = [TextureMeter(Patches(), pictures(states)[0]) for states in alone]
    entry = {"contrast": {}, "strangeness": {}, "largest": round(float(grafts["ramp"].abs().max()), 2)}
    runs = {texture.name: states[1:] for texture, states in zip(pair, alone, strict=True)} | {"ramp": grafts["ramp"]}
    for name, states in runs.items():
        images = pictures(states)
        shares = [torch.stack([meter.shares(zone) for zone in zones(images)]) for meter in meters]
        entry["contrast"][name] = round(contrast(images), 4)
        entry["strangeness"][name] = round(float(torch.minimum(*shares).mean()), 4)
    shown = [*(states[0] for states in alone), *(states[0] for states in grafts.values())]
    for state, word in zip(shown, [*(texture.name for texture in pair), *grafts], strict=True):
        tiles.append((topology, state, f"{place.split()[0]}: {word}"))
    return entry


def main(config: Config, result: Result) -> None:
    """Grafts, measures and draws."""
    if config.size < LEAST_SIZE:
        raise SystemExit(
            f"--size: expected at least {LEAST_SIZE}, so that patches fit into the ramp, got {config.size}."
        )
    pairs = {
        "parent and child": read_subjects([config.parent, config.child], "texture"),
        "strangers": read_subjects(config.strangers, "texture"),
    }
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    entries: dict[str, Any] = {}
    tiles: list[tuple[Data, Tensor, str]] = []
    for kind, name in result.progress([(kind, name) for kind in pairs for name in topologies]):
        entry = one_pair(pairs[kind], topologies[name], config, tiles, name)
        entries.setdefault(kind, {})[name] = entry
    result.record({"pairs": {kind: [one.name for one in pair] for kind, pair in pairs.items()}, "grafts": entries})
    side = float(config.size)
    strips = Strips(pairs["parent and child"][0], scale=SCALE, window=(0.0, 0.0, side, side), pad=4)
    result.figure(strips(tiles, columns=4))
    last = list(topologies.values())[-1]
    moments = sorted({max(1, round(config.steps * (number / FRAMES) ** 2)) for number in range(1, FRAMES + 1)})
    pair = pairs["parent and child"]
    courses = {mask.__name__: blended(pair, last, mask(last), moments, 1, config.seed) for mask in (ramp, disc)}
    result.animation(
        (
            strips([(last, bounded(course[step][0]), word) for word, course in courses.items()], title=f"step {step}")
            for step in moments
        ),
        fps=6,
    )


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Contrast and strangeness between the two textures, beside those of either alone."""
    rows = []
    for kind, places in metrics["grafts"].items():
        for place, entry in places.items():
            numbers = [f"{value:.3f}" for number in ("contrast", "strangeness") for value in entry[number].values()]
            rows.append([f"{kind}: {', '.join(metrics['pairs'][kind])}", place, *numbers, f"{entry['largest']:.2f}"])
    header = [
        "pair",
        "cells",
        *(f"{n}: {w}" for n in ("contrast", "strangeness") for w in ("first alone", "second", "graft")),
    ]
    return {"grafts": Table([*header, "largest state"], rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
