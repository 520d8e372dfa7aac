"""The templates that rules are trained on: drawn ones, of those with depth height and roughness too, and a photograph.

    python experiments/textures/templates.py                # a few seconds

Written to `--out`:
    figure.webp     each template twice across and twice down, so that a seam would be seen; maps once
    metrics.json    the sizes
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from graphnca.drawing import montage
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.templates import load_material, load_template, material_names, template_names
from graphnca.templates.load import PHOTOGRAPHS
from graphnca.training.recipes.texture import SIZE


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    size: int = SIZE
    """Pixels along a side of each template."""
    out: str = "out/templates"


def main(config: Config, result: Result) -> None:
    """Draws them."""
    deep = material_names()
    flat = [name for name in template_names() if name not in (*deep, *PHOTOGRAPHS)]
    tiles = [load_template(name, config.size).repeat(1, 2, 2) for name in (*flat, *deep)]
    tiles += [maps_of(name, config.size) for name in deep]
    tiles += [load_template(name, 2 * config.size) for name in PHOTOGRAPHS]
    numbers = {"pixels along a side": config.size, "shown across": 2}
    result.record({"templates": flat, "with depth": deep, "photographs": list(PHOTOGRAPHS), **numbers})
    captions = [*flat, *deep, *["height, roughness"] * len(deep), *PHOTOGRAPHS]
    result.figure(montage(tiles, captions=captions, columns=len(deep), pad=8))


def maps_of(name: str, size: int) -> Tensor:
    """Height and roughness side by side, each once across and twice down."""
    height, roughness = load_material(name, size)[3:]
    return torch.cat([height, roughness], dim=1).expand(3, -1, -1).repeat(1, 2, 1)


if __name__ == "__main__":
    run(main, Config, __doc__)
