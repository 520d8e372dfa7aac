"""The command line of an experiment: one option for each field of its configuration."""

import argparse
import ast
import inspect
import textwrap
from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass
from itertools import pairwise
from typing import Any, TypeVar

Config = TypeVar("Config")


def from_command_line(
    kind: type[Config], description: str | None, *, default: Config | None = None, arguments: list[str] | None = None
) -> Config:
    """Reads a configuration from the command line.

    A field `some_name` is the option `--some-name`; a bool is `--some-name` or `--no-some-name`, a tuple takes one
    value or several, and a field without default is a positional argument. The text under a field is what `--help` says
    of it.

    Args:
        kind: A dataclass whose fields are str, int, float, bool, or tuples of one of these.
        description: What the script does; its docstring.
        default: Where the values come from that are not given, those of positional arguments too, then options;
            by default the fields' own.
        arguments: By default those of the process.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    told = _texts_under_fields(kind)
    for field in fields(kind):  # pyright: ignore[reportArgumentType]
        value = field.default if default is None else getattr(default, field.name)
        text = told.get(field.name, "").replace("%", "%%")
        if value is MISSING:
            parser.add_argument(field.name, help=text)
        else:
            parser.add_argument(f"--{field.name.replace('_', '-')}", **_how_to_read(value, text))
    given = vars(parser.parse_args(arguments))
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def _how_to_read(value: Any, text: str) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"action": argparse.BooleanOptionalAction, "default": value, "help": text}
    shown = " ".join(map(str, value)) if isinstance(value, tuple) else repr(value)
    text = f"{text} [{shown}]".strip()
    if isinstance(value, tuple):
        return {"nargs": "+", "type": type(value[0]) if value else str, "default": value, "help": text}
    return {"type": type(value), "default": value, "help": text}


def _texts_under_fields(kind: type) -> dict[str, str]:
    """The string that follows each field in the source of a class, or of one that it extends."""
    told = {}
    for one in reversed([one for one in kind.__mro__ if is_dataclass(one)]):
        told |= _own_texts_under_fields(one)
    return told


def _own_texts_under_fields(kind: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    statements: Sequence[ast.stmt] = body.body if isinstance(body, ast.ClassDef) else []
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairwise(statements)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }
