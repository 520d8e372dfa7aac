"""Damage over time: a disk every 20 steps, ten times, while the pattern grows back (the GNCA explainer's open problem).

    python experiments/growing/damage_over_time.py             # growing-lizard against growing-lizard-hardened
    python experiments/growing/damage_over_time.py --rule runs/growing-lizard runs/hardened

Rules are trained to heal one damage of a pattern that is whole. The explainer found that they almost always fail if
damage goes on while they heal. Two tests, 20 runs each, the same disks for every rule on every kind of cells:

    regrowing   the pattern grows for 200 steps, then loses a random disk every 20 steps, ten times
    growing     the first of the ten disks comes at step 20, when the seed has hardly begun to grow

Disks are those of the published trainings: centre within half the half-width of the seed, radius 0.1 to 0.4 of it
(half-width: 36 units). After the last one the pattern is left alone. A run has recovered if log10 of its mean squared
error to the target is at most -3.0 after 100 steps of rest: what is asked of a regenerating rule after a single damage.
Counts at -2.5, which a pattern with all its limbs reaches, and after 300 steps stand beside it, and every run's error
is in `metrics.json`.

Expect that the usual rule is left with a wrong shape in every second run, and more rest does not help those; a rule
that was trained with damage on the way (`growing/training.py --regime hardened`) is to recover in at least twice as
many.

Written to `--out`:
    figure.webp     the median run of each rule on squares, disk by disk; the errors of all runs, sorted, one line a
                    rule; the median error over time on squares
    animation.webp  two runs of each rule on squares, with the same disks
    metrics.json    everything measured
    tables.json     how many runs recovered, and how many times as many as of the usual rule
A minute a rule on one core.
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.damage import random_disks
from graphnca.drawing import montage, to_picture
from graphnca.evaluation.damage_tests import HALF_WIDTH
from graphnca.evaluation.fates import counted, fates
from graphnca.evaluation.form import OwnForm, own_form
from graphnca.evaluation.intervals import below, resampled
from graphnca.evaluation.pixel_error import log10_error
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import ALIVE, bounded, seeded_position
from graphnca.evaluation.subject import Subject
from graphnca.results.figures import curves, median_run
from graphnca.results.options import OfRules, OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subjects_of
from graphnca.results.table import Table
from topologies import substrates

TESTS = {"regrowing": 200, "growing": 20}
"""The step of the first disk."""
LEVELS = (-3.0, -2.5)  # log10 of the mean squared error from which on a run counts as recovered; the first one decides
TWICE = 2.0  # times as many runs of a rule trained for this are to recover
LOOK_EVERY = 5  # steps between two values of the curves, and between two frames
SHOWN = (1, 2, 4, 6, 8, 10)  # disks after which the strips show a pattern
TILE = 2  # pixels per unit of length


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnSubstrates, Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("growing-lizard", "growing-lizard-hardened")
    """Rules by name or path, the usual one first: the others are compared with it."""
    meshes: int = 2
    runs: int = 20
    """Runs of each test on each substrate."""
    disks: int = 10
    """How many a run loses."""
    every: int = 20
    """Steps between two of them."""
    rest: tuple[int, ...] = (100, 300)
    """Steps after the last one at which the errors are taken; the first says who has recovered."""
    width: float = HALF_WIDTH
    """The half-width, in units: disks are as much larger as it is."""
    seed: int = 4000
    """Of the runs and disks; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/damage_over_time"


@dataclass
class Course:
    """One test of one rule on one substrate."""

    moments: list[int]
    """Steps from the seed."""
    errors: Tensor
    """(moments, runs): log10 of the mean squared error to the target."""
    taken: Tensor
    """(disks, runs): the share of the living cells that each disk took."""
    fates: list[str]
    """Of each run, in the end."""
    pictures: dict[int, Tensor]
    """(runs, 4, H, W) by moment, where they are asked for."""

    def rested(self, config: Config, number: int = 0) -> Tensor:
        """The errors after the rest of that number."""
        return self.errors[self.moments.index(self.last(config) + config.rest[number])]

    def last(self, config: Config) -> int:
        """The step of the last disk."""
        return max(self.moments) - max(config.rest)


