"""Damage over time: a disk every 20 steps, ten times, while the pattern grows back (the GNCA explainer's open problem).

    python experiments/damage_over_time.py                        # growing-lizard against growing-lizard-hardened
    python experiments/damage_over_time.py --rule runs/growing-lizard/rule.safetensors runs/hardened/rule.safetensors

Rules are trained to heal one wound of a pattern that is whole. The explainer found that they almost always fail if
damage goes on while they heal. Two tests, 20 runs each, the same disks for every rule on every kind of cells:

    regrowing   the pattern grows for 200 steps, then loses a random disk every 20 steps, ten times
    growing     the first of the ten disks comes at step 20, when the seed has hardly begun to grow

Disks are those of the published trainings: centre within half the half-width of the seed, radius 0.1 to 0.4 of it
(half-width: 36 units). After the last one the pattern is left alone. A run has recovered if log10 of its mean squared
error to the target is at most -3.0 after 100 steps of rest: what is asked of a regenerating rule after a single cut.
Counts at -2.5, which a pattern with all its limbs reaches, and after 300 steps stand beside it, and every run's error
is in `metrics.json`.

Expect that the usual rule is left with a wrong shape in every second run, and more rest does not help those; a rule
that was trained with damage on the way (`growing/training.py --regime hardened`) is to recover in at least twice as
many.

Written to `--out`:
    runs.png        the errors of all runs, sorted, one line a rule
    curves.png      the median error over time on squares
    strips.png      the median run of each rule on squares, wound by wound
    animation.gif   two runs of each rule on squares, with the same wounds
    metrics.json    everything measured
A minute a rule on one core.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image
from protocol.growing import Growing, growing_of
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.damage import random_disks
from graphnca.drawing import draw_curves, montage, save_animation, save_image, to_picture
from graphnca.evaluation.damage_tests import HALF_WIDTH
from graphnca.evaluation.pixel_error import log10_error
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import ALIVE, bounded, fates, raster, seeded_position
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from graphnca.seeds import point_seed
from topologies import KINDS, substrates
from topologies.kinds import CELLS

TESTS = {"regrowing": 200, "growing": 20}
"""The step of the first wound."""
LEVELS = (-3.0, -2.5)  # log10 of the mean squared error from which on a run counts as recovered; the first one is told
LOOK_EVERY = 5  # steps between two values of the curves, and between two frames
SHOWN_WOUNDS = (1, 2, 4, 6, 8, 10)  # in the strips
TILE = 2  # pixels per unit of length
FRAMES_PER_SECOND = 12


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: tuple[str, ...] = ("growing-lizard", "growing-lizard-hardened")
    """Shipped rules or files, the usual one first: the others are compared with it."""
    target: str = ""
    """What they grow, where their cards don't say it."""
    substrate: tuple[str, ...] = tuple(KINDS)
    """Kinds of cells."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    meshes: int = 2
    """How many Voronoi meshes."""
    runs: int = 20
    """Runs of each test on each sheet."""
    wounds: int = 10
    """How many disks a run loses."""
    every: int = 20
    """Steps between two of them."""
    rest: tuple[int, ...] = (100, 300)
    """Steps after the last one at which the errors are taken; the first says who has recovered."""
    width: float = HALF_WIDTH
    """The half-width, in units: disks are as much larger as it is."""
    seed: int = 4000
    """Of the runs and wounds; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/damage_over_time"
    """Folder for the results."""
    publish: bool = False
    """Also copy them into docs/results."""


@dataclass
class Course:
    """One test of one rule on one sheet."""

    moments: list[int]
    """Steps from the seed."""
    errors: Tensor
    """(moments, runs): log10 of the mean squared error to the target."""
    taken: Tensor
    """(wounds, runs): the share of the living cells that each wound took."""
    fates: list[str]
    """Of each run, in the end."""
    pictures: dict[int, Tensor]
    """(runs, 4, H, W) by moment, where they are asked for."""


def wounds_of(config: Config, topology: Data, first: int) -> dict[int, Tensor]:
    """The disks of every run `(runs, N)` by the step at which they come: the same for every rule, on any sheet."""
    generator = torch.Generator().manual_seed(config.seed)
    centre = seeded_position(topology)
    return {
        first + config.every * number: random_disks(
            topology, config.runs, generator=generator, half_width=config.width, centre=centre
        )
        for number in range(config.wounds)
    }


