"""Packages that only an extra of graphnca installs, imported where they are needed."""

from importlib import import_module
from typing import Any


def optional_module(name: str, *, extra: str, doing: str) -> Any:
    """A module that may not be installed.

    Args:
        name: Of the module.
        extra: Of graphnca, that installs it.
        doing: What needs it, the beginning of the sentence.

    Raises:
        ImportError: It is not installed, with the command that installs it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f"{doing} needs {name.replace('_', '-')}: pip install 'graphnca[{extra}]'.") from error
