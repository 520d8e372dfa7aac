"""What every training script does around its loop: pictures on the way, and at the end the rule with its card."""

from pathlib import Path
from typing import Any

import torch
from protocol.report import command

from graphnca import load_rule
from graphnca.layers import NCAConv
from graphnca.models import isonca
from graphnca.rules import describe_rule
from graphnca.training import Training, run_and_save
from graphnca.training import pool_pictures as pictures

__all__ = ["pictures", "run", "set_up", "starting_rule"]


def starting_rule(start: str) -> tuple[NCAConv, dict[str, Any] | None]:
    """A rule to go on from with its card, or for an empty name an untrained one."""
    return (load_rule(start), describe_rule(start)["card"]) if start else (isonca(), None)


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