def course_of(growing: Growing, topology: Data, config: Config, first: int, *, pictures: bool = False) -> Course:
    """Grows, wounds and lets rest."""
    wounds = wounds_of(config, topology, first)
    last = max(wounds)
    end = last + max(config.rest)
    before = {step - 1: mask for step, mask in wounds.items()}
    wanted = {*range(0, end + 1, LOOK_EVERY), *wounds, *before, *(last + steps for steps in config.rest), end}
    start = point_seed(topology, growing.rule.num_channels).expand(config.runs, -1, -1)
    if growing.target is None:
        raise SystemExit(f"--rule: expected rules whose cards name their targets, or --target, got {growing.name!r}.")
    view = raster(topology, *growing.target.shape[-2:])
    moments, errors, taken, shown, states = [], [], [], {}, start
    generator = torch.Generator().manual_seed(config.seed + 1)
    for moment, states in walk(growing.rule, start, topology, wanted, generator=generator, wounds=wounds):
        moments.append(moment)
        images = view(bounded(states)[..., :4])
        errors.append(log10_error(images, growing.target))
        if moment in before:
            living = states[..., 3] > ALIVE
            taken.append((living & before[moment]).sum(-1) / living.sum(-1).clamp_min(1))
        if pictures:
            shown[moment] = images
    return Course(moments, torch.stack(errors), torch.stack(taken), fates(states), shown)


def numbers_of(course: Course, config: Config) -> dict[str, Any]:
    """What is told of a test."""
    last = max(course.moments) - max(config.rest)
    entry: dict[str, Any] = {"fates": dict(Counter(course.fates))}
    for steps in config.rest:
        errors = sorted(course.errors[course.moments.index(last + steps)].tolist())
        entry[f"{steps} steps after"] = {
            "median log10 error": round(median(errors), 2),
            **{f"at most {level}": sum(error <= level for error in errors) for level in LEVELS},
            "log10 errors": [round(error, 2) for error in errors],
        }
    first = course.moments.index(last - config.every * (config.wounds - 1) - 1)
    entry["median log10 error before"] = round(float(course.errors[first].median()), 2)
    entry["share of the living cells that a wound took, mean"] = round(float(course.taken.mean()), 3)
    return entry


