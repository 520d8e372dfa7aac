"""`graphnca rules`: what is shipped."""

import argparse
import json

from ..rules import describe_rule, shipped_rules
from .cards import architecture, card_entries, grows, kind_of, starts_from, trained_on
from .errors import UsageError
from .named_rule import NamedRule, read_rule
from .suggestions import suggestion
from .tables import listing, table

EXAMPLE = """examples:
  graphnca rules
  graphnca rules isonca-lizard-any
  graphnca rules isonca-lizard-any --json"""
HEADER = ("rule", "grows", "from", "kind", "trained on", "parameters")


def add_to(verbs: argparse._SubParsersAction) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser(
        "rules",
        help="what is shipped",
        description="Lists the shipped rules; with a name, shows that rule's card: how it was trained, and what it was "
        "measured to do.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("name", metavar="NAME", nargs="?", help="a shipped rule")
    parser.add_argument("--json", action="store_true", help="the whole description, for programs")


def run(given: argparse.Namespace) -> None:
    """Prints the table, or one card."""
    if given.name is None:
        print(json.dumps([_row(name) for name in shipped_rules()], indent=2) if given.json else _table())
    elif given.name not in shipped_rules():
        raise UsageError(
            f"no shipped rule is called {given.name!r}.{suggestion(given.name, shipped_rules())} "
            "`graphnca rules` lists them; `graphnca info FILE` describes a file of your own."
        )
    elif given.json:
        print(json.dumps(describe_rule(given.name), indent=2))
    else:
        print(description(read_rule(given.name)))


def description(named: NamedRule) -> str:
    """A rule and its card, as text."""
    entries = [("rule", named.name)]
    if named.card:
        start = starts_from(named.rule, named.card, named.genomes)
        entries += [("grows", f"{grows(named.card)}, from {start}"), ("kind", kind_of(named.rule))]
    if named.genomes:
        entries.append(("genomes", ", ".join(named.genomes)))
    return listing([*entries, *architecture(named.rule), *card_entries(named.card)])


def _row(name: str) -> dict[str, str | int]:
    named = read_rule(name)
    values = (
        name,
        grows(named.card),
        starts_from(named.rule, named.card, named.genomes),
        kind_of(named.rule),
        trained_on(named.card),
        sum(parameter.numel() for parameter in named.rule.parameters()),
    )
    return dict(zip(HEADER, values, strict=True))


def _table() -> str:
    rows = [_row(name) for name in shipped_rules()]
    return table(
        HEADER, [[f"{value:,}" if isinstance(value, int) else value for value in row.values()] for row in rows]
    )
