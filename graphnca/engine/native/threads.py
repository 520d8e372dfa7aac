"""How many threads a rollout may take."""

import functools
import math
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch

ROWS_PER_THREAD = 2048  # below that, threads wait for each other longer than they work

_home: int | None = None  # the process in which there are threads of rollouts
_said = False  # whether a forked process has said that it lacks them


def usable_threads(rows: int) -> int:
    """How many threads suit so many rows: no more than PyTorch takes, and than the process is given processors.

    A forked process has none of its parent's threads, and OpenMP would wait for them for ever. There it is one, also
    for PyTorch's operations (`_forked`), whose own threads are lost in the same way; that is said once.
    """
    global _home, _said
    if _home not in (None, os.getpid()):
        if not _said:
            _said = True
            warnings.warn(
                "This process was forked from one in which rollouts took several threads. It does not have them, so "
                "rollouts and PyTorch's operations take one here; a process that is spawned takes as many as it wants.",
                stacklevel=2,
            )
        return 1
    number = min(torch.get_num_threads(), processors(), max(1, rows // ROWS_PER_THREAD))
    if number > 1:
        _home = os.getpid()
    return number


def _forked() -> None:
    """Before anything else is computed in the new process: making a seed would hang already."""
    if _home is not None:
        torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def are_there(number: int) -> bool:
    """Whether this process has the threads of an earlier rollout that took so many."""
    return number == 1 or _home == os.getpid()


@functools.cache
def processors(root: Path = Path("/")) -> int:
    """How many processors' time the process gets, rounded up, where its control group has a quota (containers).

    Threads that outnumber it would be stopped all together, again and again.
    """
    return max(1, math.ceil(min(_quotas(root), default=float(os.cpu_count() or 1))))


def _quotas(root: Path) -> Iterator[float]:
    """Of the process's control group and of those above it, in both versions of Linux's file system for them."""
    top = root / "sys" / "fs" / "cgroup"
    try:
        lines = (root / "proc" / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        own = path.strip("/").split("/")
        for depth in range(len(own) + 1):
            place = Path(*own[:depth])
            if not controllers and (quota := _ratio(_words(top / place / "cpu.max"))):
                yield quota
            if "cpu" in controllers.split(","):
                folder = top / controllers / place
                if quota := _ratio(_words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us")):
                    yield quota


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _ratio(words: list[str]) -> float | None:
    """Of microseconds that may be used and those of a period; None where there is no limit (`max`, -1)."""
    return int(words[0]) / int(words[1]) if len(words) == 2 and all(word.isdigit() for word in words) else None
