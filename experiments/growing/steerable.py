"""A rule that needs no up: a lizard from one seed, anywhere on any surface, whatever the field of frames.

    python experiments/growing/steerable.py           # the shipped rule, a few minutes on one core

A steerable rule perceives gradients in a frame of the cell's own (`steered_gradient`), so its pattern lies as the seed
does, two cells of different colour. It is compared with what it grows itself on squares, turned to fit about the seed:
mean squared error of RGBA on 57x57 pixels of one unit. On squares and flat Voronoi meshes, with seeds that lie in any
direction; on a sphere of random points, from seeds all over it; and from the same cells on the same sphere with every
frame turned at random, with operators averaged over directions in both cases. An upright rule grows in the same places,
to compare: it follows the field of frames, and is lost without one. Expect errors on both spheres as on flat meshes,
and no relation to the distance between a seed and the places where the smoothest field of frames is singular.

Written to `--out`:
    figure.webp     patterns as they lie on squares, meshes and both spheres; many on a sphere and a bunny
    animation.webp  the same, as they grow
    metrics.json    the error of every run
    tables.json     medians and worst
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.stats import rankdata
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.utils import scatter

from graphnca.drawing import SurfaceCanvas, montage, to_picture, turntable
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.pixel_error import REFERENCE_SEED
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import bounded, rounded
from graphnca.evaluation.subject import Subject, SubjectError
from graphnca.evaluation.upright import pattern_angles, upright
from graphnca.losses import RotationInvariantLoss
from graphnca.rasterizers import Camera, TangentPatch
from graphnca.results.options import OfRule, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import bunny_mesh, sphere, substrate_of_cells, surface_mesh, with_frames

SIDE = 57  # pixels and units: an odd number, so that the seed lies in the middle of a pixel
SHOWN = 35  # of them, in the middle, that pictures show
FLOODED = 5  # runs of the upright rule amid frames at random, where it covers the whole sphere
APART = 26.0  # units, at least, between the seeds of a surface that is covered with patterns
FAR = 20.0  # units from the first singularity of the frames, beyond which the second one is looked for
RANKS = "rank correlation with distance to a singularity"
Draw = Callable[[int], Tensor]
"""A run -> the picture around its seed."""


@dataclass(frozen=True, kw_only=True)
class Config(OfRule, Options):
    """What the command line can change."""

    rule: str = "growing-lizard-steerable"
    upright: str = "growing-lizard"
    """A rule that is not steerable, to compare at the first of the steps."""
    steps: tuple[int, ...] = (500, 2000)
    """When patterns are compared; those of the first are shown."""
    cells: int = 5184
    """Cells of each flat substrate."""
    meshes: int = 10
    """Flat Voronoi meshes, with two runs each."""
    sphere: int = 9500
    """Cells of the sphere."""
    seeds: int = 20
    """Runs on the sphere."""
    bunny: int = 9000
    """Cells of the bunny."""
    frames: int = 16
    """Of the animation."""
    seed: int = 3000
    """Of all runs, places and frames; the meshes have the numbers after it. Nothing is trained or chosen by it."""
    out: str = "out/steerable"


class Own:
    """What a rule grows on squares, and how far others are from it, turned to fit; by the steps."""

    def __init__(self, subject: Subject, square: Data, steps: tuple[int, ...]) -> None:
        self.square, self.states, self.loss = square, {}, {}
        start = subject.seed(square)
        for step, states in grow(subject.rule, square, 1, steps, REFERENCE_SEED, start=start).items():
            self.states[step] = bounded(states)[0, :, :4]
            self.loss[step] = RotationInvariantLoss(self.turned(step, 0.0), mirror=False)

    def turned(self, step: int, angle: float) -> Float[Tensor, "4 h w"]:
        """Its picture, turned by an angle from x towards y."""
        return upright(self.square, SIDE, SIDE, angle=-angle)(self.states[step])

    def errors(self, step: int, count: int, draw: Draw) -> list[float]:
        """One a run."""
        pictures = torch.stack([draw(number) for number in range(count)])
        angles, _ = pattern_angles(pictures, self.loss[step])
        own = torch.stack([self.turned(step, float(angle)) for angle in angles])
        return rounded((pictures - own).square().mean((1, 2, 3)), 6)


def flat(topology: Data, states: Float[Tensor, "b n c"]) -> Draw:
    """Patterns in the plane."""
    view = upright(topology, SIDE, SIDE)
    return lambda number: view(bounded(states)[number, :, :4])


def curved(views: list[TangentPatch], states: Float[Tensor, "b n c"]) -> Draw:
    """Patterns on a surface, each unrolled around the cell that it grew from."""
    return lambda number: views[number](bounded(states)[number, :, :4])


def singular_cells(topology: Data) -> Int[Tensor, " 2"]:
    """The two cells, far apart, where frames differ most from their neighbours': on a sphere, the singularities."""
    j, i = topology["edge_index"]
    turning = 1 - (topology["frame"][j] * topology["frame"][i]).sum(1)
    turning = scatter(turning, i, dim_size=topology.num_nodes, reduce="mean")
    first = turning.argmax()
    away = (topology["pos"] - topology["pos"][first]).norm(dim=1)
    return torch.stack([first, torch.where(away > FAR, turning, -1.0).argmax()])


