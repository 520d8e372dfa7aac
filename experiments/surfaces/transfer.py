"""Rules trained in the plane, on surfaces in space: errors against flat meshes, long runs, and what a step costs.

    python experiments/surfaces/transfer.py --threads 1        # three minutes on one core
    python experiments/surfaces/transfer.py --runs 20 --tries 50 --long-runs 30    # fifteen minutes

Upright rules grow from single cells of a sphere of random points, of an icosphere (its vertices), and of a bunny; on
flat Voronoi meshes of the same density as many runs. The surface is unrolled around the seed, and compared with what
the same rule shows on the square torus: mean squared difference of RGBA on 57x57 pixels of one unit. Frames are carried
from the seed; on the sphere the smoothest field is tried besides. On the bunny a seed counts if the disk of 28 units
around it unrolls one to one (99 % of its pixels are covered exactly once): elsewhere the surface is smaller than the
pattern. Of the first `--tries` random cells so many are taken. Isotropic rules have the published loss on the unrolled
patch as a share of an empty substrate's. Long runs: how many died or exploded, with a seed that counts, and with any,
there also if the gradient does not fade where frames turn round a point; and in the plane, where the frames turn once
round a point beside the seed, as round a singularity of a surface.

Written to `--out`:
    figure.webp     the median run of every upright rule on squares, unrolled from each surface, and from flat meshes
    metrics.json    every run
    tables.json     errors; losses; long runs; milliseconds of a step
"""

import math
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data

from graphnca.drawing import montage
from graphnca.drawing.images import to_picture
from graphnca.engine.rollout import rollout
from graphnca.evaluation.named import read_subjects
from graphnca.evaluation.published_loss import isotropic_loss
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import ALIVE, bounded, empty_loss, lost, rounded, seeded_position
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.timing import in_turns
from graphnca.evaluation.unrolled import one_to_one, patch, pattern_on_squares, unrolled_errors
from graphnca.results.figures import median_run
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.seeds import point_seed
from topologies import bunny_mesh, icosphere, sphere, square_grid, surface_mesh, torus, voronoi_mesh, with_frames

FLAT, SMOOTH = "flat meshes", "sphere, smoothest frames"
GOALS = {"growing-lizard": 0.0035, "growing-butterfly": 0.0055, "growing-lizard-any": 0.0028}  # medians on the sphere,
WORST = 0.006  # and the worst of any
AWAY = 10.0  # units
ANY, WHOLE = "bunny, any cell", "bunny, any cell, gradients whole everywhere"
TURNING = "flat mesh, frames turning round a point"


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("growing-lizard", "growing-butterfly", "growing-lizard-any")
    """Upright rules."""
    isotropic: tuple[str, ...] = ("isonca-lizard-any", "isonca-heart", "isonca-spiderweb")
    """Isotropic rules."""
    cells: int = 9500
    """Of each surface, about."""
    size: int = 72
    """Units along a side of the squares and the flat meshes."""
    runs: int = 8
    """Of an upright rule on every surface, each from another cell; of an isotropic one half as many."""
    tries: int = 24
    """Random cells of the bunny that are looked at."""
    step: int = 500
    """After which upright rules are measured; isotropic ones at twice that."""
    long_runs: int = 5
    """On each of sphere, torus and bunny, and on the bunny from any cell."""
    long_steps: int = 10000
    seed: int = 4100
    """Of cells, meshes and firing. Held out: nothing was chosen by it."""
    out: str = "out/surfaces_transfer"


def places(topology: Data, count: int, seed: int) -> list[int]:
    """Random cells, all different."""
    return np.random.default_rng(seed).permutation(len(topology["pos"]))[:count].tolist()


def grown(subject: Subject, topology: Data, cell: int | None, step: int, seed: int) -> torch.Tensor:
    """One run from a cell: (1, N, C)."""
    start = point_seed(topology, subject.rule.num_channels, at=cell)
    return grow(subject.rule, topology, 1, (step,), seed, start=start)[step]


