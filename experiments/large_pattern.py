"""A large flower, 64 pixels on 84x84 cells, from one cell near the foot of its stem (Studying Growth).

    python experiments/large_pattern.py                   # the shipped rule, a minute on one core
    python experiments/large_pattern.py --rule runs/growing-flower-large/rule.safetensors --ship growing-flower-large

The rule has 32 channels, each of which fires on its own with probability 0.8 (`large_training.py`). Several runs on the
square grid, on hexagons and on three Voronoi meshes of about 7,056 cells, each measured by log10 of the mean squared
error of RGBA on a raster of one pixel per unit, laid so that the seed is where it belongs in the picture.

Written to `--out`:
    flower.png      the run in the middle on every sheet, step by step, the target beside it
    error.png       the error against the steps
    flower.gif      the square grid's run
    metrics.json    every number
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from protocol.planted import planted_raster, planted_seed
from protocol.rules import read_rule
from protocol.shipping import ship
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.pixel_error import log10_error
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import ALIVE, bounded, seeded_position
from graphnca.layers import NCAConv
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from graphnca.targets import load_target
from topologies import first_of_each_kind, substrates

CELLS = 7056  # of an 84x84 grid, as published
LOOKS = (16, 32, 48, 64, 80, 96, 128, 160, 200, 300, 500, 700, 1000)  # steps of the curve
SHOWN = (16, 32, 64, 96, 200, 1000)  # steps of the pictures
GIF_EVERY, GIF_STEPS, FPS = 4, 160, 10


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str = "growing-flower-large"
    """Name of a shipped rule or path of a trained one."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    meshes: int = 3
    """Voronoi meshes."""
    runs: int = 5
    """Runs on each sheet."""
    steps: int = 1000
    """Steps of a run."""
    seed: int = 3000
    """Of the runs; the meshes have the numbers after it. Nothing is trained or chosen by it."""
    out: str = "out/large_pattern"
    """Folder for the results."""
    publish: bool = False
    """Also copy them into docs/results."""
    ship: str = ""
    """Name to ship the rule under, with these numbers in its card; empty: don't."""


@dataclass(frozen=True, eq=False)
class Planted:
    """A rule with its picture and the place of the seed in it."""

    rule: NCAConv
    target: Float[Tensor, "4 h w"]
    seed_at: tuple[float, float]
    size: int

    def seed(self, topology: Data) -> Float[Tensor, "n c"]:
        """The cell that growth starts from."""
        return planted_seed(topology, self.rule.num_channels, self.seed_at, self.size)

    def log_error(self, states: Float[Tensor, "b n c"], topology: Data) -> Float[Tensor, " b"]:
        """log10 of the mean squared error of RGBA, one a run."""
        height, width = self.target.shape[-2:]
        view = planted_raster(topology, height, width, self.seed_at, self.size)
        return log10_error(view(bounded(states)[..., :4]), self.target)


def planted_of(name_or_path: str) -> Planted:
    """The rule that a command line names.

    Raises:
        SystemExit: If its card does not say where the seed lies in which picture.
    """
    rule, card = read_rule(name_or_path)
    if missing := [entry for entry in ("target", "size", "padding", "seed at") if entry not in card]:
        raise SystemExit(f"--rule: expected one of large_training.py, the card of {name_or_path!r} lacks {missing}.")
    target = load_target(card["target"], size=card["size"], padding=card["padding"])
    return Planted(rule, target, tuple(card["seed at"]), card["size"])


def window(topology: Data, side: int) -> tuple[float, float, float, float]:
    """The part of a sheet that is drawn: around its middle."""
    x, y = seeded_position(topology)
    return x - side / 2, y - side / 2, x + side / 2, y + side / 2


def main(config: Config) -> None:
    """Grows, measures, draws and prints."""
    flower, out = planted_of(config.rule), Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    looks = sorted({*(step for step in LOOKS if step < config.steps), config.steps})
    shown = [step for step in SHOWN if step in looks]
    side = flower.size + 4
    entries: dict[str, Any] = {}
    tiles, captions = [], []
    bar = tqdm(substrates(cells=config.cells, meshes=config.meshes, seed=config.seed).items(), unit="sheet")
    for name, topology in bar:
        start = flower.seed(topology)
        states = grow(flower.rule, topology, config.runs, looks, config.seed, start=start)
        errors = {step: flower.log_error(states[step], topology).tolist() for step in looks}
        entries[name] = {
            "cells": topology.num_nodes,
            "log10 errors": {str(step): [round(error, 2) for error in errors[step]] for step in looks},
            "alive": (states[config.steps][..., 3] > ALIVE).sum(-1).tolist(),
            "largest |state|": round(float(bounded(states[config.steps]).abs().max()), 2),
        }
        middle = sorted(range(config.runs), key=errors[config.steps].__getitem__)[config.runs // 2]
        canvas = CellCanvas(topology, scale=2, window=window(topology, side))
        tiles += [canvas.draw(states[step][middle]) for step in shown]
        captions += [f"{name}, step {step}" for step in shown]
        if name == "square":
            moments = range(0, GIF_STEPS + 1, GIF_EVERY)
            run = grow(flower.rule, topology, 1, moments, config.seed, start=start)
            large = CellCanvas(topology, scale=4, window=window(topology, side))
            save_animation(out / "flower.gif", [large.draw(run[step][0]) for step in moments], fps=FPS)
    save_image(out / "flower.png", montage(tiles, captions=captions, columns=len(shown), pad=6, font_size=11))
    lines = {
        name: ([float(step) for step in looks], [median(entry["log10 errors"][str(step)]) for step in looks])
        for name, entry in ((name, entries[name]) for name in first_of_each_kind(entries))
    }
    picture = draw_curves(lines, log_x=True, dots=True, x_label="step", title="log10 of the mean squared error, median")
    save_image(out / "error.png", picture)
    printed = [step for step in (96, 200, 500, 1000) if step in looks] or looks[-1:]
    print(f"{'sheet':<14}{'cells':>7}" + "".join(f"{f'step {step}':>12}" for step in printed))
    for name, entry in entries.items():
        medians = "".join(f"{median(entry['log10 errors'][str(step)]):>12.2f}" for step in printed)
        print(f"{name:<14}{entry['cells']:>7}{medians}")
    rule = {"channels": flower.rule.num_channels, "parameters": sum(p.numel() for p in flower.rule.parameters())}
    empty = float(log10_error(torch.zeros_like(flower.target)[None], flower.target))
    card = read_rule(config.rule)[1]
    trained = {"iterations": card.get("iterations"), "batch": card.get("configuration", {}).get("batch_size")}
    metrics = {"config": asdict(config), "rule": rule, "trained": trained, "log10 error of the empty sheet": empty}
    write_metrics(out, {**metrics, "sheets": entries})
    if config.publish:
        publish(out, "large_pattern")
    if config.ship:
        measured = {"runs on each sheet": config.runs, "seed": config.seed, "sheets": entries}
        ship(config.rule, config.ship, measured, out / "flower.png")
    print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
