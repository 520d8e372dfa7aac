"""Checkpoints: everything a run needs to go on as if it had never stopped."""

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..arguments import checked
from ..atomic_file import write_atomically
from ..layers import NCAConv
from ..pool import SamplePool, join_pools, part_of_pool
from .distributed import Processes

FORMAT = 3  # 1 had a single pool, 2 no checksum
WITHOUT_CHECKSUM = 2
MARK = b"\nsha256 "  # at the end of a file, before the checksum of what stands before it
TAIL = len(MARK) + 64
STATE = (
    "architecture",
    "rule",
    "optimizer",
    "average",
    "pools",
    "generator",
    "iteration",
    "seconds",
    "history",
    "repairs",
)
"""What every checkpoint holds; where there are genomes or several processes, more."""


class CheckpointError(ValueError):
    """A checkpoint that can't be read, or isn't of this run."""


@checked
def save_checkpoint(path: str | os.PathLike[str], state: dict[str, Any]) -> None:
    """Writes a checkpoint; a run killed on the way leaves the one before it whole."""
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **state}, buffer)
    checksum = hashlib.sha256(buffer.getbuffer()).hexdigest()
    write_atomically(path, buffer.getvalue() + MARK + checksum.encode())


@checked
def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads a checkpoint, to the CPU.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If it is not a checkpoint of this library, or is damaged, if only in one bit.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no checkpoint at {str(path)!r}.")
    content = Path(path).read_bytes()
    content, tail = content[:-TAIL], content[-TAIL:]
    whole = tail == MARK + hashlib.sha256(content).hexdigest().encode()
    try:
        state = torch.load(io.BytesIO(content if whole else content + tail), map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever its unpickler or the zip reader met
        raise CheckpointError(
            f"The checkpoint {str(path)!r} can't be read ({error}); delete it to start anew."
        ) from None
    if not isinstance(state, dict) or state.get("format") not in (WITHOUT_CHECKSUM, FORMAT):
        raise CheckpointError(f"{str(path)!r} is not a checkpoint of this version (format {FORMAT}).")
    if not whole and (state["format"] == FORMAT or tail.startswith(MARK)):
        raise CheckpointError(
            f"The checkpoint {str(path)!r} is damaged: its checksum is another than when it was written; delete it to "
            "start anew."
        )
    return state


def check_state(state: dict[str, Any], rule: NCAConv, genomes: set[str]) -> None:
    """Whether a training of a rule and of genomes' parameters can go on from a state.

    Raises:
        CheckpointError: If it is of another architecture or of other genomes, or not whole.
    """
    missing = [name for name in STATE if name not in state]
    if missing:
        raise CheckpointError(f"The checkpoint lacks {missing}.")
    before = state["architecture"]
    if before != rule.config:
        different = {name: (before.get(name), now) for name, now in rule.config.items() if before.get(name) != now}
        raise CheckpointError(f"The checkpoint is of another architecture (checkpoint, this run): {different}.")
    stored = set(state.get("genomes", {"values": {}})["values"])
    if stored != genomes:
        raise CheckpointError(
            f"The checkpoint is of other genomes (checkpoint, this run): {sorted(stored)}, {sorted(genomes)}."
        )


def collect_parts(processes: Processes, pools: list[SamplePool], generator: torch.Generator) -> dict[str, Any]:
    """Pools and random numbers of all processes, in the first one; None in the others. All must call it together."""
    shares = processes.collect([pool.state_dict() for pool in pools])
    generators = processes.collect(generator.get_state())
    return {
        "pools": None if shares is None else [join_pools(list(parts)) for parts in zip(*shares, strict=True)],
        "generator": None if generators is None else generators[0],
        "other_generators": None if generators is None else generators[1:],
    }


def take_part(processes: Processes, state: dict[str, Any], generator: torch.Generator) -> list[dict[str, Tensor]]:
    """This process's part of the pools of a state; its random numbers go on, or begin if it is new.

    Raises:
        ValueError: If a pool's entries can't be divided by the number of processes.
    """
    generators = [state["generator"], *state.get("other_generators", [])]
    if processes.rank < len(generators):
        generator.set_state(generators[processes.rank])
    if len(generators) != processes.size and processes.is_first:
        print(
            f"The checkpoint was written by {len(generators)} process(es), this run has {processes.size}: the pool is "
            "divided anew, and what follows is not what would have followed there."
        )
    return [part_of_pool(pool, processes.rank, processes.size) for pool in state["pools"]]
