"""A hollow bone grown from a seed in its cavity: the cells in the middle live, and then they die (Studying Growth).

    python experiments/apoptosis.py                       # the shipped rule, half a minute on one core
    python experiments/apoptosis.py --rule runs/growing-bone/rule.safetensors

Growth starts from one cell in the middle of a picture whose middle is empty. So a disk of tissue grows first, and while
its rim goes on outwards, the inside dies again: nothing told the rule to let cells die but the picture. Several runs on
the square grid, on hexagons and on three Voronoi meshes.

What is measured is the share of living cells (alpha above 0.1) among those that lie in the cavity of the target, a
pixel from the bone or more, at its highest and at the end. Written to `--out`:
    bones.png       one run on every sheet, step by step
    curve.png       living share of the cavity and of the bone against the steps
    bone.gif        the square grid's run
    metrics.json    every number
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from protocol.growing import Growing, growing_of
from scipy import ndimage
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, draw_curves, montage, save_animation, save_image
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import ALIVE, bounded, seeded_position
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from topologies import first_of_each_kind, substrates
from topologies.kinds import CELLS

GOAL = 0.05  # share of the cavity's cells that may be alive at the end
SHOWN = (8, 16, 24, 32, 48, 64, 96, 500)  # steps of the pictures, as far as the run goes
GIF_STEPS = 120
FPS = 15


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str = "growing-bone"
    """Name of a shipped rule or path of a trained one."""
    target: str = ""
    """What it grows; empty: what its card says."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    meshes: int = 3
    """Voronoi meshes."""
    runs: int = 5
    """Runs on each sheet."""
    steps: int = 500
    """Steps of a run."""
    every: int = 4
    """Steps between two looks."""
    seed: int = 3000
    """Of the runs; the meshes have the numbers after it. Nothing is trained or chosen by it."""
    out: str = "out/apoptosis"
    """Folder for the results."""
    publish: bool = False
    """Also copy them into docs/results."""


