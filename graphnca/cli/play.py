"""`graphnca play`: a rule alive in the browser."""

import argparse

from .. import playground
from .errors import CommandError
from .pages import add_arguments, material

EXAMPLE = """examples:
  graphnca play isonca-lizard-any
  graphnca play growing-lizard --substrate voronoi
  graphnca play runs/mine/rule.safetensors --substrate square my_cells.pt"""


def add_to(verbs: argparse._SubParsersAction) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "play",
        help="open a page in which rules live in the browser",
        description="Opens a page in the browser in which rules live on substrates: erase, seed, pause, switch the "
        "cells. Nothing leaves this machine.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_arguments(parser)


def run(given: argparse.Namespace) -> None:
    """Writes the page to a temporary folder and opens it."""
    rules, topologies, options = material(given)
    path, opened = playground.play(rules, topologies, **options)
    print(f"the page is {path}")
    if not opened:
        raise CommandError(f"no browser could be opened here; open {path} by hand, or `graphnca export` it.")
