"""Growing NCA's first three experiments: what a naive, a persistent and a regenerating rule do long after training.

    python experiments/regimes.py                          # the shipped lizards, all three regimes, a few minutes
    python experiments/regimes.py --regime persistent      # one of them
    python experiments/regimes.py --regime naive --train --target heart     # train the rule first
    python experiments/regimes.py --rule growing-butterfly growing-lizard-any    # and others beside them

A rule is trained to show a picture after 64 to 95 steps. Every one of them grows here from a single cell to step 5,000,
five runs each on squares, hexagons and three Voronoi meshes that no training has seen; log10 of the mean squared error
of RGBA to the target, on a raster of one pixel per unit around the seed. Expect of the regimes, on squares:

    naive           good at step 64 to 95, then it dies out, overgrows or happens to stay: it never saw a later step
    persistent      at -3.8 or below from step 200 to 2,000 (the published one: -4.1), and on
    regenerating    a little above; it has spent part of its training on wounds (see growing/damage.py)

On hexagons and meshes, which these rules do not know, they grow through the noise-gain law (noise_gain_law.py).

Written to `--out`:
    error.png       log10 error against step: five runs of every rule on squares, and medians on all kinds of cells
    strip.png       every rule on every kind of cells, step by step, the median run
    growth.gif      the same in motion
    metrics.json    every run
"""

from collections import Counter
from collections.abc import Iterable
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

from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.runs import walk
from graphnca.evaluation.scores import fates, seeded_position
from graphnca.results.options import from_command_line
from graphnca.results.result import command, publish, write_metrics
from graphnca.rules import shipped_rules
from graphnca.seeds import point_seed
from graphnca.training.recipes import GrowingRecipe
from topologies import KINDS, sampled_torus, substrates
from topologies.kinds import CELLS

NAMES = {"naive": "growing-{}-naive", "persistent": "growing-{}-persistent", "regenerating": "growing-{}"}
"""The regimes, and what the shipped rule of a target is called."""
MOMENTS = (50, 100, 200, 500, 1000, 2000, 5000)
"""Steps of the strip and the table."""
HELD = {"regime": "persistent", "from": 200, "to": 2000, "at most": -3.8, "runs": 4}
"""The goal: so many of five runs on squares are at or below that all the time."""
FRAMES, SLOWING = 44, 2.5  # frames of the animation; frame i of n shows step last * (i / n)^2.5
SHOWN = 72  # units of the window that pictures show
CURVE_SIZE = (520, 330)


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    regime: str = ""
    """naive, persistent or regenerating; empty: all of them that there are."""
    target: str = "lizard"
    """The emoji whose rules are looked at."""
    rule: tuple[str, ...] = ()
    """Rules beside those: shipped names or paths."""
    train: bool = False
    """Trains the rules of the regimes first, into `--out`/REGIME, or goes on with it."""
    iterations: int = GrowingRecipe.iterations
    """Of each training."""
    steps: int = 5000
    """Length of a run."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    runs: int = 5
    """Runs on each sheet."""
    meshes: int = 3
    """Voronoi meshes."""
    seed: int = 2000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    threads: int = 0
    """Of PyTorch; 0: as they are."""
    out: str = "out/growing"
    """Folder for the results."""
    publish: bool = False
    """Also copy them into docs/results."""


def regimes(config: Config) -> tuple[str, ...]:
    """Those that the command line asks for."""
    if config.regime and config.regime not in NAMES:
        raise SystemExit(f"--regime: expected one of {sorted(NAMES)}, got {config.regime!r}.")
    return (config.regime,) if config.regime else tuple(NAMES)


def trained_path(config: Config, regime: str) -> Path:
    """Where this script's own training of a regime puts its rule."""
    return Path(config.out) / regime / "rule.safetensors"


def train_all(config: Config) -> None:
    """Trains the rules of the regimes, or goes on with it."""
    for regime in regimes(config):
        print(f"Training, {regime}.")
        recipe = GrowingRecipe(
            target=config.target,
            regime=regime,
            iterations=config.iterations,
            threads=config.threads,
            snapshot_every=0,
            out=str(trained_path(config, regime).parent),
        )
        recipe.train(sampled_torus, command())