def cavity_of(target: Float[Tensor, "c h w"]) -> Bool[Tensor, "h w"]:
    """The empty pixels that hang together with the one in the middle, where the seed lies, but those at the bone.

    There a cell of another sheet than squares may well be half in the bone.

    Raises:
        SystemExit: If these reach the border of the picture, or the middle is not empty: then it is not hollow.
    """
    empty = (target[3] <= ALIVE).numpy()
    label: Any = ndimage.label  # its stub doesn't know that it returns two things
    labels, _ = label(empty)
    height, width = empty.shape
    middle = labels[height // 2, width // 2]
    if middle == 0 or middle == labels[0, 0]:
        raise SystemExit("--rule: expected one whose target is hollow around its middle, this one is not.")
    return torch.from_numpy(ndimage.binary_erosion(labels == middle, np.ones((3, 3))))


def cells_in(mask: Bool[Tensor, "h w"], topology: Data) -> Bool[Tensor, " n"]:
    """The cells whose centres lie in the marked pixels of a picture around the seed."""
    height, width = mask.shape
    place = topology["pos"][:, :2] - torch.tensor(seeded_position(topology))
    column = torch.floor(place[:, 0] + width // 2 + 0.5).long()
    row = torch.floor(place[:, 1] + height // 2 + 0.5).long()
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return inside & mask[row.clamp(0, height - 1), column.clamp(0, width - 1)]


def living_share(states: Float[Tensor, "b n c"], cells: Bool[Tensor, " n"]) -> Float[Tensor, " b"]:
    """Which part of these cells is alive, in every run."""
    return (states[:, cells, 3] > ALIVE).float().mean(-1)


def watched(growing: Growing, topology: Data, config: Config) -> tuple[dict[str, Any], dict[int, Tensor]]:
    """The numbers of one sheet, and the states of its median run at every look."""
    target = growing.target
    if target is None:
        raise SystemExit("--rule: expected one whose card names its target; --target says it otherwise.")
    looks = sorted({*range(0, config.steps + 1, config.every), *(step for step in SHOWN if step <= config.steps)})
    states = {
        step: bounded(state) for step, state in grow(growing.rule, topology, config.runs, looks, config.seed).items()
    }
    cavity = cells_in(cavity_of(target), topology)
    bone = cells_in(target[3] > ALIVE, topology)
    inside = torch.stack([living_share(states[step], cavity) for step in looks])
    outside = torch.stack([living_share(states[step], bone) for step in looks])
    errors = growing.log_error(states[config.steps], topology).tolist()
    shown = sorted(range(config.runs), key=errors.__getitem__)[config.runs // 2]
    entry = {
        "cells": topology.num_nodes,
        "cells in the cavity": int(cavity.sum()),
        "highest share alive in the cavity": [round(value, 4) for value in inside.amax(0).tolist()],
        "at step": [looks[row] for row in inside.argmax(0).tolist()],
        "share alive in the cavity at the end": [round(value, 4) for value in inside[-1].tolist()],
        "share alive of the bone at the end": [round(value, 4) for value in outside[-1].tolist()],
        "log10 errors at the end": [round(value, 2) for value in errors],
        "curve": {
            "step": looks,
            "cavity": [round(value, 4) for value in inside.median(1).values.tolist()],
            "bone": [round(value, 4) for value in outside.median(1).values.tolist()],
        },
    }
    return entry, {step: state[shown] for step, state in states.items()}


def window(topology: Data, side: int) -> tuple[float, float, float, float]:
    """The part of a sheet around the seed that is drawn."""
    x, y = seeded_position(topology)
    return x - side / 2, y - side / 2, x + side / 2, y + side / 2


def main(config: Config) -> None:
    """Grows, measures, draws and prints."""
    growing = growing_of(config.rule, target=config.target)
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    side = 72 if growing.target is None else growing.target.shape[-1]
    shown = [step for step in SHOWN if step <= config.steps]
    entries, tiles, captions = {}, [], []
    bar = tqdm(substrates(cells=config.cells, meshes=config.meshes, seed=config.seed).items(), unit="sheet")
    for name, topology in bar:
        entries[name], run = watched(growing, topology, config)
        canvas = CellCanvas(topology, scale=2, window=window(topology, min(side, 48)))
        tiles += [canvas.draw(run[step]) for step in shown]
        captions += [f"{name}, step {step}" if step == shown[0] else f"step {step}" for step in shown]
        if name == "square":
            large = CellCanvas(topology, scale=5, window=window(topology, min(side, 48)))
            frames = [large.draw(run[step]) for step in sorted(run) if step <= GIF_STEPS]
            save_animation(out / "bone.gif", frames + frames[-1:] * FPS, fps=FPS)
    save_image(out / "bones.png", montage(tiles, captions=captions, columns=len(shown), pad=6, font_size=11))
    curves = {}
    for name, tissue in [*((name, "cavity") for name in first_of_each_kind(entries)), ("square", "bone")]:
        curve = entries[name]["curve"]
        early = [number for number, step in enumerate(curve["step"]) if step <= 2 * GIF_STEPS]
        curves[f"{tissue}, {name}"] = ([float(curve["step"][i]) for i in early], [curve[tissue][i] for i in early])
    save_image(out / "curve.png", draw_curves(curves, x_label="step", title="share of cells alive"))
    print(f"{'sheet':<12}{'cavity':>8}{'highest':>9}{'at step':>9}{'at the end':>12}{'log10 error':>13}")
    for name, entry in entries.items():
        highest, end = entry["highest share alive in the cavity"], entry["share alive in the cavity at the end"]
        print(
            f"{name:<12}{entry['cells in the cavity']:>8}{median(highest):>9.2f}{median(entry['at step']):>9.0f}"
            f"{median(end):>12.3f}{median(entry['log10 errors at the end']):>13.2f}"
        )
    write_metrics(out, {"config": asdict(config), "rule": growing.name, "goal": GOAL, "sheets": entries})
    if config.publish:
        publish(out, "apoptosis")
    print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
