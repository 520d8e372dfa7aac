"""A lizard trained on squares grows on squares, hexagons and Voronoi meshes (IsoNCA, figure 12).

    python experiments/isonca_voronoi.py                            # the shipped rule, under a minute on two cores
    python experiments/isonca_voronoi.py --rule cadata.json         # a published model file
    python experiments/isonca_voronoi.py --train --target heart     # train a rule first, on the square grid

One rule, unchanged, from a single cell, on a square grid, a hexagonal grid and three Poisson-disk Voronoi meshes, five
runs each. Every run chooses another orientation. Expect a lizard with one head, one tail and four legs on all of them,
softer than the target and fuzzier on the meshes, now and then with a stray blob; the paper shows one with a mis-curled
tail.

Written to `--out`:
    figure.png      whole sheets drawn as cells, and close-ups with the cell centres shown
    runs.png        every run
    growth.gif      one run on each kind of cells, side by side
    metrics.json    loss, angle, chirality, living cells and largest |state| for every run

The loss is the published one (36 radii, 227 angles, sharpened, both chiralities), on a 72x72 raster of one pixel per
unit of length around the seed, 2x2 samples a pixel: the same on every substrate.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch
from isonca_training import Config as TrainingArguments
from isonca_training import target_with_auxiliary, train
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca import load_rule, trajectory
from graphnca.atomic_file import write_atomically
from graphnca.drawing import CellCanvas, montage, save_animation, save_image
from graphnca.importers import load_published
from graphnca.layers import NCAConv
from graphnca.losses import RotationInvariantLoss
from graphnca.rasterizers import NearestCell
from graphnca.seeds import point_seed
from topologies import hex_grid, square_grid, voronoi_mesh

VORONOI_DENSITY = 0.82  # cells per unit area
ROWS_PER_COLUMN = 2 / 3**0.5  # a hexagonal sheet with as many units across as down
FRAME_EVERY = 8  # steps between two frames of the animation
CLOSE_UP = 26.0  # units


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str = "isonca-lizard"
    train: bool = False
    target: str = "lizard"
    auxiliary: str = "binary"
    substrate: tuple[str, ...] = ("square", "hex", "voronoi")
    cells: int = 5184
    steps: int = 1000
    runs: int = 5
    meshes: int = 3
    seed: int = 0
    out: str = "out/isonca_voronoi"


def substrates(config: Config) -> dict[str, Data]:
    """Torus sheets of about `config.cells` cells each, by name."""
    side = config.cells**0.5
    tall = max(4, 2 * round((config.cells * ROWS_PER_COLUMN) ** 0.5 / 2))
    builders: dict[str, Callable[[], dict[str, Data]]] = {
        "square": lambda: {"square": square_grid(round(side), round(side))},
        "hex": lambda: {"hex": hex_grid(tall, round(config.cells / tall))},
        "voronoi": lambda: {
            f"voronoi {number}": voronoi_mesh(side / VORONOI_DENSITY**0.5, side / VORONOI_DENSITY**0.5, seed=number)
            for number in range(config.seed + 1, config.seed + 1 + config.meshes)
        },
    }
    return {name: topology for kind in config.substrate for name, topology in builders[kind]().items()}


def rule_of(config: Config) -> NCAConv:
    """The rule that the command line asks for."""
    if config.train:
        out = str(Path(config.out) / "training")
        return load_rule(str(train(TrainingArguments(target=config.target, out=out))))
    if Path(config.rule).suffix in (".json", ".npz"):
        return load_published(config.rule)
    return load_rule(config.rule)


@torch.no_grad()
def grow(rule: NCAConv, topology: Data, runs: int, moments: Iterable[int], seed: int) -> tuple[dict[int, Tensor], int]:
    """Several runs from one seed cell: states `(runs, N, C)` at the asked numbers of steps, and the seeded cell."""
    start = point_seed(topology, rule.num_channels)
    starts, moments = start.expand(runs, *start.shape), set(moments)
    generator = torch.Generator().manual_seed(seed)
    grown = trajectory(rule, starts, topology, max(moments), record=moments, regularisers=False, generator=generator)
    return grown.states, int(start[:, 3].argmax())


def measure(states: Tensor, seeded: int, topology: Data, loss: RotationInvariantLoss) -> list[dict[str, Any]]:
    """One row of numbers a run."""
    height, width = loss.target.shape[-2:]
    x, y = topology["pos"][seeded].tolist()
    images = NearestCell(topology, height, width, centre=(x, y), samples=2)(states)
    match, alive = loss.match(images), (states[..., 3] > 0.1).sum(-1)
    return [
        {
            "run": run,
            "loss": round(float(match.loss[run]), 2),
            "angle": round(float(match.angle[run].rad2deg())),
            "mirrored": bool(match.mirrored[run]),
            "alive": int(alive[run]),
            "largest": round(float(states[run].abs().max()), 2),
        }
        for run in range(len(states))
    ]


def verdict(row: dict[str, Any], empty: float) -> str:
    """What became of a run, in a word."""
    if not row["largest"] < 10:
        return "exploded"
    if row["alive"] == 0:
        return "died"
    return "grown" if row["loss"] < empty / 2 else "unlike"


def figure(
    finals: dict[str, Tensor], topologies: dict[str, Data], rows: dict[str, list[dict[str, Any]]]
) -> Image.Image:
    """The best run of the first sheet of each kind: whole, and close up."""
    wholes, details, captions = [], [], []
    for name in {name.split()[0]: name for name in reversed(finals)}.values():
        best = min(rows[name], key=lambda row: row["loss"])
        state, topology = finals[name][best["run"]], topologies[name]
        alive = topology["pos"][state[:, 3] > 0.1]
        middle = alive.median(0).values if len(alive) else topology["extent"].view(2) / 2
        x0, y0 = (middle - CLOSE_UP / 2).tolist()
        wholes.append(CellCanvas(topology, scale=6).draw(state))
        close_up = CellCanvas(
            topology, scale=18, centres=True, window=(x0, y0, x0 + CLOSE_UP, y0 + CLOSE_UP), edge_colour="#00000018"
        )
        details.append(close_up.draw(state))
        captions.append(f"{name.split()[0]}: {topology.num_nodes} cells, loss {best['loss']:.1f}")
    order = range(len(wholes) - 1, -1, -1)
    return montage(
        [wholes[i] for i in order] + [details[i] for i in order],
        captions=[captions[i] for i in order] + ["close-up with cell centres" for _ in order],
        columns=len(wholes),
    )


def animation(recorded: dict[str, dict[int, Tensor]], topologies: dict[str, Data]) -> list[Image.Image]:
    """Frames of one run on each kind of cells."""
    chosen = list({name.split()[0]: name for name in reversed(recorded)}.values())[::-1]
    canvases = {name: CellCanvas(topologies[name], scale=4) for name in chosen}
    steps = sorted(recorded[chosen[0]])
    moments = [step for step in steps if step <= 200 or step % (4 * FRAME_EVERY) == 0]
    return [
        montage([canvases[name].draw(recorded[name][step][0]) for name in chosen], title=f"step {step}", pad=8)
        for step in moments
    ]


def main(config: Config) -> None:
    """Grows, measures, draws and prints."""
    started = perf_counter()
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    rule, sheets = rule_of(config), substrates(config)
    loss = RotationInvariantLoss(
        target_with_auxiliary(TrainingArguments(target=config.target, auxiliary=config.auxiliary)), variant="published"
    )
    empty = float(loss(torch.zeros_like(loss.target)))
    recorded, finals, rows = {}, {}, {}
    moments = {*range(0, config.steps + 1, FRAME_EVERY), config.steps}
    for name, topology in tqdm(sheets.items(), desc="growing", unit="sheet"):
        recorded[name], seeded = grow(rule, topology, config.runs, moments, config.seed)
        finals[name] = recorded[name][config.steps]
        rows[name] = measure(finals[name], seeded, topology, loss)

    print(f"\nAfter {config.steps} steps; the empty sheet has loss {empty:.1f}.")
    print(f"{'substrate':<12}{'cells':>7}{'run':>5}{'loss':>8}{'angle':>8}{'mirrored':>10}{'alive':>7}{'max|x|':>8}")
    for name, runs in rows.items():
        for row in runs:
            mirrored = "yes" if row["mirrored"] else "no"
            print(
                f"{name:<12}{sheets[name].num_nodes:>7}{row['run']:>5}{row['loss']:>8.2f}{row['angle']:>7}°"
                f"{mirrored:>10}{row['alive']:>7}{row['largest']:>8.2f}  {verdict(row, empty)}"
            )
    summary = {
        name: {
            "cells": sheets[name].num_nodes,
            "median loss": round(median(row["loss"] for row in runs), 2),
            "verdicts": dict(Counter(verdict(row, empty) for row in runs)),
            "runs": runs,
        }
        for name, runs in rows.items()
    }
    for name, entry in summary.items():
        print(f"{name:<12} median loss {entry['median loss']:.2f}")

    metrics = {"config": asdict(config), "loss of the empty sheet": round(empty, 2), "substrates": summary}
    write_atomically(out / "metrics.json", (json.dumps(metrics, indent=2) + "\n").encode())
    save_image(out / "figure.png", figure(finals, sheets, rows))
    tiles = [NearestCell(sheets[n], scale=3)(state[:, :4]) for n, states in finals.items() for state in states]
    names = [f"{n}: {row['loss']:.1f}" for n, runs in rows.items() for row in runs]
    save_image(out / "runs.png", montage(tiles, captions=names, columns=config.runs, pad=6))
    save_animation(out / "growth.gif", animation(recorded, sheets), fps=16)
    print(f"Pictures and metrics.json are in {out}/ ({perf_counter() - started:.0f} s).")


def arguments() -> Config:
    """The configuration from the command line."""
    default = Config()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rule", default=default.rule, help="a shipped rule, a .safetensors file, or a published model"
    )
    parser.add_argument("--train", action="store_true", help="train a rule on the square grid first, and grow that one")
    parser.add_argument("--target", default=default.target, help="name of an emoji, or path of an image with alpha")
    parser.add_argument("--auxiliary", default=default.auxiliary, help="auxiliary channels that are measured too")
    parser.add_argument("--substrate", nargs="+", choices=default.substrate, default=default.substrate)
    parser.add_argument("--cells", type=int, default=default.cells, help="cells of each sheet, about")
    parser.add_argument("--steps", type=int, default=default.steps)
    parser.add_argument("--runs", type=int, default=default.runs, help="runs on each sheet")
    parser.add_argument("--meshes", type=int, default=default.meshes, help="how many Voronoi meshes")
    parser.add_argument("--seed", type=int, default=default.seed, help="of the runs and the meshes")
    parser.add_argument("--out", default=default.out, help="folder for the results")
    values = vars(parser.parse_args())
    return Config(**{**values, "substrate": tuple(values["substrate"])})


if __name__ == "__main__":
    main(arguments())
