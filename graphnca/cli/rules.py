"""`graphnca rules`: what is shipped."""

import argparse
import json

from ..evaluation.named import read_subject
from ..evaluation.subject import Subject
from ..rules import describe_rule, shipped_rules
from ..suggestions import suggestion
from .cards import architecture, card_entries, grows, kind_of, starts_from, trained_on
from .errors import UsageError
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
        print(description(read_subject(given.name)))


def description(subject: Subject) -> str:
    """A rule and its card, as text."""
    entries = [("rule", subject.name)]
    if subject.card:
        start = starts_from(subject.rule, subject.card, subject.genomes)
        entries += [("grows", f"{grows(subject.card)}, from {start}"), ("kind", kind_of(subject.rule))]
    if subject.genomes:
        entries.append(("genomes", ", ".join(subject.genomes)))
    return listing([*entries, *architecture(subject.rule), *card_entries(subject.card)])


def _row(name: str) -> dict[str, str | int]:
    subject = read_subject(name)
    values = (
        name,
        grows(subject.card),
        starts_from(subject.rule, subject.card, subject.genomes),
        kind_of(subject.rule),
        trained_on(subject.card),
        sum(parameter.numel() for parameter in subject.rule.parameters()),
    )
    return dict(zip(HEADER, values, strict=True))


def _table() -> str:
    rows = [_row(name) for name in shipped_rules()]
    return table(
        HEADER, [[f"{value:,}" if isinstance(value, int) else value for value in row.values()] for row in rows]
    )
