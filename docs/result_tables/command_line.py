"""The page on the command line: what the verbs say of themselves, and what its examples printed."""

import contextlib
import io
import os
from unittest.mock import patch

from graphnca.cli import main
from result_tables.markdown import NOT_MEASURED, Tables, result

COLUMNS = "100"  # of the terminal that help is written for


def said(*arguments: str) -> str:
    """What the command prints, as a block of text under the command itself."""
    out = io.StringIO()
    with patch.dict(os.environ, COLUMNS=COLUMNS), contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main(arguments)
    return block(" ".join(("graphnca", *arguments)), out.getvalue())


def block(command: str, prints: str) -> str:
    """A command and what it prints."""
    return f"```text\n$ {command}\n{prints.rstrip()}\n```"


def example(name: str) -> str:
    """One of the examples, as it was run."""
    found = result("command_line").get("examples", {}).get(name)
    return block(found["command"], found["prints"]) if found else NOT_MEASURED


def verb(name: str) -> str:
    """A verb's options."""
    return said(name, "--help")


EXAMPLES = ("lizard", "cut", "turned", "cells", "spiral", "misspelt")
VERBS = ("grow", "play", "export", "train", "info")
TABLES: Tables = {
    "command_rules": lambda: said("rules"),
    "command_card": lambda: said("rules", "isonca-heart"),
    **{f"command_{name}": lambda name=name: example(name) for name in EXAMPLES},
    **{f"command_{name}_help": lambda name=name: verb(name) for name in VERBS},
}
