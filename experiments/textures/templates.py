"""The five textures that are drawn here, as rules are trained on them.

    python experiments/textures/templates.py                # a few seconds

Written to `--out`:
    figure.webp     each template twice across and twice down, so that a seam would be seen
    metrics.json    the sizes
"""

from dataclasses import dataclass

from graphnca.drawing import montage
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.templates import load_template, template_names
from graphnca.training.recipes.texture import SIZE


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    size: int = SIZE
    """Pixels along a side of each template."""
    out: str = "out/templates"


def main(config: Config, result: Result) -> None:
    """Draws them."""
    names = template_names()
    tiles = [load_template(name, config.size).repeat(1, 2, 2) for name in names]
    result.record({"templates": names, "pixels along a side": config.size, "shown across": 2})
    result.figure(montage(tiles, captions=names, columns=len(names), pad=8))


if __name__ == "__main__":
    run(main, Config, __doc__)
