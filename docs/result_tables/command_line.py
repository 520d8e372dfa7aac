"""The page on the command line: what the verbs say of themselves, and what its examples printed."""

import contextlib
import io
import json
import os
from collections.abc import Callable
from unittest.mock import patch

from graphnca.cli import main
from result_tables.join import RESULTS

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
    found = json.loads((RESULTS / "command_line/metrics.json").read_text(encoding="utf-8"))["examples"][name]
    return block(found["command"], found["prints"])


def verb(name: str) -> str:
    """A verb's options."""
    return said(name, "--help")


EXAMPLES = ("lizard", "cut", "turned", "cells", "spiral", "misspelt")
VERBS = ("grow", "play", "export", "train", "info")
TABLES: dict[str, Callable[[], str]] = {
    "command_rules": lambda: said("rules"),
    "command_card": lambda: said("rules", "isonca-heart"),
    **{f"command_{name}": lambda name=name: example(name) for name in EXAMPLES},
    **{f"command_{name}_help": lambda name=name: verb(name) for name in VERBS},
}
