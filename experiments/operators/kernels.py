"""The filters through which cells see, as pictures: on squares the published kernels, on other cells their stencils.

    python experiments/operators/kernels.py                            # half a minute
    python experiments/operators/kernels.py --rule growing-butterfly

Every article draws its 3x3 kernels. Here they are drawn on the cells themselves: of one cell in the middle of squares,
hexagons and a Voronoi mesh, the factor with which it counts every cell around it and itself, for d/dx, d/dy and the
Laplacian (blue below zero, red above; raw kernels). Below, what they make of a pattern that a rule has grown there:
its alpha, and what all cells perceive of it. Expect the same picture on all cells: the stencils of hexagons and meshes
are fitted to the square grid's kernels.

Written to `--out`:
    figure.webp     the kernels of one cell, and what all cells see, on each kind of cells
    metrics.json    how many cells are read, and what slopes and bowls are seen as
    tables.json     the same
"""

from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, montage
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.scores import seeded_position, window
from graphnca.evaluation.subject import Subject
from graphnca.layers import neighbourhood
from graphnca.layers.coefficients import Coefficients, Neighbourhood, coefficients_of
from graphnca.layers.life import ALPHA
from graphnca.layers.perception import OPERATORS
from graphnca.places import nearest_cells
from graphnca.results.options import OfRule, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import substrates

WORDS = {"laplacian": "Laplacian", "along_x": "d/dx", "along_y": "d/dy"}
NEAR, FAR = 6.0, 60.0  # units that pictures of kernels and of patterns show
CLOSE_SCALE, SCALE = 26.0, 2.6  # pixels a unit


@dataclass(frozen=True, kw_only=True)
class Config(OfRule, Options):
    """What the command line can change."""

    rule: str = "growing-lizard"
    substrate: tuple[str, ...] = ("square", "hex", "voronoi")
    """Kinds of cells."""
    cells: int = 5184
    """Cells of each substrate, about."""
    steps: int = 300
    """Steps that the pattern has grown."""
    seed: int = 6700
    """Of the run; the mesh has the number after it."""
    out: str = "out/kernels"


def factors(coefficients: Coefficients, cell: int, num_cells: int) -> dict[str, Tensor]:
    """For every operator the factor (N,) with which a cell counts every cell, itself too."""
    assert coefficients.gradient is not None  # all operators were asked for
    read = coefficients.index[1] == cell
    columns = torch.cat([coefficients.weight[:, None], coefficients.gradient], dim=1)[read].double()
    found = torch.zeros(num_cells, len(OPERATORS), dtype=torch.float64)
    found.index_add_(0, coefficients.index[0][read], columns)
    found[cell] -= columns.sum(0)
    return dict(zip(OPERATORS, found.T.float(), strict=True))


def perceived(coefficients: Coefficients, values: Tensor) -> dict[str, Tensor]:
    """For every operator what every cell makes of values (N,)."""
    assert coefficients.gradient is not None
    source, reader = coefficients.index
    columns = torch.cat([coefficients.weight[:, None], coefficients.gradient], dim=1)
    sums = torch.zeros(len(values), len(OPERATORS)).index_add_(
        0, reader, columns * (values[source] - values[reader])[:, None]
    )
    return dict(zip(OPERATORS, sums.T, strict=True))


def one_substrate(subject: Subject, topology: Data, config: Config) -> tuple[dict[str, Any], list[Image.Image]]:
    """The numbers of one cell, and the pictures: its kernels, then alpha and what all cells see of it."""
    num_cells, pos = len(topology["pos"]), topology["pos"]
    coefficients = coefficients_of(Neighbourhood(**neighbourhood(topology)), OPERATORS, num_cells)
    cell = int(nearest_cells(topology, torch.tensor([seeded_position(topology)]))[0])
    close = CellCanvas(topology, scale=CLOSE_SCALE, window=window(topology, NEAR), edge_colour="#bbbbbb", centres=True)
    wide = CellCanvas(topology, scale=SCALE, window=window(topology, FAR))
    kernels = factors(coefficients, cell, num_cells)
    pictures = [close.draw(kernel[:, None], channel=0) for kernel in kernels.values()]
    alpha = subject.grow(topology, 1, (config.steps,), config.seed)[config.steps][0, :, ALPHA]
    seen = {"alpha": alpha, **perceived(coefficients, alpha)}
    pictures += [wide.draw(values[:, None], channel=0) for values in seen.values()]
    away = (pos - pos[cell]).double()
    entry = {
        "cells read": int((coefficients.index[1] == cell).sum()),
        "slope of 1 along x": [round(float(kernels[name].double() @ away[:, 0]), 4) for name in ("along_x", "along_y")],
        "bowl x^2 + y^2": round(float(kernels["laplacian"].double() @ away.square().sum(1)), 4),
    }
    return entry, pictures


def main(config: Config, result: Result) -> None:
    """Substrate by substrate."""
    subject = read_subject(config.rule, model=config.model or None, goal=config.target)
    above, below, captions, names = [], [], [], []
    for name, topology in result.progress(
        substrates(config.substrate, config.cells, meshes=1, seed=config.seed).items()
    ):
        entry, pictures = one_substrate(subject, topology, config)
        result.substrate(name, entry)
        above += pictures[: len(OPERATORS)]
        below += pictures[len(OPERATORS) :]
        captions += [f"{name.split()[0]}, {WORDS[operator]}" for operator in OPERATORS]
        names += [f"{name.split()[0]}, {word}" for word in ("alpha", *(f"{WORDS[one]} of it" for one in OPERATORS))]
    result.figure(
        montage(above, captions=captions, columns=len(OPERATORS), pad=6),
        montage(below, captions=names, columns=len(OPERATORS) + 1, pad=6),
    )


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """What one cell of each kind reads, and sees."""
    rows = [
        [name.split()[0], entry["cells read"], *entry["slope of 1 along x"], entry["bowl x^2 + y^2"]]
        for name, entry in metrics["substrates"].items()
    ]
    header = ["cells", "cells read", "d/dx of a slope of 1 along x", "d/dy of it", "Laplacian of a bowl x² + y²"]
    return {"kernels": Table(header, rows, "Of the cell that is drawn, by the raw kernels.")}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
