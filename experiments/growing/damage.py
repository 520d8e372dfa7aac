"""What a grown pattern survives: halves, quarters, the middle, disks and single cells are erased, and it heals.

    python experiments/growing/damage.py                                  # every shipped Growing rule, 2-3 minutes each
    python experiments/growing/damage.py --rule runs/growing-lizard/rule.safetensors

Twelve kinds of damage, those of Growing NCA (Mordvintsev et al. 2020) among them: the four halves, the four quarters,
the 16x16 units in the middle, a random disk, and single cells drawn at random, a quarter of all and half of them. Each
at several times, and in several runs, on squares, hexagons and Voronoi meshes. They are regions of the plane in units
about the seed, so they are the same on every kind of cells. Recovery is measured by log10 of the mean squared error of
RGBA, to the target and to the same run without damage, against the steps since.

Then many seeds on one Voronoi mesh, grown side by side, each of which loses another part.

The published regenerating rules, damaged at step 200, are at -3.0 to -3.3 after 100 steps. The goal: at most -3.0
within 100 steps of losing a half or the middle, in 9 of 10 cases on squares. Expect that a rule trained on squares
heals less well on hexagons and on meshes.

Written to `--out`/NAME, for each rule:
    figure.webp     every damage on squares: before, after, and how it heals; and the error afterwards, the median of
                    the runs, on each substrate
    animation.webp  many seeds on one mesh: grown, damaged, healed
    metrics.json    every error
    tables.json     errors, how many healed, and what became of the many seeds
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, montage, to_picture
from graphnca.evaluation.damage_tests import (
    CENTRE,
    DISK,
    GOAL_CUTS,
    HALVES,
    QUARTERS,
    SHARES,
    WHOLE,
    Healing,
    battery,
    healing,
)
from graphnca.evaluation.intervals import rate, reached
from graphnca.evaluation.pixel_error import log10_error
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import bounded, raster, rounded
from graphnca.evaluation.subject import Subject
from graphnca.results.figures import curves
from graphnca.results.options import OfRules, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import substrate_of_cells, substrates

GOAL = -3.0  # log10 of the mean squared error: as the published rules 100 steps after a half or the middle is lost
WITHIN = 100  # steps
SHARE = 0.9  # of these cases
NEAR = 0.3  # of log10: twice the error, which the eye hardly sees
LOOK_EVERY = 10  # steps between two errors
SHOWN = (0, 20, 50, 100)  # steps since the damage, in the pictures
GROUPS = {
    "half": tuple(HALVES),
    "quarter": tuple(QUARTERS),
    "middle": (CENTRE,),
    "disk": (DISK,),
    **{f"{share:.0%}": (name,) for name, share in SHARES.items()},
}
"""The curves: which kinds of damage each is the median of."""
ACROSS = 3  # seeds side by side on the one mesh, and as many below each other
LOST = (WHOLE, "left half", "upper half", "lower right quarter", "upper left quarter", CENTRE, DISK, *SHARES)
"""What each of them loses, row by row."""
GROWN, DAMAGED = 200, 210  # steps after which they are measured, and damaged
MOMENTS = {GROWN: "grown", DAMAGED: "cut", DAMAGED + WITHIN // 2: f"{WITHIN // 2} steps later"}
MOMENTS |= {DAMAGED + WITHIN: f"{WITHIN} later"}
APART = 0.7  # of the target's raster: the distance of two seeds
DENSITY = 0.82  # cells per unit of area of a mesh


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnSubstrates, Options):
    """What the command line can change."""

    runs: int = 2
    """Runs of every damage on each substrate at each time."""
    times: tuple[int, ...] = (100, 200, 500)
    """Steps after which a pattern is damaged."""
    steps: int = 300
    """How long it is looked at from then on, a multiple of 10, at least 100."""
    many: bool = True
    """Whether many seeds are grown side by side too."""
    seed: int = 5000
    """Of runs and damage; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/damage_battery"


def comparisons(
    subject: Subject, topology: Data
) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]:
    """log10 of the mean squared error to the target, and of that between two runs, on the raster of the target."""
    view = subject.view(topology)

    def apart(states: Tensor, others: Tensor) -> Tensor:
        return log10_error(view(bounded(states)[..., :4]), view(bounded(others)[..., :4]))

    return lambda states: subject.log_error(states, view), apart


