"""`graphnca play`: a rule alive in the browser."""

import argparse

from .. import playground
from .errors import CommandError
from .pages import add_arguments as add_arguments
from .pages import material

DESCRIPTION = (
    "Opens a page in the browser in which rules live on substrates: erase, seed, pause, switch the "
    "cells. Nothing leaves this machine."
)
EXAMPLE = """examples:
  graphnca play isonca-lizard-any
  graphnca play growing-lizard --substrate voronoi
  graphnca play runs/mine/rule.safetensors --substrate square my_cells.pt"""


def run(given: argparse.Namespace) -> None:
    """Writes the page where the browser can read it and opens it."""
    rules, topologies, options = material(given)
    path, opened = playground.play(rules, topologies, **options)
    print(f"the page is {path}")
    if not opened:
        raise CommandError(f"no browser could be opened here; open {path.resolve().as_uri()} by hand.")
