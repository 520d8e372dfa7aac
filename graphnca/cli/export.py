"""`graphnca export`: a rule as one HTML file."""

import argparse
from pathlib import Path

from ..playground import export_page
from . import pages
from .errors import UsageError
from .outputs import check_file_at
from .pages import material
from .printable import printable

ENDINGS = (".html", ".htm")
DESCRIPTION = "Writes one self-contained HTML file in which rules live on substrates: no network, no server."
EXAMPLE = """examples:
  graphnca export isonca-lizard-any --out lizard.html
  graphnca export isonca-lizard-any --substrate square hex voronoi --out page.html
  graphnca export runs/mine/rule.safetensors isonca-heart --substrate my_cells.pt --int8"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    pages.add_arguments(parser)
    parser.add_argument("--out", metavar="FILE", help="the page [RULE.html]")


def run(given: argparse.Namespace) -> None:
    """Writes the page."""
    if given.out is not None and Path(given.out).suffix.lower() not in ENDINGS:
        raise UsageError(f"--out must end in {' or '.join(ENDINGS)}, got {given.out!r}.")
    if given.out is not None:
        check_file_at(Path(given.out))
    rules, topologies, options = material(given)
    path = Path(given.out or f"{options['names'][0]}.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    export_page(rules, topologies, path, **options)
    cells = ", ".join(f"{name} ({topology.num_nodes:,} cells)" for name, topology in topologies.items())
    print(printable(f"{', '.join(options['names'])} on {cells}"))
    print(f"wrote {path} ({path.stat().st_size / 1e6:.2f} MB)")
