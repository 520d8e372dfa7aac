"""The command `graphnca`: reads the command line, runs a verb, and turns its errors into sentences and exit statuses.

0: done. 1: what was asked for failed. 2: what was typed cannot be done as it stands. 130: stopped by the keyboard; 143
and 129: a training that SIGTERM or SIGHUP stopped.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

from .errors import CommandError, UsageError
from .printable import printable

VERBS = {
    "grow": "grow a rule on a substrate: a picture and an animation",
    "play": "open a page in which rules live in the browser",
    "export": "write a page in which rules live: one HTML file for any site",
    "train": "train a rule for a picture or a texture",
    "rules": "what is shipped",
    "info": "what a file holds: a rule, a published model, or a substrate",
}
"""Each a module here, with `DESCRIPTION`, `EXAMPLE`, `add_arguments` and `run`, loaded only when it is typed."""
DESCRIPTION = """Neural cellular automata on any cells.

A rule is a small network that every cell runs alike; a substrate is the cells. Grow any rule on any substrate:

  graphnca rules
  graphnca grow isonca-lizard-any --substrate voronoi"""
TRACEBACK = "--traceback"
STOPPED = 128  # as shells have it: and the signal's number


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status.

    Args:
        arguments: By default those of the process.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    verb = next((text for text in arguments if text in VERBS), None)
    try:
        parser = _parser(verb)
    except ImportError as error:  # of a package that is missing, or another project's
        if TRACEBACK in arguments:
            raise
        print(printable(f"graphnca {verb}: {_of_topologies(error)}"), file=sys.stderr)
        return 1
    given = parser.parse_args(arguments)
    if given.verb is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        given.run(given)
    except KeyboardInterrupt as stop:
        print(f"\n{stop}" if stop.args else "\nStopped.", file=sys.stderr)
        return STOPPED + getattr(stop, "signal", signal.SIGINT)
    except Exception as error:
        if given.traceback or (status := _status(error)) is None:
            raise
        print(printable(f"graphnca {given.verb}: {_sentence(error)}"), file=sys.stderr)
        return status
    return 0


def _parser(verb: str | None) -> argparse.ArgumentParser:
    """The whole command line; of the verbs, only the one that was typed knows its arguments."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="graphnca", description=DESCRIPTION, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"graphnca {_version()}")
    parser.add_argument(TRACEBACK, action="store_true", help="show where an error came from")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs (`graphnca VERB --help` has examples)")
    for name, words in VERBS.items():
        own = verbs.add_parser(name, help=words, formatter_class=raw)
        if name == verb:
            module = import_module(f".{name}", __package__)
            own.description, own.epilog = module.DESCRIPTION, module.EXAMPLE
            own.set_defaults(run=module.run)
            module.add_arguments(own)
    return parser


def _status(error: Exception) -> int | None:
    """The exit status of an error whose sentence is enough; None: it is a fault of the program."""
    if isinstance(error, UsageError):
        return 2
    if isinstance(error, CommandError | OSError | ImportError | MemoryError) or _is_torch_out_of_memory(error):
        return 1
    from ..evaluation.subject import SubjectError  # not before: it comes with torch
    from ..training import DivergedError, LostProcessError

    if isinstance(error, SubjectError):
        return 2
    return 1 if isinstance(error, DivergedError | LostProcessError | ValueError) else None


def _of_topologies(error: ImportError) -> ImportError:
    """What is wrong with the package `topologies`, if that is what can't be imported."""
    if (error.name or "").startswith("topologies"):
        try:
            import_module("graphnca.topologies")
        except ImportError as known:
            return known
    return error


def _sentence(error: Exception) -> str:
    if isinstance(error, MemoryError) or _is_torch_out_of_memory(error):
        return f"there is not enough memory for this ({error}). Ask for less: fewer units, steps or samples."
    return str(error)


def _is_torch_out_of_memory(error: Exception) -> bool:
    """The CPU's allocator raises an ordinary RuntimeError, a GPU's one of its own."""
    return isinstance(error, RuntimeError) and (
        type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
    )


def _version() -> str:
    try:
        return version("graphnca")
    except PackageNotFoundError:
        return "(not installed)"
