"""What every training script does around its loop: pictures on the way, and at the end the rule with its card."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from graphnca import load_rule
from graphnca.layers import NCAConv
from graphnca.models import isonca
from graphnca.results.options import from_command_line
from graphnca.results.result import command
from graphnca.rules import describe_rule
from graphnca.training import LostProcessError, Training, run_and_save
from graphnca.training import pool_pictures as pictures

__all__ = ["card_of", "main", "pictures", "run", "set_up", "starting_rule"]

Config = TypeVar("Config")


def starting_rule(start: str) -> tuple[NCAConv, dict[str, Any] | None]:
    """A rule to go on from with its card, or for an empty name an untrained one."""
    return load_rule(start) if start else isonca(), card_of(start)


def card_of(start: str) -> dict[str, Any] | None:
    """The card of a rule that was gone on from; None for an empty name."""
    return describe_rule(start)["card"] if start else None


def main(train: Callable[[Config], Path], kind: type[Config], description: str | None) -> None:
    """Reads the command line and trains; a process that is lost ends the others with what to do."""
    try:
        train(from_command_line(kind, description))
    except LostProcessError as error:
        raise SystemExit(str(error)) from None


def run(training: Training, card: dict[str, Any]) -> Path:
    """Trains or resumes; returns the path of the rule, which the first process writes with what is known of the run."""
    path = run_and_save(training, command(), card)
    if training.processes.is_first:
        print(f"The rule is at {path}.")
    return path


def set_up(threads: int, seed: int) -> None:
    """Threads of this process (0: as they are) and PyTorch's own seed, by which an untrained rule is drawn."""
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(seed)