def contestants(config: Config) -> dict[str, Growing]:
    """The rules that are looked at: one for each regime, trained here or shipped, and those that `--rule` names."""
    found: dict[str, Growing] = {}
    for regime in regimes(config):
        path, name = trained_path(config, regime), NAMES[regime].format(config.target)
        if path.exists():
            found[f"{config.target}, {regime}"] = growing_of(str(path))
        elif name in shipped_rules():
            found[f"{config.target}, {regime}"] = growing_of(name)
        else:
            print(f"There is no rule {name!r}; --train trains one.")
    found |= {Path(name).stem.removeprefix("growing-"): growing_of(name) for name in config.rule}
    if not found:
        raise SystemExit("There is nothing to look at: name rules with --rule, or train with --train.")
    for row, growing in found.items():
        if growing.target is None:
            raise SystemExit(f"--rule: expected one whose card names its target, got {row!r}.")
    return found


def curve_steps(last: int) -> list[int]:
    """Where the error is measured: every 25 steps to 500, every 50 to 2,000, every 250 from there on."""
    steps = [*range(25, 500, 25), *range(500, 2000, 50), *range(2000, last + 1, 250), *MOMENTS, last]
    return sorted({step for step in steps if step <= last})


def frame_steps(last: int) -> list[int]:
    """Steps of the animation: close together at first, ever farther apart later."""
    return sorted({round(last * (number / FRAMES) ** SLOWING) for number in range(FRAMES + 1)})


@dataclass(frozen=True)
class Course:
    """The runs of one rule on one sheet."""

    steps: list[int]
    """Where they were measured."""
    errors: list[list[float]]
    """log10 error, one list a run."""
    alive: dict[int, list[int]]
    """Mature cells at every moment, one number a run."""
    fates: list[str]
    """What became of each run in the end."""
    states: dict[int, Tensor]
    """RGBA `(N, 4)` of the median run, by step."""

    def worst(self, first: int, last: int) -> list[float]:
        """The largest error of each run between two steps."""
        chosen = [number for number, step in enumerate(self.steps) if first <= step <= last]
        return [max((errors[number] for number in chosen), default=float("nan")) for errors in self.errors]

    def at(self, step: int) -> list[float]:
        """The errors at a step."""
        return [errors[self.steps.index(step)] for errors in self.errors]