class Measured:
    """Errors of all upright rules, run by run, and the unrolled pictures."""

    def __init__(self, subjects: list[Subject], config: Config) -> None:
        self.subjects, self.config = subjects, config
        square = square_grid(config.size, config.size)
        self.patterns = {one.name: pattern_on_squares(one.rule, square, config.step) for one in subjects}
        self.errors: dict[str, dict[str, list[float]]] = {one.name: {} for one in subjects}
        self.pictures: dict[str, dict[str, list[torch.Tensor]]] = {one.name: {} for one in subjects}

    def __call__(self, where: str, topology: Data, cell: int | None, seed: int) -> None:
        """One run of every rule."""
        view = patch(topology, cell)
        for subject in self.subjects:
            states = grown(subject, topology, cell, self.config.step, seed)
            error = rounded(unrolled_errors(states, view, self.patterns[subject.name]), 5)
            self.errors[subject.name].setdefault(where, []).extend(error)
            self.pictures[subject.name].setdefault(where, []).append(view(bounded(states[0, :, :4])))

    def figure(self) -> Any:
        """A row a rule: on squares, then the median run everywhere."""
        pictures, captions = [], []
        for name, found in self.pictures.items():
            pictures.append(to_picture(self.patterns[name].clamp(0, 1), scale=2))
            captions.append(f"{name}\nsquares")
            for where, shown in found.items():
                chosen = median_run(self.errors[name][where])
                pictures.append(to_picture(shown[chosen].clamp(0, 1), scale=2))
                captions.append(f"{where}\n{self.errors[name][where][chosen]:.4f}")
        return montage(pictures, captions=captions, columns=len(pictures) // len(self.pictures), pad=5, font_size=11)


def isotropic(subject: Subject, surfaces: dict[str, tuple[Data, list[int]]], config: Config) -> dict[str, list[float]]:
    """Losses relative to empty, everywhere."""
    loss = isotropic_loss(subject.goal, "")
    side, empty, step = loss.target.shape[-1], empty_loss(loss), 2 * config.step
    found: dict[str, list[float]] = {}
    for number in range(max(1, config.runs // 2)):
        seed = config.seed + number
        where: list[tuple[str, Data, int | None]] = [
            (FLAT, voronoi_mesh(config.size + 8, config.size + 8, seed=seed), None),
            *((name, topology, cells[number % len(cells)]) for name, (topology, cells) in surfaces.items() if cells),
        ]
        for name, topology, cell in where:
            states = bounded(grown(subject, topology, cell, step, seed))
            share = loss.match(patch(topology, cell, side)(states)).loss / empty
            found.setdefault(name, []).extend(rounded(share, 4))
    return found


def long_runs(subjects: list[Subject], topology: Data, cells: list[int], config: Config, fading: bool) -> list[str]:
    """Whether runs died or exploded, of all rules by turns, each from another cell."""
    return [
        lost(
            grown(
                subjects[number % len(subjects)],
                with_frames(topology, cells[number % len(cells)], fading=fading),
                cells[number % len(cells)],
                config.long_steps,
                config.seed + number,
            )
        )[0]
        or "lives"
        for number in range(config.long_runs if cells else 0)
    ]


def beside_singularity(subject: Subject, config: Config, seed: int) -> str:
    """The same in the plane, where frames turn once round a point that lies `AWAY` units from the seed."""
    flat = voronoi_mesh(config.size, config.size, seed=seed, periodic=False)
    x, y = (flat["pos"] - torch.tensor(seeded_position(flat))).unbind(-1)
    angle = torch.atan2(y, x - AWAY) - math.pi  # 0 at the seed
    states = grow(subject.rule, flat, 1, (config.long_steps,), seed, angle=angle)[config.long_steps]
    return lost(states)[0] or "lives"


@torch.no_grad()
def cost(subject: Subject, ball: Data, config: Config) -> dict[str, Any]:
    """Milliseconds of a step on a flat mesh and on the sphere, from the grown states."""
    flat, cell = voronoi_mesh(config.size, config.size, seed=config.seed), 0
    carried = with_frames(ball, cell)
    states = {
        FLAT: (flat, grown(subject, flat, None, config.step, config.seed)),
        "sphere": (carried, grown(subject, carried, cell, config.step, config.seed)),
    }
    programs = {
        name: lambda topology=topology, start=start: rollout(
            subject.rule, start, topology, 200, generator=torch.Generator().manual_seed(config.seed)
        )
        for name, (topology, start) in states.items()
    }
    seconds, _ = in_turns(programs, 15, title="cost", clock=process_time)
    return {
        name: {
            "milliseconds": round(1000 * median(times) / 200, 5),
            "living cells": int((states[name][1][..., 3] > ALIVE).sum()),
        }
        for name, times in seconds.items()
    }


def main(config: Config, result: Result) -> None:
    """Surface by surface."""
    upright, even = read_subjects(config.rule, "upright"), read_subjects(config.isotropic, "isotropic")
    ball, bunny = (
        sphere(config.cells, seed=config.seed),
        surface_mesh(bunny_mesh(), config.cells, seed=config.seed),
    )
    ring = torus(config.cells, seed=config.seed)
    vertices = icosphere(max(1, round(np.log(config.cells / 10) / np.log(4))))
    tried = places(bunny, config.tries, config.seed)
    unrolls = [cell for cell in tried if one_to_one(bunny, cell)]
    result.record({"cells that unroll one to one": {"tried": len(tried), "unroll": len(unrolls)}})
    surfaces = {
        "sphere": (ball, places(ball, config.runs, config.seed)),
        "icosphere": (vertices, places(vertices, config.runs // 2, config.seed)),
        "bunny": (bunny, unrolls[: config.runs]),
    }
    measured = Measured(upright, config)
    for number in range(config.runs):
        measured(FLAT, voronoi_mesh(config.size, config.size, seed=config.seed + number), None, config.seed + number)
    for name, (topology, cells) in surfaces.items():
        for number, cell in enumerate(result.progress(cells, "seed")):
            measured(name, with_frames(topology, cell), cell, config.seed + number)
            if name == "sphere":
                measured(SMOOTH, topology, cell, config.seed + number)
        result.record({"errors": measured.errors})
    result.figure(measured.figure())

    shown = {name: surfaces[name] for name in ("sphere", "bunny")}
    result.record({"losses": {one.name: isotropic(one, shown, config) for one in even}})
    shapes = {
        "sphere": (ball, surfaces["sphere"][1]),
        "torus": (ring, places(ring, config.long_runs, config.seed)),
        "bunny": (bunny, unrolls),
        ANY: (bunny, tried),
        WHOLE: (bunny, tried),
    }
    fates = {
        name: long_runs(upright, topology, cells, config, fading=name != WHOLE)
        for name, (topology, cells) in shapes.items()
    }
    fates[TURNING] = [
        beside_singularity(upright[number % len(upright)], config, config.seed + number)
        for number in range(config.long_runs)
    ]
    result.record({"long runs": fates, "cost": {one.name: cost(one, ball, config) for one in upright[:1]}})


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Medians with the worst; long runs; cost."""
    errors, unroll = [], metrics["cells that unroll one to one"]
    for rule, found in metrics["errors"].items():
        for where, values in found.items():
            goal = f"{GOALS[rule]} ({WORST})" if where == "sphere" and rule in GOALS else ""
            errors.append([f"`{rule}`", where, len(values), f"{median(values):.4f}", f"{max(values):.4f}", goal])
    losses = [
        [
            f"`{rule}`",
            where,
            len(values),
            f"{median(values):.3f}",
            f"{max(values):.3f}",
            f"{median(values) / median(found[FLAT]):.2f}",
        ]
        for rule, found in metrics["losses"].items()
        for where, values in found.items()
    ]
    long = [
        [where, len(fates), *(fates.count(fate) for fate in ("lives", "died", "exploded"))]
        for where, fates in metrics["long runs"].items()
    ]
    cost = []
    for rule, entries in metrics["cost"].items():
        flat, ball = (entries[name]["milliseconds"] / entries[name]["living cells"] for name in (FLAT, "sphere"))
        row = [f"{entries[name]['milliseconds']:.4f} ms, {entries[name]['living cells']} cells" for name in entries]
        cost.append([f"`{rule}`", *row, f"{ball / flat:.2f}"])
    caption = f"{unroll['unroll']} of {unroll['tried']} random cells of the bunny have a disk that unrolls one to one."
    return {
        "errors": Table(["rule", "cells", "runs", "median", "worst", "goal (worst)"], errors, caption),
        "losses": Table(["rule", "cells", "runs", "median", "worst", "times flat meshes"], losses),
        "long": Table(["cells", "runs", "live", "died", "exploded"], long),
        "cost": Table(["rule", FLAT, "sphere", "times, per living cell"], cost),
    }


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