def disks_of(config: Config, topology: Data, first: int) -> dict[int, Tensor]:
    """The disks of every run `(runs, N)` by the step at which they come: the same for every rule, on any substrate."""
    generator = torch.Generator().manual_seed(config.seed)
    centre = seeded_position(topology)
    return {
        first + config.every * number: random_disks(
            topology, config.runs, generator=generator, half_width=config.width, centre=centre
        )
        for number in range(config.disks)
    }


def course_of(
    subject: Subject, topology: Data, config: Config, first: int, own: OwnForm, *, pictures: bool = False
) -> Course:
    """Grows, damages and lets rest."""
    disks, view = disks_of(config, topology, first), subject.view(topology)
    last = max(disks)
    before = {step - 1: mask for step, mask in disks.items()}
    rests = {last + steps for steps in config.rest}
    wanted = {*range(0, max(rests) + 1, LOOK_EVERY), *disks, *before, *rests}
    start = subject.seed(topology).expand(config.runs, -1, -1)
    moments, errors, taken, shown, states = [], [], [], {}, start
    generator = torch.Generator().manual_seed(config.seed + 1)
    for moment, states in walk(subject.rule, start, topology, wanted, generator=generator, damage=disks):
        moments.append(moment)
        images = view(bounded(states)[..., :4])
        errors.append(log10_error(images, subject.target))
        if moment in before:
            living = states[..., 3] > ALIVE
            taken.append((living & before[moment]).sum(-1) / living.sum(-1).clamp_min(1))
        if pictures:
            shown[moment] = images
    return Course(moments, torch.stack(errors), torch.stack(taken), fates(states, topology, own), shown)


def numbers_of(course: Course, config: Config) -> dict[str, Any]:
    """What `metrics.json` holds of a test."""
    entry: dict[str, Any] = {"fates": counted(course.fates)}
    for number, steps in enumerate(config.rest):
        errors = sorted(course.rested(config, number).tolist())
        entry[f"{steps} steps after"] = {
            "median log10 error": round(median(errors), 2),
            **{f"at most {level}": sum(error <= level for error in errors) for level in LEVELS},
            "log10 errors": [round(error, 2) for error in errors],
        }
    first = course.moments.index(course.last(config) - config.every * (config.disks - 1) - 1)
    entry["median log10 error before"] = round(float(course.errors[first].median()), 2)
    entry["share of the living cells that a disk took, mean"] = round(float(course.taken.mean()), 3)
    return entry


