"""A lizard trained on squares grows on squares, hexagons and Voronoi meshes (IsoNCA, figure 12).

    python experiments/isonca_voronoi.py                            # the shipped rule, under a minute on two cores
    python experiments/isonca_voronoi.py --rule cadata.json         # a published model file
    python experiments/isonca_voronoi.py --train --target heart     # train a rule first, on the square grid

One rule, unchanged, from a single cell, on a square grid, a hexagonal grid and three Poisson-disk Voronoi meshes, five
runs each. Every run chooses another orientation. Expect a lizard with one head, one tail and four legs on all of them,
softer than the target and fuzzier on the meshes, now and then with a stray blob; the paper shows one with a mis-curled
tail.

Written to `--out`:
    figure.png      the median run on whole sheets drawn as cells, and close-ups with the cell centres shown
    runs.png        every run
    growth.gif      one run on each kind of cells, side by side
    metrics.json    loss, angle, chirality, living cells and largest |state| for every run

The loss is the published one (36 radii, 227 angles, sharpened, both chiralities), on a 72x72 raster of one pixel per
unit of length around the seed, 2x2 samples a pixel: the same on every substrate.
"""

import argparse
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, median_low
from time import perf_counter
from typing import Any

from PIL import Image
from protocol.rules import read_rule
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca import load_rule
from graphnca.drawing import CellCanvas, montage, save_animation, save_image
from graphnca.evaluation.published_loss import published_loss
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import empty_loss, measure, verdict
from graphnca.layers import NCAConv
from graphnca.rasterizers import NearestCell
from graphnca.results.result import command, write_metrics
from graphnca.training.recipes import IsoNCARecipe
from topologies import KINDS, sampled_torus, substrates
from topologies.kinds import CELLS

FRAME_EVERY = 8  # steps between two frames of the animation
CLOSE_UP = 26.0  # units


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str = "isonca-lizard"
    train: bool = False
    target: str = "lizard"
    auxiliary: str = ""
    """Auxiliary channels that are measured too; empty: those that the paper gave the target."""
    substrate: tuple[str, ...] = tuple(KINDS)
    cells: int = CELLS
    steps: int = 1000
    runs: int = 5
    meshes: int = 3
    seed: int = 0
    out: str = "out/isonca_voronoi"


def rule_of(config: Config) -> NCAConv:
    """The rule that the command line asks for."""
    if config.train:
        out = str(Path(config.out) / "training")
        return load_rule(IsoNCARecipe(target=config.target, out=out).train(sampled_torus, command()))
    return read_rule(config.rule)[0]


def figure(
    finals: dict[str, Tensor], topologies: dict[str, Data], rows: dict[str, list[dict[str, Any]]]
) -> Image.Image:
    """The median run of the first sheet of each kind: whole, and close up."""
    wholes, details, captions = [], [], []
    for name in {name.split()[0]: name for name in reversed(finals)}.values():
        loss = median_low([row["loss"] for row in rows[name]])
        shown = next(row for row in rows[name] if row["loss"] == loss)
        state, topology = finals[name][shown["run"]], topologies[name]
        alive = topology["pos"][state[:, 3] > 0.1]
        middle = alive.median(0).values if len(alive) else topology["extent"].view(2) / 2
        x0, y0 = (middle - CLOSE_UP / 2).tolist()
        wholes.append(CellCanvas(topology, scale=6).draw(state))
        close_up = CellCanvas(
            topology, scale=18, centres=True, window=(x0, y0, x0 + CLOSE_UP, y0 + CLOSE_UP), edge_colour="#00000018"
        )
        details.append(close_up.draw(state))
        captions.append(f"{name.split()[0]}: {topology.num_nodes} cells, the median run, loss {loss:.1f}")
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
    rule = rule_of(config)
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    loss = published_loss(config.target, config.auxiliary or None)
    empty = empty_loss(loss)
    recorded, finals, rows = {}, {}, {}
    moments = {*range(0, config.steps + 1, FRAME_EVERY), config.steps}
    for name, topology in tqdm(topologies.items(), desc="growing", unit="sheet"):
        recorded[name] = grow(rule, topology, config.runs, moments, config.seed)
        finals[name] = recorded[name][config.steps]
        rows[name] = measure(finals[name], topology, loss)

    print(f"\nAfter {config.steps} steps; the empty sheet has loss {empty:.1f}.")
    print(f"{'substrate':<12}{'cells':>7}{'run':>5}{'loss':>8}{'angle':>8}{'mirrored':>10}{'alive':>7}{'max|x|':>8}")
    for name, runs in rows.items():
        for row in runs:
            mirrored = "yes" if row["mirrored"] else "no"
            print(
                f"{name:<12}{topologies[name].num_nodes:>7}{row['run']:>5}{row['loss']:>8.2f}{row['angle']:>7}°"
                f"{mirrored:>10}{row['alive']:>7}{row['largest']:>8.2f}  {verdict(row, empty)}"
            )
    summary = {
        name: {
            "cells": topologies[name].num_nodes,
            "median loss": round(median(row["loss"] for row in runs), 2),
            "verdicts": dict(Counter(verdict(row, empty) for row in runs)),
            "runs": runs,
        }
        for name, runs in rows.items()
    }
    for name, entry in summary.items():
        print(f"{name:<12} median loss {entry['median loss']:.2f}")

    metrics = {"config": asdict(config), "loss of the empty sheet": round(empty, 2), "substrates": summary}
    write_metrics(out, metrics)
    save_image(out / "figure.png", figure(finals, topologies, rows))
    tiles = [NearestCell(topologies[n], scale=3)(state[:, :4]) for n, states in finals.items() for state in states]
    names = [f"{n}: {row['loss']:.1f}" for n, runs in rows.items() for row in runs]
    save_image(out / "runs.png", montage(tiles, captions=names, columns=config.runs, pad=6))
    save_animation(out / "growth.gif", animation(recorded, topologies), fps=16)
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
    parser.add_argument(
        "--auxiliary",
        default=default.auxiliary,
        help="auxiliary channels that are measured; the paper's if empty",
    )
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
