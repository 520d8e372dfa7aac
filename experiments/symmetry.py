"""Synchronous updates from one cell: float sums lose the symmetry, fixed-point sums keep it (IsoNCA, figure 8).

    python experiments/symmetry.py                                      # the shipped web and lizard, two minutes
    python experiments/symmetry.py --rule isonca-lizard cadata.json     # or the published one
    python experiments/symmetry.py --steps 200 --cells 1500             # smaller

A rule that perceives the Laplacian alone, a single cell, and every cell updated in every step (fire rate 1): nothing in
that knows a direction, so the state should keep all symmetries of the sheet about the seed for ever. It is run on a
square torus (eight symmetries) and on an open hexagonal patch of hexagonal cells (twelve; a rectangular torus of
hexagons has not so many), in float and in fixed point (`graphnca.layers.fixed_point`).

Expect the float runs to part from their mirror images in the last bit within a few steps, and ever further, until the
eye sees it; the fixed-point runs to equal all their images to the last bit at every step, as ornaments. The rules were
trained with random updates, so nothing says that an ornament keeps its form, or lives.

Written to `--out`:
    asymmetry.png   largest |x - image of x| over the symmetries, by step
    pictures.png    every run at several steps
    growth.gif      the first rule's runs, side by side
    metrics.json    for every run: when the symmetry was lost, how far, how many cells lived
"""

import argparse
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from PIL import Image
from protocol.rules import PUBLISHED, read_rule
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import ALIVE, EXPLODED, seeded_position
from graphnca.evaluation.symmetries import asymmetry, symmetries
from graphnca.layers import in_fixed_point
from graphnca.results.result import publish, write_metrics
from topologies import hexagonal_patch, substrate_of_cells

SHEETS = {"square": (partial(substrate_of_cells, "square"), 4), "hexagons": (hexagonal_patch, 6)}
"""Builder of each sheet, and how many turns it allows."""
ARITHMETICS = ("float", "fixed point")
VISIBLE = 1e-2  # asymmetry that begins to show in a picture: 2.5 of 255 levels of a colour
SHOWN = (0.04, 0.1, 0.15, 0.25, 0.5, 0.7, 1.0)  # shares of the steps at which pictures are taken
PIXELS = 150  # width of a picture of a sheet


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: tuple[str, ...] = ("isonca-spiderweb", "isonca-lizard")
    """Shipped rules by name, .safetensors files, or published model files; those that are not there are left out."""
    cells: int = 5184
    """Cells of each sheet, about."""
    steps: int = 1000
    every: int = 10
    """Steps between two measurements."""
    out: str = "out/symmetry"
    publish: bool = False


@dataclass(frozen=True)
class Run:
    """One rule on one sheet in one arithmetic."""

    rule: str
    sheet: str
    arithmetic: str
    topology: Data
    states: dict[int, Tensor]
    """(N, C) by step."""
    curve: dict[int, float]
    """Asymmetry by step, as long as states are finite."""

    @cached_property
    def exploded(self) -> int | None:
        """The first recorded step at which a state is beyond all bounds."""
        return next((step for step, state in self.states.items() if not state.abs().max() < EXPLODED), None)

    @property
    def meant(self) -> dict[int, float]:
        """The curve before the explosion, if there is one: beyond it, sizes say nothing."""
        return {step: value for step, value in self.curve.items() if self.exploded is None or step < self.exploded}

    def living(self, step: int) -> int:
        """How many cells are mature."""
        return int((self.states[step][:, 3] > ALIVE).sum())

    def first(self, beyond: float) -> int | None:
        """The first measured step with an asymmetry beyond a bound."""
        return next((step for step, value in self.curve.items() if value > beyond), None)

    def row(self, moments: list[int]) -> dict[str, Any]:
        """What `metrics.json` says of it."""
        dead = next((step for step in self.states if self.living(step) == 0), None)
        kept = [step for step in moments if self.exploded is None or step < self.exploded]
        return {
            "rule": self.rule,
            "sheet": self.sheet,
            "cells": self.topology.num_nodes,
            "symmetries": 2 * SHEETS[self.sheet][1],
            "arithmetic": self.arithmetic,
            "first difference": self.first(0.0),
            "visible": self.first(VISIBLE),
            "largest asymmetry": max(self.meant.values()),
            "living": {str(step): self.living(step) for step in kept},
            "died": dead if self.exploded is None else None,
            "exploded": self.exploded,
        }


def runs_of(config: Config, moments: set[int]) -> list[Run]:
    """Every rule on every sheet in both arithmetics."""
    rules = {_label(name): read_rule(name)[0] for name in config.rule if _is_there(name)}
    runs = []
    with tqdm(total=len(rules) * len(SHEETS) * len(ARITHMETICS), desc="growing", unit="run") as bar:
        for sheet, (build, turns) in SHEETS.items():
            topology = build(config.cells)
            permutations = symmetries(topology, turns)
            for name, rule in rules.items():
                for arithmetic in ARITHMETICS:
                    bar.set_postfix_str(f"{name}, {sheet}, {arithmetic}")
                    chosen = rule if arithmetic == "float" else in_fixed_point(rule)
                    recorded = grow(chosen, topology, 1, moments, 0, fire_rate=1.0)
                    states = {step: recorded[step][0] for step in sorted(recorded)}
                    finite = {step: state for step, state in states.items() if torch.isfinite(state).all()}
                    curve = {step: asymmetry(state, permutations) for step, state in finite.items()}
                    runs.append(Run(name, sheet, arithmetic, topology, states, curve))
                    bar.update()
    return sorted(runs, key=lambda run: list(rules).index(run.rule))