def strips(courses: dict[str, Course], config: Config) -> Image.Image:
    """One row a rule: its median run, before the first disk, after some, and at rest."""
    tiles, captions = [], []
    for name, course in courses.items():
        last = course.last(config)
        first = last - config.every * (config.disks - 1)
        chosen = median_run(course.rested(config).tolist())
        shown = {first - 1: f"{name}\nbefore"}
        shown |= {first + (n - 1) * config.every: f"disk {n}" for n in SHOWN if n <= config.disks}
        shown |= {last + steps: f"{steps} steps later" for steps in config.rest}
        tiles += [to_picture(course.pictures[moment][chosen], scale=TILE) for moment in shown]
        captions += list(shown.values())
    return montage(tiles, captions=captions, columns=len(tiles) // len(courses), pad=4, font_size=12)


def frames(courses: dict[str, Course]) -> list[Image.Image]:
    """Two runs of each rule side by side: one rule a row, the same disks in a column."""
    one = next(iter(courses.values()))
    runs = range(min(2, one.errors.shape[1]))
    return [
        montage(
            [to_picture(course.pictures[moment][run], scale=TILE) for course in courses.values() for run in runs],
            captions=[name if run == 0 else str(moment) for name in courses for run in runs],
            columns=len(runs),
            pad=4,
            font_size=12,
        )
        for moment in one.moments
        if moment % LOOK_EVERY == 0
    ]


def main(config: Config, result: Result) -> None:
    """Measures and draws."""
    subjects = {subject.name: subject for subject in subjects_of(config, "upright")}
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    first_of_all = next(iter(topologies))
    square = substrates(("square",), config.cells)["square"]
    own = {name: own_form(subject, square) for name, subject in subjects.items()}
    measured: dict[str, Any] = {name: {substrate: {} for substrate in topologies} for name in subjects}
    drawn: dict[str, dict[str, Course]] = {test: {} for test in TESTS}
    jobs = [(name, substrate, test) for name in subjects for substrate in topologies for test in TESTS]
    for name, substrate, test in result.progress(jobs, "test"):
        shown = substrate == first_of_all
        course = course_of(subjects[name], topologies[substrate], config, TESTS[test], own[name], pictures=shown)
        measured[name][substrate][test] = numbers_of(course, config)
        if shown:
            drawn[test][name] = course
    recovered = f"log10 error at most {LEVELS[0]} {config.rest[0]} steps after the last disk"
    result.record({"recovered": recovered, "rules": measured, "times as many": comparison(measured, config.rest[0])})
    by_run, by_step = {}, {}
    for test, courses in drawn.items():
        by_run[f"{test}: {config.rest[0]} steps after the last disk"] = {
            name: (range(1, config.runs + 1), course.rested(config).sort().values.tolist())
            for name, course in courses.items()
        }
        by_step[f"{test}: median of {config.runs} runs"] = {
            name: (course.moments, course.errors.median(1).values.tolist()) for name, course in courses.items()
        }
    first = next(iter(drawn.values()))
    result.figure(
        strips(first, config),
        curves(by_run, size=(560, 360), dots=True, x_label="run, sorted", y_label="log10 error"),
        curves(by_step, size=(560, 360), x_label="step", y_label="log10 error"),
    )
    result.animation(frames(first), fps=12)


def comparison(measured: dict[str, Any], rest: int) -> dict[str, Any]:
    """How many times as many runs of each other rule recovered as of the first; None where none of the first did."""
    usual, *others = measured

    def recovered(name: str, substrate: str, test: str) -> int:
        return measured[name][substrate][test][f"{rest} steps after"][f"at most {LEVELS[0]}"]

    def times(name: str, substrate: str, test: str) -> float | None:
        before = recovered(usual, substrate, test)
        return round(recovered(name, substrate, test) / before, 2) if before else None

    return {
        name: {test: {substrate: times(name, substrate, test) for substrate in measured[name]} for test in TESTS}
        for name in others
    }


def twice_as_many(before: int, after: int, runs: int) -> str:
    """Whether twice as many of so many runs recover: yes or no where the interval of what is lacking says so."""
    if not after:
        return "no"
    lacking = resampled(
        lambda drawn: TWICE * float((drawn[0] < before).mean()) - float((drawn[1] < after).mean()), [runs, runs]
    )
    return below(lacking, 0.0)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Runs that recovered, every rule on every substrate; and whether they are twice as many as of the usual one."""
    runs, rests, rules = metrics["config"]["runs"], metrics["config"]["rest"], metrics["rules"]
    rows, goals = [], []
    usual, *others = rules
    for test in TESTS:
        for name, entries in rules.items():
            for substrate, tests in entries.items():
                counts = [tests[test][f"{rest} steps after"] for rest in rests]
                numbers = [count[f"at most {level}"] for count in counts for level in LEVELS]
                middle = [f"{count['median log10 error']:.2f}" for count in counts]
                rows.append([test, f"`{name}`", substrate, *numbers, *middle])
    for name in others:
        for test in TESTS:
            for substrate in rules[name]:
                row: list[Any] = [test, substrate]
                for level in LEVELS:
                    before, after = (
                        rules[rule][substrate][test][f"{rests[0]} steps after"][f"at most {level}"]
                        for rule in (usual, name)
                    )
                    row += [f"{before} / {after}", twice_as_many(before, after, runs)]
                goals.append(row)
    header = ["test", "rule", "substrate"]
    header += [f"at most {level}, {rest} steps after" for rest in rests for level in LEVELS]
    header += [f"median, {rest} steps after" for rest in rests]
    goal = ["test", "substrate"]
    for level in LEVELS:
        goal += [f"at most {level}: `{usual}` / hardened", "at least twice as many"]
    return {
        "runs": Table(header, rows, f"Of {runs} runs each."),
        "goal": Table(goal, goals, f"Of {runs} runs each, {rests[0]} steps after."),
    }


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