def healed(subject: Subject, topology: Data, config: Config) -> dict[int, Healing]:
    """Every damage of one substrate, by the step at which it is done."""
    grown = subject.grow(topology, config.runs, config.times, config.seed)
    generator = torch.Generator().manual_seed(config.seed)
    score, apart = comparisons(subject, topology)
    return {
        time: healing(
            subject.rule,
            grown[time],
            topology,
            battery(topology, config.runs, generator=generator, half_width=half_width(subject)),
            range(0, config.steps + 1, LOOK_EVERY),
            score,
            apart,
            seed=config.seed + time,
            shown=SHOWN,
        )
        for time in config.times
    }


def half_width(subject: Subject) -> float:
    """Of the target's raster, 36 units as published: what the damage is measured by."""
    return min(subject.target.shape[-2:]) / 2


def numbers_of(result: Healing) -> dict[str, Any]:
    """Errors of each run right after each damage, after 100 steps, and at the end."""
    within = result.moments.index(WITHIN)
    places = {"right after": 0, f"after {WITHIN}": within, f"after {result.moments[-1]}": -1}
    entry: dict[str, Any] = {}
    for name, errors in result.scores.items():
        entry[name] = {words: rounded(errors[place], 2) for words, place in places.items()}
        entry[name][f"least within {WITHIN}"] = rounded(errors[: within + 1].amin(0), 2)
        if name != WHOLE:
            entry[name][f"to the run without a cut, after {WITHIN}"] = rounded(result.apart[name][within], 2)
    return entry


def goal_of(times: dict[str, Any]) -> dict[str, Any]:
    """How many of the runs that lost a half or the middle were at the goal within 100 steps, over all times."""
    least = [error for entry in times.values() for name in GOAL_CUTS for error in entry[name][f"least within {WITHIN}"]]
    return {"cuts": len(least), "healed": sum(error <= GOAL for error in least)}


def strip(subject: Subject, topology: Data, result: Healing) -> Image.Image:
    """Two kinds of damage a row, four moments each: the first run."""
    view = subject.view(topology)
    tiles, captions = [], []
    for name, shown in result.shown.items():
        for moment, state in shown.items():
            tiles.append(to_picture(view(bounded(state)[:, :4])))
            captions.append(f"{moment} steps" if moment else "undamaged" if name == WHOLE else name)
    return montage(tiles, captions=captions, columns=2 * len(SHOWN), pad=5, font_size=10)


