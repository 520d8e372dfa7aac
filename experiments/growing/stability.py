"""How stable is a rule? One page on any of the shipped ones, or on your own file.

    python experiments/growing/stability.py isonca-lizard              # a shipped rule, a few minutes on one core
    python experiments/growing/stability.py my_rule.safetensors        # your own; its card says what it is to grow
    python experiments/growing/stability.py my_rule.safetensors --target heart
    python experiments/growing/stability.py my_rule.safetensors --steps 2000 --substrate square  # quick

Four trials on squares, hexagons and Voronoi meshes:

    10,000 steps    fates (`graphnca.evaluation.fates`), the error where the pattern is, its drift (units per 1,000
                    steps), its rotation (degrees per 1,000 steps), and whether it pulses, with which dominant period
    damage          the twelve of `damage.py`, 500 steps after the seed, or as many as `--grown` says
    two seeds       on a substrate twice as wide: as far apart as two patterns need, and then so close that they meet
    largest state   of all channels over all runs; trained rules stay below 2 to 5

The error is that of the rule's own kind. Rules that perceive gradients, and those whose seed has an orientation, are
compared with the target as it stands, isotropic ones in the best of all orientations, mirrored too (IsoNCA's published
loss). It is given as a share of the error of nothing: 0 is the target, 1 is nothing, so all rules can be compared.
A rule whose target nobody names is compared with its own pattern after `--grown` steps on squares; its errors then say
how it changes, not how good it is.

A damage counts as healed if the error is at most 0.05 above that of the same run without, after 300 steps, and after
1,000, which isotropic rules need. Two seeds that meet are compared by living cells, in multiples of one pattern's.

Written to `--out`/NAME:
    figure.webp     one run over time, its error, every damage, two seeds
    metrics.json    its numbers
    tables.json     one row a substrate
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, draw_curves, montage, to_picture
from graphnca.evaluation.damage_tests import HALF_WIDTH, WHOLE, Healing, battery, healing
from graphnca.evaluation.fates import counted
from graphnca.evaluation.form import OwnForm, own_form
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import ALIVE, EXPLODED, bounded, lost, raster, rounded, seeded_position
from graphnca.evaluation.subject import PADDING, SIZE, Subject
from graphnca.evaluation.tracking import PERIODS, Recording, check, course_of, followed_runs, summary
from graphnca.places import nearest_cells
from graphnca.results.figures import Strips
from graphnca.results.options import OfRule, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each, subject_of
from graphnca.results.table import Table
from topologies import KINDS, square_grid, substrates

OWN = "its own pattern"  # what a rule without a target is compared with
OWN_SIDE = SIZE + 2 * PADDING  # pixels
HEALED = 0.05  # of the error of nothing: how much worse than without damage; isotropic rules waver by 0.03
LATER = (300, 1000)  # steps after a damage at which it may be healed
SHOWN = (0, 100, 1000)
NEAR = 0.25  # of the target's raster: the distance of two seeds whose patterns meet; 1 is the far one
PAGE_WIDTH = 880  # pixels


@dataclass(frozen=True, kw_only=True)
class Config(OfRule, OnSubstrates, Options):
    """What the command line can change."""

    meshes: int = 1
    runs: int = 2
    grown: int = 500
    """Step at which a pattern is damaged, and two seeds are looked at."""
    steps: int = 10_000
    """Length of the long runs, a multiple of `every`."""
    every: int = 200
    """Steps between two looks at them, a multiple of 50."""
    settled: int = 1000
    """Step from which drift and rotation are measured."""
    dense: int = 600
    """Last steps that are looked at one by one for a period, a multiple of `every`; 0: none."""
    seed: int = 6000
    out: str = "out/stability"


def subject_with_target(config: Config) -> Subject:
    """The rule with what it is compared with: its target, or its own pattern.

    Raises:
        SystemExit: A texture; or a rule of which nothing lives, or which exploded, where its own pattern is asked for.
    """
    subject = subject_of(config)
    if subject.is_texture:
        raise SystemExit(f"rule: expected one with a life mask, got {config.rule!r}.")
    if subject.has_target:
        return subject
    side = min(OWN_SIDE, round(config.cells**0.5))
    topology = square_grid(side, side)
    state = subject.grow(topology, 1, (config.grown,), config.seed)[config.grown]
    picture = raster(topology, side, side)(bounded(state))[0, :4]
    if not picture[3].max() > ALIVE or not state.abs().max() < EXPLODED:
        raise SystemExit(f"rule: expected one that grows something from a single cell, got {config.rule!r}.")
    return Subject(subject.name, subject.rule, subject.card, goal=OWN, picture_of_goal=picture)


def share_of(subject: Subject, topology: Data) -> Callable[[Tensor], Tensor]:
    """The error of states `(..., N, C)` as a share of that of nothing."""
    view = subject.view(topology)
    return lambda states: subject.loss(subject.images(states, view)) / subject.empty_loss


def damaged(subject: Subject, topology: Data, config: Config) -> tuple[dict[str, Any], Healing]:
    """How each damage is repaired."""
    states = subject.grow(topology, config.runs, (config.grown,), config.seed)[config.grown]
    generator = torch.Generator().manual_seed(config.seed)
    width = min(HALF_WIDTH, min(subject.target.shape[-2:]) / 2)
    masks = battery(topology, config.runs, generator=generator, half_width=width)
    score, moments = share_of(subject, topology), {*SHOWN, *LATER}
    result = healing(subject.rule, states, topology, masks, moments, score, seed=config.seed + 1, shown=SHOWN)
    whole = result.scores[WHOLE]
    entry: dict[str, Any] = {}
    for name in masks:
        errors = result.scores[name]
        entry[name] = {"right after": rounded(errors[0], 3)}
        for steps in LATER:
            place = result.moments.index(steps)
            more = errors[place] - whole[place]
            entry[name][f"more than without a cut, after {steps}"] = rounded(more, 3)
            entry[name][f"healed after {steps}"] = int((more <= HEALED).sum())
    return entry, result


@torch.no_grad()
def two_seeds(subject: Subject, topology: Data, config: Config) -> tuple[dict[str, Any], list[Image.Image]]:
    """Two seeds far apart, where each is to grow its own pattern, and so close that they meet."""
    width, height = topology["extent"][0].tolist()
    size = min(subject.target.shape[-2:])
    entry: dict[str, Any] = {}
    pictures = []
    canvas = CellCanvas(topology, scale=1.5)
    middle = (seeded_position(topology)[0], height / 2)
    alone = 0
    for words, distance in (("alone", 0.0), ("far apart", float(size)), ("close", NEAR * size)):
        places = [(width / 2 + sign * distance / 2, height / 2) for sign in (-1, 1)] if distance else [middle]
        places = [tuple(topology["pos"][cell, :2].tolist()) for cell in nearest_cells(topology, torch.tensor(places))]
        start = torch.stack([subject.seed(topology, at=place) for place in places]).amax(0)
        generator = torch.Generator().manual_seed(config.seed)
        ((_, states),) = walk(subject.rule, start[None], topology, (config.grown,), generator=generator)
        state = states[0]
        living = int((state[:, 3] > ALIVE).sum())
        alone = alone if distance else living
        images = [subject.images(state, subject.view(topology, centre=place)) for place in places]
        entry[words] = {
            "living cells": living,
            "patterns' worth of cells": round(living / alone, 2) if alone else None,
            "errors": [round(float(subject.loss(image)) / subject.empty_loss, 3) for image in images],
            "largest |state|": round(float(bounded(state).abs().max()), 2),
            "lost": lost(states)[0],
        }
        if distance:
            pictures.append(canvas.draw(bounded(state)))
    return entry, pictures


def followed(subject: Subject, topology: Data, config: Config, own: OwnForm) -> tuple[dict[str, Any], Recording]:
    """The long runs of one substrate, without their curves."""
    recording = followed_runs(subject, topology, config, own)
    entries = course_of(recording, topology, config, own)
    short = summary(entries, topology)
    keys = (
        "run",
        "fate",
        "motion",
        "form",
        "area",
        "lost by step",
        "loss",
        "drift",
        "rotation",
        "moved",
        "turned",
        *PERIODS,
    )
    short["runs"] = [{key: entry[key] for key in keys if key in entry} for entry in entries]
    stayed = [entry for entry in entries if "drift" in entry]
    short["median error"] = round(median(entry["loss"] for entry in stayed) / subject.empty_loss, 3) if stayed else None
    return short, recording


def verdict_of(entry: dict[str, Any], runs: int) -> dict[str, Any]:
    """The line of a substrate in the table."""
    long, cuts, seeds = entry["long run"], entry["damage"], entry["two seeds"]
    periods = sorted({period["steps"] for run in long["runs"] for key in PERIODS if (period := run.get(key))})
    return {
        "fates": {**long["fates"], **long["motions"]},
        "error at the end": long["median error"],
        "drift": long["median drift"],
        "rotation": long["median rotation"],
        "periods": periods,
        "largest |state|": long["largest |state|"],
        **{f"cuts healed after {steps}": sum(cut[f"healed after {steps}"] for cut in cuts.values()) for steps in LATER},
        "cuts": runs * len(cuts),
        "two seeds, far apart": seeds["far apart"]["errors"],
        "two seeds, close": seeds["close"]["patterns' worth of cells"],
    }


def page(subject: Subject, parts: dict[str, dict[str, Any]], config: Config) -> list[Image.Image]:
    """The long runs, the damage, two seeds."""
    how = "as it stands" if subject.is_upright else "in the best of all orientations"
    title = f"{subject.name}: {config.steps:,} steps, compared with {subject.goal}, {how}"
    tiles = [
        (part["topology"], bounded(state), f"{name}, step {moment:,}")
        for name, part in parts.items()
        for moment, state in part["recording"].shown
    ]
    sections = [Strips(subject, scale=1.5, pad=4, font_size=12)(tiles, columns=len(tiles) // len(parts), title=title)]
    lines = {
        name: (part["recording"].moments, part["errors over time"])
        for name, part in parts.items()
        if any(math.isfinite(value) for value in part["errors over time"])
    }
    if lines:
        title = "Error, as a share of that of nothing"
        sections.append(draw_curves(lines, size=(PAGE_WIDTH, 260), x_label="step", title=title))
    first, part = next(iter(parts.items()))
    view = subject.view(part["topology"])
    tiles, captions = [], []
    for name, shown in part["healing"].shown.items():
        for moment, state in shown.items():
            tiles.append(to_picture(view(bounded(state)[:, :4])))
            captions.append(f"{moment} later" if moment else "undamaged" if name == WHOLE else name)
    title = f"Damage at step {config.grown}, on {first}"
    sections.append(montage(tiles, captions=captions, columns=4 * len(SHOWN), pad=4, font_size=10, title=title))
    pictures = [picture for part in parts.values() for picture in part["two seeds"]]
    captions = [f"{name}, {words}" for name in parts for words in ("two seeds far apart", "two seeds close")]
    return [*sections, montage(pictures, captions=captions, columns=2, title="Two seeds", pad=4, font_size=12)]


def examined(
    subject: Subject, name: str, topology: Data, config: Config, own: OwnForm
) -> tuple[dict[str, Any], dict[str, Any]]:
    """All trials on one substrate: the numbers, and what the page shows of them."""
    recordings, recording = followed(subject, topology, config, own)
    damage, result = damaged(subject, topology, config)
    width, height = topology["extent"][0].tolist()
    wide = KINDS[name.split()[0]].make(height, 2 * width, seed=config.seed)
    seeds, pictures = two_seeds(subject, wide, config)
    errors = [
        median(row["loss"]) / subject.empty_loss if len(recording.lost) < config.runs else math.nan
        for row in recording.numbers
    ]
    numbers = {"cells": topology.num_nodes, "long run": recordings, "damage": damage, "two seeds": seeds}
    shown = {"topology": topology, "recording": recording, "healing": result, "two seeds": pictures}
    return numbers, {**shown, "errors over time": errors}


def measure(subject: Subject, config: Config, result: Result) -> None:
    """Examines one rule."""
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    own = own_form(subject, substrates(("square",), config.cells)["square"])
    numbers: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {}
    for name, topology in result.progress(topologies.items()):
        numbers[name], parts[name] = examined(subject, name, topology, config, own)
    result.record(
        {
            "compared with": subject.goal,
            "in the best of all orientations": not subject.is_upright,
            "loss of the empty substrate": round(subject.empty_loss, 2),
            "fates": counted([run["fate"] for entry in numbers.values() for run in entry["long run"]["runs"]]),
            "verdicts": {name: verdict_of(entry, config.runs) for name, entry in numbers.items()},
            "substrates": numbers,
        }
    )
    result.figure(*page(subject, parts, config))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """One row a substrate."""
    rows = []
    for name, entry in metrics["verdicts"].items():
        numbers = [
            "" if entry[key] is None else f"{entry[key]:.{digits}f}"
            for key, digits in (("error at the end", 2), ("drift", 2), ("rotation", 1), ("largest |state|", 1))
        ]
        close = entry["two seeds, close"]
        rows.append(
            [
                name,
                ", ".join(f"{count} {fate}" for fate, count in entry["fates"].items()),
                *numbers,
                ", ".join(f"{steps:.0f}" for steps in entry["periods"]) or "none",
                *(f"{entry[f'cuts healed after {steps}']} of {entry['cuts']}" for steps in LATER),
                " and ".join(f"{error:.2f}" for error in entry["two seeds, far apart"]),
                "" if close is None else f"{close:.1f}",
            ]
        )
    header = ["substrate", f"after {metrics['config']['steps']:,} steps", "error", "drift", "rotation", "largest state"]
    header += ["periods", "damage healed after 300 steps", "after 1,000", "errors of two seeds far apart"]
    return {"verdicts": Table([*header, "patterns' worth of cells of two close ones"], rows)}


def subjects(config: Config) -> list[Subject]:
    """The one rule, once the lengths of its runs are known to divide."""
    try:
        check(config)
    except ValueError as error:
        raise SystemExit(str(error)) from None
    return [subject_with_target(config)]


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects=subjects, tables=tables)
