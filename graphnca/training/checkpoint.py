"""Checkpoints: everything a run needs to go on as if it had never stopped."""

import io
import os
from pathlib import Path
from typing import Any

import torch

from ..atomic_file import write_atomically

FORMAT = 2  # 1 had a single pool


class CheckpointError(ValueError):
    """A checkpoint that can't be read, or isn't of this run."""


def save_checkpoint(path: str | os.PathLike[str], state: dict[str, Any]) -> None:
    """Writes a checkpoint; a run killed on the way leaves the one before it whole."""
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **state}, buffer)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads a checkpoint, to the CPU.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If it is not a checkpoint of this library.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no checkpoint at {str(path)!r}.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever its unpickler or the zip reader met
        raise CheckpointError(
            f"The checkpoint {str(path)!r} can't be read ({error}); delete it to start anew."
        ) from None
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{str(path)!r} is not a checkpoint of this version (format {FORMAT}).")
    return state