def many_seeds(subject: Subject, config: Config) -> tuple[dict[str, Any], list[Image.Image]]:
    """Seeds on one Voronoi mesh, grown side by side; each but the first then loses a part, and heals for 200 steps."""
    width = 2 * half_width(subject)
    side = round(ACROSS * APART * width)
    topology = substrate_of_cells("voronoi", round(side**2 * DENSITY), seed=config.seed + 1)
    x, y = topology["extent"].view(2).tolist()
    grid = [(number % ACROSS, number // ACROSS) for number in range(ACROSS**2)]
    places = [((column + 0.5) / ACROSS * x, (row + 0.5) / ACROSS * y) for column, row in grid]
    seeds = torch.stack([subject.seed(topology, at=place) for place in places])
    cells = seeds[..., 3].argmax(-1)
    centres = [(float(x), float(y)) for x, y in topology["pos"][cells]]
    owner = nearest_seed(topology, topology["pos"][cells])
    generator = torch.Generator().manual_seed(config.seed)
    masks = [battery(topology, 1, generator=generator, half_width=width / 2, centre=centre) for centre in centres]
    lost = torch.zeros_like(owner, dtype=torch.bool)
    for number, name in enumerate(LOST):
        if name != WHOLE:
            lost |= masks[number][name][0] & (owner == number)
    views = [raster(topology, int(width), int(width), centre=centre) for centre in centres]
    canvas = CellCanvas(topology, scale=2.0)
    frames, errors = [], {}
    for moment, state in walk(
        subject.rule,
        seeds.sum(0)[None],
        topology,
        range(0, DAMAGED + 2 * WITHIN + 1, LOOK_EVERY),
        generator=torch.Generator().manual_seed(config.seed),
        damage={DAMAGED: lost},
    ):
        frames.append(canvas.draw(state[0]))
        if moment in MOMENTS:
            errors[MOMENTS[moment]] = [own_error(subject, view(bounded(state)[0, :, :4])) for view in views]
    return {"cells": topology.num_nodes, "lost": LOST, "log10 errors": errors}, frames


def own_error(subject: Subject, image: Tensor) -> float:
    """log10 of the mean squared error to the target, within the part of the raster that is one seed's own."""
    margin = round((1 - APART) / 2 * subject.target.shape[-1])
    inner = (..., slice(margin, -margin), slice(margin, -margin))
    return round(float(log10_error(image[inner][None], subject.target[inner])), 2)


def nearest_seed(topology: Data, seeds: Tensor) -> Tensor:
    """Which of some positions (S, 2) each cell (N,) is nearest to, the shortest way round."""
    extent = topology["extent"].view(2)
    offset = topology["pos"][:, None] - seeds
    return (offset - extent * torch.round(offset / extent)).square().sum(-1).argmin(1)


def measure(subject: Subject, config: Config, result: Result) -> None:
    """Damages, measures and draws one rule."""
    if config.steps % LOOK_EVERY or config.steps < WITHIN:
        raise SystemExit(f"--steps: expected a multiple of {LOOK_EVERY}, at least {WITHIN}, got {config.steps}.")
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    middle = sorted(config.times)[len(config.times) // 2]
    plots, strips = {}, []
    for name, topology in result.progress(topologies.items()):
        healings = healed(subject, topology, config)
        times = {str(time): numbers_of(one) for time, one in healings.items()}
        result.substrate(name, {"cells": topology.num_nodes, "goal": goal_of(times), "times": times})
        one = healings[middle]
        plots[f"{name}, log10 error after damage at {middle}"] = {
            words: (one.moments, torch.cat([one.scores[each] for each in names], 1).median(1).values.tolist())
            for words, names in GROUPS.items()
        }
        strips = strips or [strip(subject, topology, one)]
    result.figure(*strips, curves(plots, size=(520, 320), x_label="steps since"))
    if config.many:
        entry, frames = many_seeds(subject, config)
        result.record({"many seeds": entry})
        result.animation(frames, fps=12)


def as_near(entry: dict[str, Any]) -> str:
    """How many of the runs that lost a half or the middle are whole 100 steps later, or as near as without damage."""
    near, count = 0, 0
    for time in entry["times"].values():
        limit = max(GOAL, median(time[WHOLE][f"after {WITHIN}"]) + NEAR)
        errors = [value for name in GOAL_CUTS for value in time[name][f"after {WITHIN}"]]
        near, count = near + sum(error <= limit for error in errors), count + len(errors)
    return rate(near, count)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """How many healed; the median error after every damage, over all times and runs; what became of the many seeds."""
    entries = metrics["substrates"]
    goals = []
    for name, entry in entries.items():
        healed, cuts = entry["goal"]["healed"], entry["goal"]["cuts"]
        met = reached(healed, cuts, SHARE) if name == "square" else ""
        goals.append([name, rate(healed, cuts), met, as_near(entry)])
    header = ["substrate", f"at most {GOAL} within {WITHIN} steps", f"goal ({SHARE:.0%} on squares) reached"]
    header.append(f"that, or within {NEAR} of no cut, after {WITHIN} steps")
    rows = []
    for name in next(iter(next(iter(entries.values()))["times"].values())):
        row = [name]
        for entry in entries.values():
            found = []
            for key in ("right after", f"after {WITHIN}", "after 300"):
                errors = [value for time in entry["times"].values() for value in time[name].get(key, [])]
                found.append(f"{median(errors):.1f}" if errors else "")
            row.append(" / ".join(found))
        rows.append(row)
    made = {"goal": Table(header, goals), "errors": Table(["damage", *entries], rows)}
    if "many seeds" in metrics:
        errors = metrics["many seeds"]["log10 errors"]
        lost = enumerate(metrics["many seeds"]["lost"])
        rows = [[name, *(f"{errors[moment][number]:.2f}" for moment in errors)] for number, name in lost]
        made["many"] = Table(["lost", *errors], rows)
    return made


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="upright", tables=tables)
