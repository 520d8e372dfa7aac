"""The command `graphnca`: reads the command line, runs a verb, and turns its errors into sentences and exit statuses.

0: done. 1: what was asked for failed. 2: what was typed cannot be done as it stands. 130: stopped by the keyboard.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from ..evaluation.subject import SubjectError
from ..training import LostProcessError
from . import export, grow, info, play, rules, train
from .errors import CommandError, UsageError

VERBS = (grow, play, export, train, rules, info)
DESCRIPTION = """Neural cellular automata on any cells.

A rule is a small network that every cell runs alike; a substrate is the cells. Grow any rule on any substrate:

  graphnca rules
  graphnca grow isonca-lizard-any --substrate voronoi"""
STOPPED = 130  # as shells have it: 128 + SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit status.

    Args:
        arguments: By default those of the process.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.verb is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        given.run(given)
    except (UsageError, SubjectError) as error:
        return _say(given, error, 2)
    except (CommandError, LostProcessError, ValueError, OSError, ImportError) as error:
        return _say(given, error, 1)
    except KeyboardInterrupt as stop:
        print(f"\n{stop}" if stop.args else "\nStopped.", file=sys.stderr)
        return STOPPED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="graphnca", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"graphnca {_version()}")
    parser.add_argument("--traceback", action="store_true", help="show where an error came from")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs (`graphnca VERB --help` has examples)")
    for verb in VERBS:
        verb.add_to(verbs)
    return parser


def _say(given: argparse.Namespace, error: Exception, status: int) -> int:
    if given.traceback:
        raise error
    print(f"graphnca {given.verb}: {error}", file=sys.stderr)
    return status


def _version() -> str:
    try:
        return version("graphnca")
    except PackageNotFoundError:
        return "(not installed)"
