"""Every shipped isotropic rule on other grids: hexagons and five different Voronoi meshes (IsoNCA, figure 12).

    python experiments/isonca/other_grids.py                            # all of them, one to two minutes a rule
    python experiments/isonca/other_grids.py --rule isonca-lizard       # one
    python experiments/isonca/other_grids.py --rule cadata.json         # a published model file

Each rule, unchanged, from its seed, on the square torus for comparison, on a hexagonal torus, and on five Voronoi
meshes: two tori of Poisson-disk points, one after two Lloyd steps, and a bounded domain of each kind; five runs each,
on meshes and from seeds that no training uses. Expect the target on all of them, softer and more often with a fault on
meshes than on squares; the paper's own lizard on a mesh has a mis-curled tail.

Written to `--out`/NAME, for each rule:
    figure.webp     substrates drawn as cells: the median run, whole and close up
    metrics.json    loss, angle, chirality, living cells and largest |state| of every run, after 1,000 and 3,000 steps
    tables.json     the median losses with their quartiles, and how many runs are whole

Rules that grow from a single cell are scored by the published loss with a closed ring around the seed
(`isotropic_loss`), those with a structured seed by the mean squared error in the orientation that the seed fixes. Both
on a raster of one pixel per unit around the seed, and as a share of an empty substrate's.
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, montage
from graphnca.evaluation.fates import counted, fates
from graphnca.evaluation.form import own_form
from graphnca.evaluation.intervals import rate, with_quartiles
from graphnca.evaluation.subject import Subject
from graphnca.results.figures import median_run
from graphnca.results.options import OfRules, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import substrates, varied_meshes

CLOSE_UP = 22.0  # units


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, Options):
    """What the command line can change."""

    cells: int = 5184
    """Cells of each substrate, about."""
    steps: tuple[int, ...] = (1000, 3000)
    """Steps after which the runs are measured."""
    runs: int = 5
    """Runs on each substrate."""
    seed: int = 2000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/other_grids"


def seven(config: Config) -> dict[str, Data]:
    """The square torus, the hexagonal one, and the five meshes, by name."""
    return {**substrates(("square", "hex"), config.cells), **varied_meshes(config.cells, seed=config.seed)}


def whole_and_close_up(state: Tensor, topology: Data) -> tuple[Image.Image, Image.Image]:
    """A substrate drawn as cells, and its pattern close up with the cell centres."""
    mature = topology["pos"][state[:, 3] > 0.1]
    middle = mature.median(0).values if len(mature) else topology["extent"].view(2) / 2
    x, y = (middle - CLOSE_UP / 2).tolist()
    window = (x, y, x + CLOSE_UP, y + CLOSE_UP)
    close_up = CellCanvas(topology, scale=10, centres=True, window=window, edge_colour="#00000018")
    return CellCanvas(topology, scale=2.75).draw(state), close_up.draw(state)


def measure(subject: Subject, config: Config, result: Result) -> None:
    """Grows, measures and draws one rule on every substrate."""
    own = own_form(subject, substrates(("square",), config.cells)["square"])
    entries: dict[str, Any] = {}
    wholes, details, captions = [], [], []
    for name, topology in result.progress(seven(config).items()):
        states = subject.grow(topology, config.runs, config.steps, config.seed)
        entries[name] = {"cells": topology.num_nodes}
        for moment in config.steps:
            rows = subject.measure(states[moment], topology)
            entries[name][f"step {moment}"] = {
                "median relative loss": round(median(row["relative"] for row in rows), 4),
                "fates": counted(fates(states[moment], topology, own)),
                "runs": rows,
            }
        losses = [row["relative"] for row in entries[name][f"step {max(config.steps)}"]["runs"]]
        shown = median_run(losses)
        whole, detail = whole_and_close_up(states[max(config.steps)][shown], topology)
        wholes.append(whole)
        details.append(detail)
        captions.append(f"{name}\nloss {losses[shown]:.3f}")
    early = f"step {min(config.steps)}"
    on_meshes = median(
        row["relative"] for name, entry in entries.items() if name.startswith("mesh") for row in entry[early]["runs"]
    )
    result.record(
        {
            "target": subject.goal,
            "structured seed": subject.is_structured,
            "loss of the empty substrate": round(subject.empty_loss, 2),
            "median relative loss on meshes": round(on_meshes, 4),
            "times that on squares": round(on_meshes / entries["square"][early]["median relative loss"], 2),
            "substrates": entries,
        }
    )
    result.figure(montage(wholes + details, captions=captions + [""] * len(details), columns=len(wholes), pad=10))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The median losses on squares, hexagons and five meshes, at the first of the steps."""
    entries = metrics["substrates"].values()
    first, *_, last = (key for key in next(iter(entries)) if key.startswith("step "))
    found = [word for entry in entries for word in entry[last]["fates"].items()]
    whole, total = sum(count for word, count in found if word == "whole"), sum(count for _, count in found)
    losses = [with_quartiles([run["relative"] for run in entry[first]["runs"]], 3) for entry in entries]
    more = [f"{metrics['median relative loss on meshes']:.3f}", f"{metrics['times that on squares']:.2f}"]
    header = [*metrics["substrates"], "all meshes", "times square"]
    header += [f"runs that are whole at step {int(last.removeprefix('step ')):,}"]
    row = [*losses, *more, rate(whole, total)]
    return {"losses": Table(header, [row])}


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="isotropic", tables=tables)
