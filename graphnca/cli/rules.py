"""`graphnca rules`: what is shipped."""

import argparse
import json

from ..shipped import shipped_description, shipped_rules
from ..suggestions import suggestion
from .cards import grows, kind_of, starts_from, text_of, trained_on
from .errors import UsageError
from .tables import table

DESCRIPTION = (
    "Lists the shipped rules; with a name, shows that rule's card: how it was trained, and what it was measured to do."
)
EXAMPLE = """examples:
  graphnca rules
  graphnca rules isonca-lizard-any
  graphnca rules isonca-lizard-any --json"""
HEADER = ("rule", "grows", "from", "kind", "trained on", "parameters")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="a shipped rule")
    parser.add_argument("--json", action="store_true", help="the whole description, for programs")


def run(given: argparse.Namespace) -> None:
    """Prints the table, or one card."""
    if given.name is None:
        print(json.dumps([_row(name) for name in shipped_rules()], indent=2) if given.json else _table())
        return
    if given.name not in shipped_rules():
        raise UsageError(
            f"no shipped rule is called {given.name!r}.{suggestion(given.name, shipped_rules())} "
            "`graphnca rules` lists them; `graphnca info FILE` describes a file of your own."
        )
    description = shipped_description(given.name)
    print(json.dumps(description, indent=2) if given.json else text_of(given.name, description))


def _row(name: str) -> dict[str, str | int]:
    description = shipped_description(name)
    card = description["card"]
    values = (
        name,
        grows(card),
        starts_from(description),
        kind_of(description),
        trained_on(card),
        description["parameters"],
    )
    return dict(zip(HEADER, values, strict=True))


def _table() -> str:
    rows = [_row(name) for name in shipped_rules()]
    return table(
        HEADER, [[f"{value:,}" if isinstance(value, int) else value for value in row.values()] for row in rows]
    )