def spread_cells(topology: Data, apart: float) -> list[int]:
    """Cells at least so far apart in space, as many as there is room for, each as far from the others as can be."""
    pos, found = topology["pos"], [0]
    away = (pos - pos[0]).norm(dim=1)
    while float(away.max()) >= apart:
        found.append(int(away.argmax()))
        away = torch.minimum(away, (pos - pos[found[-1]]).norm(dim=1))
    return found


def along_arc(chord: Float[Tensor, " n"], topology: Data) -> Float[Tensor, " n"]:
    """Distances along a sphere."""
    pos = topology["pos"]
    radius = (pos - pos.mean(0)).norm(dim=1).mean()
    return 2 * radius * torch.asin((chord / (2 * radius)).clamp_max(1))


def anyhow(
    subject: Subject, topology: Data, cells: Sequence[int | None], generator: torch.Generator
) -> Float[Tensor, "k n c"]:
    """Seeds at cells (None: in the middle), each in a direction of its own."""
    angles = (2 * math.pi * torch.rand(len(cells), generator=generator)).tolist()
    return torch.stack([subject.seed(topology, at=at, angle=angle) for at, angle in zip(cells, angles, strict=True)])


def on_sphere(
    own: Own, states: dict[int, Tensor], views: list[TangentPatch], distances: Float[Tensor, " k"]
) -> dict[str, Any]:
    """The errors at every step, and whether those at the first one go with the distances."""
    errors = {step: own.errors(step, len(views), curved(views, of)) for step, of in sorted(states.items())}
    together = np.corrcoef(rankdata(distances.numpy()), rankdata(errors[min(errors)]))[0, 1]
    return {"errors": {str(step): of for step, of in errors.items()}, RANKS: round(float(together), 2)}


def covered(subject: Subject, topology: Data, moments: list[int], config: Config) -> list[Tensor]:
    """A surface on which patterns grow from many cells at once: its states at some steps."""
    starts = [subject.seed(topology, at=cell) for cell in spread_cells(topology, APART)]
    start = torch.stack(starts).sum(0)
    return [state[0] for _, state in sorted(grow(subject.rule, topology, 1, moments, config.seed, start=start).items())]


