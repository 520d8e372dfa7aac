"""Every shipped isotropic rule on other grids: hexagons and five different Voronoi meshes (IsoNCA, figure 12).

    python experiments/other_grids.py                            # all of them, one to two minutes a rule on two cores
    python experiments/other_grids.py --rule isonca-lizard       # one
    python experiments/other_grids.py --rule cadata.json         # a published model file

Each rule, unchanged, from its seed, on the square torus for comparison, on a hexagonal torus, and on five Voronoi
meshes: two tori of Poisson-disk points, one after two Lloyd steps, and an open sheet of each kind; five runs each, on
meshes and from seeds that no training uses. Expect the target on all of them, softer and more often with a fault on
meshes than on squares; the paper's own lizard on a mesh has a mis-curled tail.

Written to `--out`/NAME, for each rule:
    figure.png      sheets drawn as cells: the median run, whole and close up
    metrics.json    loss, angle, chirality, living cells and largest |state| of every run, after 1,000 and 3,000 steps

Rules that grow from a single cell are scored by the published loss; those with a structured seed by 1000 times the mean
squared error in the orientation that the seed tells. Both on a 72x72 raster of one pixel per unit around the seed.
"""

import argparse
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, median_low
from typing import Any

from PIL import Image
from protocol.pattern import Pattern, isotropic_rules, pattern_of
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import CellCanvas, montage, save_image
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import verdict
from graphnca.results.result import publish, write_metrics
from topologies import substrates, varied_meshes
from topologies.kinds import CELLS

MOMENTS = (1000, 3000)  # steps
CLOSE_UP = 22.0  # units


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: tuple[str, ...] = ()
    """Shipped rules, .safetensors files or published models; empty: every shipped isotropic rule."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    steps: tuple[int, ...] = MOMENTS
    """Steps after which the runs are measured."""
    runs: int = 5
    """Runs on each sheet."""
    seed: int = 2000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/other_grids"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


def grids(config: Config) -> dict[str, Data]:
    """The square torus, the hexagonal one, and the five meshes, by name."""
    return {**substrates(("square", "hex"), config.cells), **varied_meshes(config.cells, seed=config.seed)}


def column(state: Tensor, topology: Data) -> tuple[Image.Image, Image.Image]:
    """A sheet drawn as cells: whole, and close up with the cell centres."""
    mature = topology["pos"][state[:, 3] > 0.1]
    middle = mature.median(0).values if len(mature) else topology["extent"].view(2) / 2
    x, y = (middle - CLOSE_UP / 2).tolist()
    window = (x, y, x + CLOSE_UP, y + CLOSE_UP)
    close_up = CellCanvas(topology, scale=10, centres=True, window=window, edge_colour="#00000018")
    return CellCanvas(topology, scale=2.75).draw(state), close_up.draw(state)


def grown(pattern: Pattern, topologies: dict[str, Data], config: Config) -> tuple[dict[str, Any], Image.Image]:
    """The numbers of one rule on every sheet, and its figure."""
    entries: dict[str, Any] = {}
    wholes, details, captions = [], [], []
    for name, topology in tqdm(topologies.items(), desc=pattern.name, unit="sheet"):
        states = grow(pattern.rule, topology, config.runs, config.steps, config.seed, start=pattern.seed(topology))
        entries[name] = {"cells": topology.num_nodes}
        for moment in config.steps:
            rows = pattern.measure(states[moment], topology)
            entries[name][f"step {moment}"] = {
                "median loss": round(median(row["loss"] for row in rows), 2),
                "verdicts": dict(Counter(verdict(row, pattern.empty_loss) for row in rows)),
                "runs": rows,
            }
        rows = entries[name][f"step {max(config.steps)}"]["runs"]
        typical = next(row for row in rows if row["loss"] == median_low(row["loss"] for row in rows))
        whole, detail = column(states[max(config.steps)][typical["run"]], topology)
        wholes.append(whole)
        details.append(detail)
        captions.append(f"{name}\nloss {typical['loss']:.1f}")
    figure = montage(wholes + details, captions=captions + [""] * len(details), columns=len(wholes), pad=10)
    return entries, figure


def report(pattern: Pattern, entries: dict[str, Any], config: Config) -> dict[str, Any]:
    """What `metrics.json` holds of one rule; printed as a table."""
    early = f"step {min(config.steps)}"
    meshes = {name: entry for name, entry in entries.items() if name.startswith("mesh")}
    on_meshes = median(row["loss"] for entry in meshes.values() for row in entry[early]["runs"])
    print(f"\n{pattern.name}: the empty sheet has loss {pattern.empty_loss:.1f}.")
    print(f"{'sheet':<26}{'cells':>6}" + "".join(f"{f'loss, step {step}':>17}" for step in config.steps) + "  verdicts")
    for name, entry in entries.items():
        losses = "".join(f"{entry[f'step {step}']['median loss']:>17.2f}" for step in config.steps)
        fates = ", ".join(f"{count} {word}" for word, count in entry[f"step {max(config.steps)}"]["verdicts"].items())
        print(f"{name:<26}{entry['cells']:>6}{losses}  {fates}")
    ratio = on_meshes / entries["square"][early]["median loss"]
    print(f"Median of all runs on meshes, {early}: {on_meshes:.2f}, {ratio:.2f} times that on squares.")
    return {
        "config": asdict(config),
        "rule": pattern.name,
        "target": pattern.target,
        "structured seed": pattern.structured,
        "loss of the empty sheet": round(pattern.empty_loss, 2),
        "median loss on meshes": round(on_meshes, 2),
        "times that on squares": round(ratio, 2),
        "sheets": entries,
    }


def main(config: Config) -> None:
    """Grows, measures, draws and prints, rule by rule."""
    topologies = grids(config)
    for name in config.rule or isotropic_rules():
        pattern = pattern_of(name)
        out = Path(config.out) / pattern.name
        out.mkdir(parents=True, exist_ok=True)
        entries, figure = grown(pattern, topologies, config)
        write_metrics(out, report(pattern, entries, config))
        save_image(out / "figure.png", figure)
        if config.publish:
            publish(out, f"other_grids_{pattern.name}")
        print(f"Picture and metrics.json are in {out}/.")


def arguments() -> Config:
    """The configuration from the command line."""
    default = Config()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rule",
        nargs="+",
        default=default.rule,
        help="shipped rules or paths; every shipped isotropic one if not given",
    )
    parser.add_argument("--cells", type=int, default=default.cells, help="cells of each sheet, about")
    parser.add_argument(
        "--steps", type=int, nargs="+", default=default.steps, help="steps after which runs are measured"
    )
    parser.add_argument("--runs", type=int, default=default.runs, help="runs on each sheet")
    parser.add_argument("--seed", type=int, default=default.seed, help="of the runs and the meshes")
    parser.add_argument("--out", default=default.out, help="folder for the results")
    parser.add_argument("--publish", action="store_true", help="also copy them into docs/results")
    values = vars(parser.parse_args())
    return Config(**{**values, "rule": tuple(values["rule"]), "steps": tuple(values["steps"])})


if __name__ == "__main__":
    main(arguments())