def course(growing: Growing, topology: Data, config: Config, *, drawn: Iterable[int]) -> Course:
    """Runs a rule from a single cell and measures on the way."""
    steps, drawn = curve_steps(config.steps), set(drawn)
    seed = point_seed(topology, growing.rule.num_channels)
    start = seed.expand(config.runs, *seed.shape).contiguous()
    generator = torch.Generator().manual_seed(config.seed)
    errors: list[list[float]] = [[] for _ in range(config.runs)]
    alive, kept, end = {}, {}, start
    for step, states in walk(growing.rule, start, topology, {*steps, *drawn}, generator=generator):
        if step in steps:
            for run, error in enumerate(growing.log_error(states, topology).tolist()):
                errors[run].append(round(error, 3))
        if step in MOMENTS:
            alive[step] = (states[..., 3] > 0.1).sum(-1).tolist()
        if step in drawn:
            kept[step] = states[..., :4].clone()
        end = states
    order = sorted(range(config.runs), key=lambda run: errors[run][-1])
    middle = order[len(order) // 2]
    return Course(steps, errors, alive, fates(end), {step: states[middle] for step, states in kept.items()})


def window(topology: Data, scale: float) -> CellCanvas:
    """What draws the surroundings of the seed."""
    x, y = seeded_position(topology)
    half = SHOWN / 2
    return CellCanvas(topology, scale=scale, window=(x - half, y - half, x + half, y + half))


def one_of_each(names: Iterable[str]) -> list[str]:
    """The first sheet of each kind."""
    return list({name.split()[0]: name for name in reversed(list(names))}.values())[::-1]


def strip(courses: dict[str, dict[str, Course]], topologies: dict[str, Data], moments: list[int]) -> Image.Image:
    """Rows: every rule on every kind of cells; columns: steps."""
    canvases = {name: window(topologies[name], 1.5) for name in one_of_each(topologies)}
    tiles, captions = [], []
    for row, on_sheets in courses.items():
        for name, canvas in canvases.items():
            tiles += [canvas.draw(on_sheets[name].states[step]) for step in moments]
            captions += [f"{row}\n{name.split()[0]}: {step}" if step == moments[0] else f"\n{step}" for step in moments]
    return montage(tiles, captions=captions, columns=len(moments), pad=4, font_size=12)


def animation(
    courses: dict[str, dict[str, Course]], topologies: dict[str, Data], steps: list[int]
) -> list[Image.Image]:
    """Frames with a row for each rule and a column for each kind of cells."""
    canvases = {name: window(topologies[name], 1.5) for name in one_of_each(topologies)}
    captions = [f"{row}, {name.split()[0]}" for row in courses for name in canvases]
    return [
        montage(
            [
                canvas.draw(on_sheets[name].states[step])
                for on_sheets in courses.values()
                for name, canvas in canvases.items()
            ],
            captions=captions,
            columns=len(canvases),
            title=f"step {step}",
            pad=3,
            font_size=11,
        )
        for step in steps
    ]


def curves(courses: dict[str, dict[str, Course]]) -> Image.Image:
    """A row for each rule: every run on squares, and the medians on all kinds of cells."""
    panels = []
    for row, on_sheets in courses.items():
        square = on_sheets["square"]
        runs = {f"run {run + 1}": (square.steps, errors) for run, errors in enumerate(square.errors)}
        kinds: dict[str, list[list[float]]] = {}
        for name, entry in on_sheets.items():
            kinds.setdefault(name.split()[0], []).extend(entry.errors)
        middle = {
            kind: (square.steps, [median(column) for column in zip(*errors, strict=True)])
            for kind, errors in kinds.items()
        }
        for lines, words in ((runs, "squares"), (middle, "medians")):
            panels.append(
                draw_curves(
                    lines,
                    size=CURVE_SIZE,
                    log_x=True,
                    x_label="step",
                    y_label="log10 error",
                    title=f"{row}: {words}",
                )
            )
    return montage(panels, columns=2, pad=6)


def numbers(on_sheets: dict[str, Course], growing: Growing) -> dict[str, Any]:
    """What `metrics.json` holds of a rule."""
    return {
        "rule": growing.name,
        "target": growing.card.get("target"),
        "regime": growing.card.get("regime"),
        "trained on": growing.card.get("substrate"),
        "log10 error of the empty sheet": round(growing.empty_log_error, 3),
        "sheets": {
            name: {
                "fates": dict(Counter(entry.fates)),
                "worst from 200 to 2000": entry.worst(HELD["from"], HELD["to"]),
                "alive": {str(step): counts for step, counts in entry.alive.items()},
                "steps": entry.steps,
                "log10 errors": entry.errors,
            }
            for name, entry in on_sheets.items()
        },
    }


def held(on_sheets: dict[str, Course]) -> dict[str, Any]:
    """Whether the persistent rule stays as near its target as it should."""
    worst = on_sheets["square"].worst(HELD["from"], HELD["to"])
    reached = sum(error <= HELD["at most"] for error in worst)
    return {**HELD, "worst of each run": worst, "reached in": reached, "met": reached >= HELD["runs"]}


def main(config: Config) -> None:
    """Trains if asked, runs, measures, draws and prints."""
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    if config.threads:
        torch.set_num_threads(config.threads)
    if config.train:
        train_all(config)
    rules = contestants(config)
    topologies = substrates(KINDS, config.cells, meshes=config.meshes, seed=config.seed)
    moments = [step for step in MOMENTS if step <= config.steps]
    frames, shown = frame_steps(config.steps), one_of_each(topologies)
    courses: dict[str, dict[str, Course]] = {}
    bar = tqdm(total=len(rules) * len(topologies), desc="running", unit="sheet")
    for row, growing in rules.items():
        courses[row] = {}
        for name, topology in topologies.items():
            drawn = {*moments, *frames} if name in shown else set()
            courses[row][name] = course(growing, topology, config, drawn=drawn)
            bar.update()
    bar.close()

    print(f"\nMedian log10 error at steps; {config.runs} runs on each sheet.")
    print(f"{'rule':<26}{'sheet':<14}" + "".join(f"{step:>8}" for step in moments) + "   in the end")
    for row, on_sheets in courses.items():
        for name, entry in on_sheets.items():
            errors = "".join(f"{median(entry.at(step)):>8.2f}" for step in moments)
            words = ", ".join(f"{count} {fate}" for fate, count in Counter(entry.fates).items())
            print(f"{row:<26}{name:<14}{errors}   {words}")
    metrics: dict[str, Any] = {"config": asdict(config), "moments": moments}
    metrics["rules"] = {row: numbers(courses[row], growing) for row, growing in rules.items()}
    persistent = [row for row in courses if metrics["rules"][row]["regime"] == HELD["regime"]]
    if persistent and config.steps >= HELD["to"]:
        metrics["goal"] = held(courses[persistent[0]])
        print(f"Persistent, worst of each run from step 200 to 2,000: {metrics['goal']['worst of each run']}.")
    write_metrics(out, metrics)
    save_image(out / "error.png", curves(courses))
    save_image(out / "strip.png", strip(courses, topologies, moments))
    save_animation(out / "growth.gif", animation(courses, topologies, frames), fps=10)
    if config.publish:
        print(f"Published in {publish(out, 'growing')}.")
    print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
