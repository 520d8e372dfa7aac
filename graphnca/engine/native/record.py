"""A rollout in the library's memory."""

import ctypes
from enum import IntEnum

from .threads import are_there

SLICE = 0.05  # seconds in the library before Python is asked whether anybody wants something else (control-C)


class Outcome(IntEnum):
    """What the library's functions return, as in `source/rollout.cpp`."""

    DONE = 0
    PAUSED = 1
    OUT_OF_MEMORY = 2
    TOO_FEW_THREADS = 3
    UNKNOWN = 4


def checked(outcome: int) -> bool:
    """Whether the library has come to the end of what it does.

    Raises:
        MemoryError: If it ran out of memory.
        RuntimeError: For whatever else went wrong.
    """
    if outcome == Outcome.OUT_OF_MEMORY:
        raise MemoryError(
            "There is too little memory for the rollout. Without gradients (`torch.no_grad()`), or with "
            "`checkpoint_every`, it takes less."
        )
    if outcome == Outcome.TOO_FEW_THREADS:
        raise RuntimeError(
            "The backward pass of a rollout needs as many OpenMP threads as the rollout had; it was called inside "
            "another parallel region."
        )
    if outcome == Outcome.UNKNOWN:
        raise RuntimeError("The compiled rollout failed for a reason that it does not know.")
    return outcome == Outcome.DONE


class Record:
    """A rollout under way, and its tape for the backward pass; the library frees it with this object."""

    def __init__(self, library: ctypes.CDLL, is_double: bool, handle: int, num_threads: int) -> None:
        self.library, self.is_double, self.handle, self.num_threads = library, is_double, handle, num_threads

    def __del__(self) -> None:
        self.library.graphnca_free(self.is_double, self.handle)

    def finish(self) -> None:
        """Takes the steps of the pass under way, in slices: signals are heard in between."""
        while not checked(self.library.graphnca_go_on(self.is_double, self.handle, SLICE)):
            pass

    @property
    def is_usable(self) -> bool:
        """Whether the backward pass can have as many threads as the rollout had: not in a process forked since."""
        return are_there(self.num_threads)
