"""A single cell unfolds into a pattern, in another orientation every time, to step 5,000 (IsoNCA, figures 4, 9, 10).

    python experiments/isonca/unfolding.py                            # the shipped lizard, a minute on one core
    python experiments/isonca/unfolding.py --rule isonca-heart
    python experiments/isonca/unfolding.py --rule cadata.json --target lizard    # a published model file

Ten runs of one rule from the same cell on the square torus; they differ in which cells fire. Expect ten times the same
pattern, each turned by another angle, about half of them mirrored; it stands between steps 200 and 1,000 and is still
there at 5,000. The auxiliary channels, which the rule was trained to fill too, say early on which end is which.

Written to `--out`/NAME, for each rule:
    figure.webp     five runs at chosen steps, then the auxiliary channels of the first (figures 4 and 9); every run
                    after the last step, its first auxiliary channel below it (figure 10); the loss against steps,
                    relative to that of nothing: five runs, and the median of all
    animation.webp  five runs side by side, step by step at first, in ever longer strides later
    metrics.json    loss, angle, chirality, living cells of every run at the chosen steps, and the curves
    tables.json     losses, how the runs lie, and beside a perfect pattern

The loss is the published one with a closed ring around the seed (`isotropic_loss`) and the paper's auxiliary channels,
relative to an empty substrate's. By the published convention the rings lie half a pixel off the seed in both
directions, which no isotropic rule can make up for, and which costs a pattern of thin lines dearly; beside it the
chosen steps are measured by that too, and both with a perfect pattern (`perfect_loss`). A goal is reached only where
the interval of the median (bootstrap) lies below it.
`angle` is by how much the target must be turned, in degrees clockwise, after it was flipped upside down if `mirrored`.
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, draw_curves, montage
from graphnca.evaluation.fates import fates
from graphnca.evaluation.form import own_form
from graphnca.evaluation.intervals import below, median_interval, with_quartiles
from graphnca.evaluation.published_loss import PUBLISHED_AUXILIARY, auxiliary_channels, perfect_loss, published_loss
from graphnca.evaluation.scores import empty_loss, measure
from graphnca.evaluation.subject import Subject
from graphnca.results.options import OfRules, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from graphnca.targets.auxiliary import AMPLITUDE
from topologies import substrate_of_cells

CHOSEN = (0, 10, 25, 50, 100, 200, 500, 1000, 2000, 5000)
IN_TABLE = ("100", "200", "1000", "5000")
GOAL_STEP, GOAL = "1000", 0.15  # the median loss there is to be at most this share of that of nothing
AROUND = {"": "around the seed, closed", " as published": "as published"}
CURVE_POINTS = 60
FRAMES, SLOWING = 56, 2.5  # frames of the animation; frame i of n shows step last * (i / n)^2.5
FIRST_HIDDEN = 4  # channel after RGBA, where the auxiliary channels begin
SHOWN = 5  # runs in a row of a picture


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("isonca-lizard",)
    moments: tuple[int, ...] = CHOSEN
    """Steps that are drawn and tabulated."""
    runs: int = 10
    """Runs of each rule."""
    cells: int = 5184
    """Cells of the square torus."""
    seed: int = 1000
    """Of the runs. Held out: nothing is trained or chosen by it."""
    out: str = "out/unfolding"


def curve_steps(last: int) -> list[int]:
    """Steps from 1 to the last, evenly spread by their logarithm."""
    return sorted({round(float(step)) for step in np.geomspace(1, last, CURVE_POINTS)})


def frame_steps(last: int) -> list[int]:
    """Steps of the animation: every one at first, ever fewer later."""
    return sorted({round(last * (number / FRAMES) ** SLOWING) for number in range(FRAMES + 1)})


def shown_channels(card: dict[str, Any], target: str) -> dict[str, int]:
    """The channels shown beside the colours, by name: what the rule was trained to fill, else its first hidden one."""
    trained = card.get("auxiliary channels", PUBLISHED_AUXILIARY.get(target, "binary"))
    names = [name for name, _ in auxiliary_channels(trained)] or ["hidden"]
    return {name: FIRST_HIDDEN + number for number, name in enumerate(names)}


def strip(states: dict[int, Tensor], topology: Data, moments: list[int], channels: dict[str, int]) -> Image.Image:
    """Rows: the first runs, then the auxiliary channels of the first one; columns: the chosen steps."""
    canvas = CellCanvas(topology, scale=2)
    runs = min(SHOWN, len(states[moments[0]]))
    tiles = [canvas.draw(states[step][run]) for run in range(runs) for step in moments]
    tiles += [
        canvas.draw(states[step][0], channel=channel, limit=AMPLITUDE)
        for channel in channels.values()
        for step in moments
    ]
    rows = [f"run {run + 1}" for run in range(runs)] + [f"run 1, {name}" for name in channels]
    captions = [f"{row}: {step}" if step == moments[0] else f"{step}" for row in rows for step in moments]
    return montage(tiles, captions=captions, columns=len(moments), pad=6)


def finals(state: Tensor, topology: Data, rows: list[dict[str, Any]], channels: dict[str, int]) -> Image.Image:
    """Every run after the last step, and the first auxiliary channel below it."""
    canvas = CellCanvas(topology, scale=3)
    name, channel = next(iter(channels.items()))
    tiles, captions = [], []
    for begin in range(0, len(rows), SHOWN):
        shown = state[begin : begin + SHOWN]
        blank = [Image.new("RGB", (canvas.width, canvas.height), "white")] * (min(SHOWN, len(rows)) - len(shown))
        tiles += [canvas.draw(run) for run in shown] + blank
        captions += [
            f"{row['angle']}°{', mirrored' if row['mirrored'] else ''}, loss {row['loss']:.1f}"
            for row in rows[begin : begin + SHOWN]
        ] + [""] * len(blank)
        tiles += [canvas.draw(run, channel=channel, limit=AMPLITUDE) for run in shown] + blank
        captions += [name] * len(shown) + [""] * len(blank)
    return montage(tiles, captions=captions, columns=SHOWN, pad=6)


def measure_rule(subject: Subject, config: Config, result: Result) -> None:
    """Grows, measures and draws one rule."""
    target, topology = subject.goal, substrate_of_cells("square", config.cells)
    loss, empty = subject.orientation, subject.empty_loss
    published = published_loss(target)
    channels = shown_channels(subject.card, target)
    moments, last = sorted(config.moments), max(config.moments)
    curve, frames = curve_steps(last), frame_steps(last)
    states = subject.grow(topology, config.runs, {*moments, *curve, *frames}, config.seed)
    own = own_form(subject, topology)
    rows = {step: measure(states[step], topology, loss) for step in result.progress(sorted({*moments, *curve}), "step")}
    shares = {step: [row["relative"] for row in runs] for step, runs in rows.items()}
    steps: dict[str, Any] = {}
    for step in moments:
        as_published = [row["relative"] for row in measure(states[step], topology, published)]
        steps[str(step)] = {
            "median relative loss": round(median(shares[step]), 4),
            "median relative loss as published": round(median(as_published), 4),
            "relative losses": shares[step],
            "relative losses as published": as_published,
            "runs": [
                {**row, "fate": fate} for row, fate in zip(rows[step], fates(states[step], topology, own), strict=True)
            ],
        }
    curves = [[shares[step][run] for step in curve] for run in range(config.runs)]
    result.record(
        {
            "target": target,
            "rule trained by": subject.card.get("trained by", "the authors"),
            "auxiliary channels trained": list(channels),
            "loss of the empty substrate": round(empty, 2),
            "relative loss of a perfect pattern": round(perfect_loss(target) / empty, 4),
            "relative loss of a perfect pattern as published": round(
                perfect_loss(target, published=True) / empty_loss(published), 4
            ),
            "steps": steps,
            "curve": {"steps": curve, "relative loss of each run": curves},
        }
    )
    lines = {f"run {run + 1}": (curve, values) for run, values in enumerate(curves[:SHOWN])}
    lines[f"median of {config.runs}"] = (curve, [median(shares[step]) for step in curve])
    result.figure(
        strip(states, topology, moments, channels),
        finals(states[last], topology, rows[last], channels),
        draw_curves(lines, log_x=True, x_label="step", y_label="loss / that of nothing", title=target),
    )
    canvas = CellCanvas(topology, scale=2)
    shown = {step: [canvas.draw(run) for run in states[step][:SHOWN]] for step in frames}
    result.animation((montage(runs, title=f"step {step}", pad=4) for step, runs in shown.items()), fps=12)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Losses over time; the goal, with rings as published and around the seed; and how the runs lie."""
    steps = metrics["steps"]
    losses = [f"{steps[step]['median relative loss']:.3f}" if step in steps else "" for step in IN_TABLE]
    settled, last = (steps.get(step, list(steps.values())[-1])["runs"] for step in (GOAL_STEP, IN_TABLE[-1]))
    gone = sum(run["fate"] in ("died", "exploded") for run in last)
    relative = [run["relative"] for run in settled]
    row = [
        ", ".join(metrics["auxiliary channels trained"]).replace("hidden", "none"),
        *losses,
        f"{min(relative):.3f} to {max(relative):.3f}",
        f"{median(run['alive'] for run in last):,.0f}",
        f"{gone} of {len(last)}",
    ]
    header = ["auxiliary channels", "median at step 100", "200", "1,000", "5,000", "all runs at 1,000"]
    header += ["living cells at 5,000", "died or exploded"]
    goals, angles = [], []
    for key, name in AROUND.items() if GOAL_STEP in steps else ():
        losses = steps[GOAL_STEP][f"relative losses{key}"]
        perfect = metrics[f"relative loss of a perfect pattern{key}"]
        goals.append([name, f"{perfect:.3f}", with_quartiles(losses, 3), below(median_interval(losses), GOAL)])
    for step in (step for step in IN_TABLE[1:] if step in steps):
        runs = ", ".join(f"{run['angle']}°{' m' if run['mirrored'] else ''}" for run in steps[step]["runs"])
        angles.append([f"{int(step):,}", runs])
    return {
        "losses": Table(header, [row]),
        "rings": Table(["rings", "a perfect pattern", "the rule (quartiles)", f"at most {GOAL}"], goals),
        "angles": Table(["step", "angle of each run (m: mirrored)"], angles),
    }


if __name__ == "__main__":
    run_each(measure_rule, Config, __doc__, subjects="isotropic", tables=tables)
