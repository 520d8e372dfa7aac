"""What the hidden channels of a texture hold: their first three principal components as red, green and blue.

    python experiments/textures/components.py                    # half a minute a rule on one core; no features needed
    python experiments/textures/components.py --rule texture-chequered

A texture rule has three visible channels and, as a rule, nine more that no loss looks at: what cells tell each other.
The article shows their first three principal components as colours and finds structure in them that the picture has
not, such as a gradient inside each square of a chequerboard. Here the components are those of the square torus at the
last step, over all cells and runs; hexagons and a mesh are shown in the very same ones, so that a colour means the same
on each. A component is grey at its mean and saturated at two and a half standard deviations.

Two numbers say what there is to see: the share of the hidden channels' variance that the three components hold, on
each; and how much of each component the visible channels of the same cell explain, linearly (R^2): what is left
is what the picture does not show.

Written to `--out`/NAME, for each rule:
    figure.webp     above what is visible, below the components; on squares, hexagons and a mesh
    animation.webp  both on squares and on a mesh, from the first step on
    metrics.json    shares and R^2
    tables.json     the same
"""

from dataclasses import dataclass
from typing import Any

from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca.drawing import CellCanvas, montage
from graphnca.evaluation.components import VISIBLE, Components, coloured, components_of, explained
from graphnca.evaluation.scores import bounded
from graphnca.evaluation.subject import Subject
from graphnca.results.options import OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import substrates

SCALE, ANIMATED_SCALE = 2.5, 1.75  # pixels a unit
FRAMES, SLOWING = 20, 2.0  # of the animation: frame i of n shows step last * (i / n)^2


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, Options):
    """What the command line can change."""

    steps: int = 1000
    """Steps after which the channels are looked at."""
    meshes: int = 1
    seed: int = 2300
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_components"


def pair(
    texture: Subject, canvas: CellCanvas, state: Tensor, components: Components
) -> tuple[Image.Image, Image.Image]:
    """What is visible, and the components."""
    return texture.picture(canvas, state), canvas.draw(coloured(state, components), offset=0.5)


def figure(
    texture: Subject, shown: dict[str, Tensor], topologies: dict[str, Data], components: Components
) -> Image.Image:
    """A column for each substrate."""
    pairs = [
        pair(texture, CellCanvas(topologies[name], scale=SCALE), state, components) for name, state in shown.items()
    ]
    tiles = [above for above, _ in pairs] + [below for _, below in pairs]
    captions = [f"{name}\n{what}" for what in ("visible", "components") for name in shown]
    return montage(tiles, captions=captions, columns=len(pairs), pad=8, font_size=13)


def animation(
    texture: Subject, topologies: dict[str, Data], components: Components, config: Config
) -> list[Image.Image]:
    """Frames of a run on the first and on the last substrate, visible and components side by side."""
    moments = sorted({round(config.steps * (number / FRAMES) ** SLOWING) for number in range(1, FRAMES + 1)})
    columns, captions = [], []
    for name in (next(iter(topologies)), list(topologies)[-1]):
        topology = topologies[name]
        canvas = CellCanvas(topology, scale=ANIMATED_SCALE, window=(0, 0, config.size, config.size))
        states = texture.grow(topology, 1, moments, config.seed)
        pairs = [pair(texture, canvas, bounded(states[moment][0]), components) for moment in moments]
        columns += [[above for above, _ in pairs], [below for _, below in pairs]]
        captions += [name, "components"]
    return [
        montage(frames, captions=captions, columns=len(columns), title=f"step {moment}", pad=5, font_size=12)
        for moment, frames in zip(moments, zip(*columns, strict=True), strict=True)
    ]


def measure(texture: Subject, config: Config, result: Result) -> None:
    """Analyses and draws one rule."""
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    states = {
        name: bounded(texture.grow(topology, config.runs, (config.steps,), config.seed)[config.steps])
        for name, topology in result.progress(topologies.items())
    }
    components = components_of(states["square"])
    result.record({"hidden channels": texture.rule.num_channels - VISIBLE})
    for name, some in states.items():
        entry = {"shares": components.shares_on(some), "explained by what is visible": explained(some, components)}
        result.substrate(name, {"cells": topologies[name].num_nodes, **entry})
    result.figure(figure(texture, {name: some[0] for name, some in states.items()}, topologies, components))
    result.animation(animation(texture, topologies, components, config), fps=6)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """What three components hold of the hidden channels, and what the picture explains of them."""
    rows = []
    for name, entry in metrics["substrates"].items():
        shares = " / ".join(f"{share:.2f}" for share in entry["shares"])
        known = " / ".join(f"{share:.2f}" for share in entry["explained by what is visible"])
        rows.append([name, shares, f"{sum(entry['shares']):.2f}", known])
    return {"shares": Table(["substrate", "share of the variance", "together", "R² by what is visible"], rows)}


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="texture", tables=tables)