def main(config: Config, result: Result) -> None:
    """Measures and draws."""
    steerable, other = read_subject(config.rule), read_subject(config.upright)
    if not steerable.rule.perception.is_steered:
        raise SubjectError(f"{steerable.name} does not see a direction of its own alone.")
    first, generator = config.steps[0], torch.Generator().manual_seed(config.seed)
    square = substrate_of_cells("square", config.cells)
    own, own_upright = Own(steerable, square, config.steps), Own(other, square, config.steps[:1])
    meshes = [substrate_of_cells("voronoi", config.cells, seed=config.seed + k + 1) for k in range(config.meshes)]
    numbers: dict[str, Any] = {}
    tiles: dict[str, list[Tensor]] = {}
    for name, substrates in (("squares", [square]), ("Voronoi meshes", meshes)):
        runs = config.seeds if name == "squares" else 2
        errors: dict[str, list[float]] = {str(step): [] for step in config.steps}
        for topology in result.progress(substrates):
            start = anyhow(steerable, topology, [None] * runs, generator)
            states = grow(steerable.rule, topology, runs, config.steps, config.seed, start=start)
            for step in config.steps:
                errors[str(step)] += own.errors(step, runs, flat(topology, states[step]))
            drawn = flat(topology, states[first])
            tiles.setdefault(name, []).extend(drawn(number) for number in range(runs))
        numbers[name] = {"errors": errors}

    ball = sphere(config.sphere, seed=config.seed, operators="averaged")
    at_random = turned_at_random(ball, generator)
    cells = torch.randperm(len(ball["pos"]), generator=generator)[: config.seeds].tolist()
    places = ball["pos"][singular_cells(ball)]
    distances = along_arc(torch.cdist(ball["pos"][cells], places).amin(1), ball)
    start = anyhow(steerable, ball, cells, generator)
    upright_start = torch.stack([other.seed(ball, at=cell) for cell in cells])
    grown: list[dict[int, Tensor]] = []
    for name, topology in (("sphere, smoothest frames", ball), ("sphere, frames at random", at_random)):
        grown.append(grow(steerable.rule, topology, len(cells), config.steps, config.seed, start=start))
        views = [TangentPatch(topology, SIDE, at=at, interpolation="nearest", samples=2) for at in cells]
        drawn = curved(views, grown[-1][first])
        tiles[name] = [drawn(number) for number in range(len(cells))]
        few = len(cells) if topology is ball else min(FLOODED, len(cells))
        of_other = grow(other.rule, topology, few, [first], config.seed, start=upright_start[:few])
        numbers[name] = {
            **on_sphere(own, grown[-1], views, distances),
            "upright": on_sphere(own_upright, of_other, views[:few], distances[:few]),
        }
    apart = {str(step): round(float((grown[0][step] - grown[1][step]).abs().max()), 6) for step in config.steps}
    result.record(
        {
            "rule": steerable.name,
            "units from each seed to the nearest singularity": rounded(distances, 1),
            "cells of the sphere": ball.num_nodes,
            "largest difference of states between the two fields of frames": apart,
            "substrates": numbers,
        }
    )
    bunny = surface_mesh(bunny_mesh(), config.bunny, operators="averaged")
    draw(steerable, tiles, {"sphere": at_random, "bunny": turned_at_random(bunny, generator)}, config, result)


def turned_at_random(topology: Data, generator: torch.Generator) -> Data:
    """The same surface, every frame of which is turned by any angle."""
    turns = 2 * math.pi * torch.rand(len(topology["pos"]), generator=generator)
    return with_frames(topology, turns, operators="averaged")


def draw(
    subject: Subject, tiles: dict[str, list[Tensor]], surfaces: dict[str, Data], config: Config, result: Result
) -> None:
    """Patterns as they lie, and surfaces that are covered with them."""
    shown, edge = min(8, *(len(pictures) for pictures in tiles.values())), (SIDE - SHOWN) // 2
    rows = [
        montage(
            [to_picture(picture[:, edge:-edge, edge:-edge], scale=3) for picture in pictures[:shown]],
            columns=shown,
            pad=2,
            title=name,
        )
        for name, pictures in tiles.items()
    ]
    moments = np.unique(np.linspace(1, config.steps[0], config.frames).round().astype(int)).tolist()
    camera = Camera(0.6, 0.35)
    grown = {name: covered(subject, topology, moments, config) for name, topology in surfaces.items()}
    stills = [SurfaceCanvas(surfaces[name], 420, camera=camera).draw(states[-1]) for name, states in grown.items()]
    result.figure(*rows, montage(stills, columns=len(stills), pad=6))
    canvases = zip(
        *(turntable(surface, camera, len(moments), turns=0.5, height=300) for surface in surfaces.values()), strict=True
    )
    result.animation(
        (
            montage([canvas.draw(states[frame]) for canvas, states in zip(at, grown.values(), strict=True)], columns=2)
            for frame, at in enumerate(canvases)
        ),
        fps=8,
    )


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """One row a kind of cells, and one more where another rule was measured."""
    steps = [str(step) for step in metrics["config"]["steps"]]
    rows = []
    for name, entry in metrics["substrates"].items():
        others = {metrics["config"]["upright"]: entry["upright"]} if "upright" in entry else {}
        for rule, found in {metrics["rule"]: entry, **others}.items():
            errors = found["errors"]
            shown = [f"{median(of):.4f} ({max(of):.4f})" if (of := errors.get(step)) else "" for step in steps]
            rows.append([f"`{rule}`", name, len(errors[steps[0]]), *shown, found.get(RANKS, "")])
    header = ["rule", "cells", "runs", *(f"step {int(step):,}" for step in steps), RANKS]
    return {"errors": Table(header, rows, "Error to the rule's own square pattern, turned to fit: median (worst).")}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