def _label(name: str) -> str:
    """What a rule is called in pictures and tables."""
    return "published" if Path(name).suffix in PUBLISHED else Path(name).stem


def _is_there(name: str) -> bool:
    if "/" not in name and "." not in name:
        return True  # the name of a shipped rule: read_rule tells if there is none
    if not Path(name).exists():
        tqdm.write(f"{name} is not there: left out.")
    return Path(name).exists()


def curves(runs: list[Run]) -> Image.Image:
    """Asymmetry against steps; a run that is exactly symmetric has no line on a logarithmic axis, and is counted."""
    broken = [run for run in runs if any(run.curve.values())]
    lines = {
        f"{run.rule}, {run.sheet}{'' if run.arithmetic == 'float' else ', ' + run.arithmetic}": (
            list(run.meant),
            list(run.meant.values()),
        )
        for run in broken
    }
    exact = f"{len(runs) - len(broken)} of {len(runs)} runs: 0 at every step"
    lines = lines or {exact: ([0, 1], [1e-8, 1e-8])}
    title = f"Largest |x - image of x|. In fixed point, {exact}"
    size = (max(720, 230 * len(lines)), 420)  # the legend is one line
    return draw_curves(lines, size=size, log_y=True, x_label="step", title=title)


def canvas_of(topology: Data) -> CellCanvas:
    """Draws the part of a sheet around its seed that a square of as many cells would have, as large for every sheet."""
    x, y = seeded_position(topology)
    half = 0.5 * float(topology["area"].numel()) ** 0.5
    return CellCanvas(topology, scale=PIXELS / (2 * half), window=(x - half, y - half, x + half, y + half))


def pictures(runs: list[Run], moments: list[int]) -> Image.Image:
    """A row a run, a column a moment."""
    images, captions = [], []
    for run in runs:
        canvas = canvas_of(run.topology)
        for step in moments:
            images.append(canvas.draw(run.states[step]))
            gone = run.exploded is not None and step >= run.exploded
            captions.append(f"{run.rule}\n{run.arithmetic}, {'exploded' if gone else f'step {step}'}")
    return montage(images, captions=captions, columns=len(moments), pad=6, font_size=12)


def animation(runs: list[Run]) -> list[Image.Image]:
    """The first rule's runs side by side: float above, fixed point below."""
    chosen = sorted(
        (run for run in runs if run.rule == runs[0].rule), key=lambda run: ARITHMETICS.index(run.arithmetic)
    )
    canvases = [canvas_of(run.topology) for run in chosen]
    captions = [run.arithmetic for run in chosen]
    steps = list(chosen[0].states)
    frames = [step for number, step in enumerate(steps) if step <= max(steps) * 0.3 or number % 2 == 0]
    return [
        montage(
            [canvas.draw(run.states[step]) for canvas, run in zip(canvases, chosen, strict=True)],
            captions=captions,
            columns=len(SHEETS),
            title=f"step {step}",
            pad=6,
        )
        for step in frames
    ]


def main(config: Config) -> None:
    """Grows, measures, draws and prints."""
    started = perf_counter()
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    shown = sorted({max(1, round(share * config.steps)) for share in SHOWN})
    runs = runs_of(config, {*range(0, config.steps + 1, config.every), *shown, config.steps})
    rows = [run.row(shown) for run in runs]

    head = ("differs at", "visible at", "exploded at", "largest")
    print(f"{'rule':<16}{'sheet':<10}{'arithmetic':<13}{''.join(f'{name:>12}' for name in head)}  living cells")
    for row in rows:
        numbers = [row[key] for key in ("first difference", "visible", "exploded")]
        times = "".join(f"{'never' if number is None else number:>12}" for number in numbers)
        living = ", ".join(f"{step}: {count}" for step, count in row["living"].items())
        largest = f"{row['largest asymmetry']:.2g}"
        print(f"{row['rule']:<16}{row['sheet']:<10}{row['arithmetic']:<13}{times}{largest:>12}  {living}")

    configuration = {key: value for key, value in asdict(config).items() if key not in ("out", "publish", "rule")}
    write_metrics(out, {"config": configuration, "visible beyond": VISIBLE, "runs": rows})
    save_image(out / "asymmetry.png", curves(runs))
    save_image(out / "pictures.png", pictures(runs, shown))
    save_animation(out / "growth.gif", animation(runs), fps=10)
    print(f"Pictures and metrics.json are in {out}/ ({perf_counter() - started:.0f} s).")
    if config.publish:
        print(f"Published in {publish(out, 'symmetry')}/.")


def arguments() -> Config:
    """The configuration from the command line."""
    default = Config()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rule", nargs="+", default=default.rule, help="shipped rules, files, or published models")
    parser.add_argument("--cells", type=int, default=default.cells, help="cells of each sheet, about")
    parser.add_argument("--steps", type=int, default=default.steps)
    parser.add_argument("--every", type=int, default=default.every, help="steps between two measurements")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of PyTorch")
    parser.add_argument("--out", default=default.out, help="folder for the results")
    parser.add_argument("--publish", action="store_true", help="copy the results into docs/results/symmetry")
    values = vars(parser.parse_args())
    torch.set_num_threads(values.pop("threads"))
    return Config(**{**values, "rule": tuple(values["rule"])})


if __name__ == "__main__":
    main(arguments())
