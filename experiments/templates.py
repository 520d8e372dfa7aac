"""The five textures that are drawn here, as rules are trained on them.

    python experiments/templates.py

Written to `--out`: `templates.png`, each template twice across and twice down, so that a seam would be seen, and
`metrics.json` with the sizes. A few seconds.
"""

from dataclasses import dataclass
from pathlib import Path

from protocol.texture import SIZE

from graphnca.drawing import montage, save_image
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from graphnca.templates import load_template, template_names


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    size: int = SIZE
    """Pixels along a side of each template."""
    out: str = "out/templates"
    publish: bool = False
    """Also copy the results into docs/results."""


def main(config: Config) -> None:
    """Draws them."""
    names = template_names()
    tiles = [load_template(name, config.size).repeat(1, 2, 2) for name in names]
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    save_image(out / "templates.png", montage(tiles, captions=names, columns=len(names), pad=8))
    write_metrics(out, {"templates": names, "pixels along a side": config.size, "shown across": 2})
    if config.publish:
        publish(out, "templates")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