def strips(courses: dict[str, Course], config: Config) -> Image.Image:
    """One row a rule: its median run, before the first wound, after some, and at rest."""
    tiles, captions = [], []
    for name, course in courses.items():
        last = max(course.moments) - max(config.rest)
        first = last - config.every * (config.wounds - 1)
        after = course.errors[course.moments.index(last + config.rest[0])]
        run = int(after.argsort()[len(after) // 2])
        told = {first - 1: f"{name}\nbefore"}
        told |= {first + (n - 1) * config.every: f"wound {n}" for n in SHOWN_WOUNDS if n <= config.wounds}
        told |= {last + steps: f"{steps} steps later" for steps in config.rest}
        tiles += [to_picture(course.pictures[moment][run], scale=TILE) for moment in told]
        captions += list(told.values())
    return montage(tiles, captions=captions, columns=len(tiles) // len(courses), pad=4, font_size=12)


def frames(courses: dict[str, Course]) -> list[Image.Image]:
    """Two runs of each rule side by side: one rule a row, the same wounds in a column."""
    every = next(iter(courses.values())).moments
    runs = range(min(2, next(iter(courses.values())).errors.shape[1]))
    return [
        montage(
            [to_picture(course.pictures[moment][run], scale=TILE) for course in courses.values() for run in runs],
            captions=[name if run == 0 else str(moment) for name in courses for run in runs],
            columns=len(runs),
            pad=4,
            font_size=12,
        )
        for moment in every
        if moment % LOOK_EVERY == 0
    ]


def main(config: Config) -> None:
    """Measures, draws and prints."""
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    rules = {Path(name).parent.name if Path(name).stem == "rule" else Path(name).stem: name for name in config.rule}
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    first_sheet = next(iter(topologies))
    measured: dict[str, Any] = {}
    drawn: dict[str, dict[str, Course]] = {test: {} for test in TESTS}
    bar = tqdm(total=len(rules) * len(topologies) * len(TESTS), unit="test")
    for name, path in rules.items():
        growing = growing_of(path, target=config.target)
        measured[name] = {}
        for sheet, topology in topologies.items():
            measured[name][sheet] = {}
            for test, first in TESTS.items():
                bar.set_description(f"{name}, {sheet}, {test}")
                course = course_of(growing, topology, config, first, pictures=sheet == first_sheet)
                measured[name][sheet][test] = numbers_of(course, config)
                if sheet == first_sheet:
                    drawn[test][name] = course
                bar.update()
    bar.close()
    write_metrics(
        out,
        {
            "config": asdict(config),
            "recovered": f"log10 error at most {LEVELS[0]} {config.rest[0]} steps after the last wound",
            "rules": measured,
            "times as many": comparison(measured, config),
        },
    )
    draw(out, drawn, config)
    show(measured, config)
    if config.publish:
        publish(out, "damage_over_time")
    print(f"Pictures, animation and metrics.json are in {out}/.")


def recovered(measured: dict[str, Any], name: str, test: str, config: Config) -> dict[str, int]:
    """How many runs of a rule recovered, by sheet."""
    key = f"{config.rest[0]} steps after"
    return {sheet: entry[test][key][f"at most {LEVELS[0]}"] for sheet, entry in measured[name].items()}


def comparison(measured: dict[str, Any], config: Config) -> dict[str, Any]:
    """How many times as many runs of each other rule recovered as of the first; None where none of the first did."""
    usual, *others = measured
    told: dict[str, Any] = {}
    for name in others:
        told[name] = {}
        for test in TESTS:
            before, after = (recovered(measured, rule, test, config) for rule in (usual, name))
            told[name][test] = {
                sheet: round(after[sheet] / before[sheet], 2) if before[sheet] else None for sheet in before
            }
    return told


def draw(out: Path, drawn: dict[str, dict[str, Course]], config: Config) -> None:
    """The pictures, all of the first sheet."""
    sorted_runs, over_time = [], []
    for test, courses in drawn.items():
        lines = {}
        for name, course in courses.items():
            last = max(course.moments) - max(config.rest)
            errors = course.errors[course.moments.index(last + config.rest[0])].sort().values
            lines[name] = (list(range(1, len(errors) + 1)), errors.tolist())
        title = f"{test}: {config.rest[0]} steps after the last wound"
        size = (560, 360)
        sorted_runs.append(
            draw_curves(lines, size=size, dots=True, x_label="run, sorted", y_label="log10 error", title=title)
        )
        medians = {name: (course.moments, course.errors.median(1).values.tolist()) for name, course in courses.items()}
        title = f"{test}: median of {config.runs} runs"
        over_time.append(draw_curves(medians, size=size, x_label="step", y_label="log10 error", title=title))
    save_image(out / "runs.png", montage(sorted_runs, columns=len(sorted_runs), pad=6))
    save_image(out / "curves.png", montage(over_time, columns=len(over_time), pad=6))
    first = next(iter(drawn.values()))
    save_image(out / "strips.png", strips(first, config))
    save_animation(out / "animation.gif", frames(first), fps=FRAMES_PER_SECOND)


def show(measured: dict[str, Any], config: Config) -> None:
    """Prints the table."""
    later = [f"{steps} steps after" for steps in config.rest]
    header = "".join(f"{f'<= {level}, +{steps}':>14}" for steps in config.rest for level in LEVELS)
    print(f"\n{'rule':<26}{'sheet':<14}{'test':<11}{'before':>7}{header}  fates")
    for name, entries in measured.items():
        for sheet, tests in entries.items():
            for test, entry in tests.items():
                counts = "".join(f"{entry[key][f'at most {level}']:>14}" for key in later for level in LEVELS)
                told = ", ".join(f"{count} {fate}" for fate, count in entry["fates"].items())
                print(f"{name:<26}{sheet:<14}{test:<11}{entry['median log10 error before']:>7.2f}{counts}  {told}")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
