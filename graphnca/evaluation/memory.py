"""How much memory a program adds while it runs."""

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def megabytes_of(program: Callable[[], Any], device: str = "cpu") -> float:
    """Highest memory during a program's second run, less what was in use before its first, in MB.

    So memory that a program keeps for its next run counts (of a compiler, too), and memory that it needs only once does
    not. On the CPU it is the resident set (Linux), which only a fresh process gives rightly; on CUDA
    what PyTorch has allocated.
    """
    if device.startswith("cuda"):
        before = torch.cuda.memory_allocated()
        program()
        torch.cuda.reset_peak_memory_stats()
        program()
        return (torch.cuda.max_memory_allocated() - before) / 2**20
    before = _resident("VmRSS")
    program()
    _resident("VmRSS")
    program()
    return _resident("VmHWM", fresh=False) - before


def _resident(entry: str, fresh: bool = True) -> float:
    """An entry of this process's status in MB; `fresh`: after freed memory has gone back, the high-water mark reset."""
    if fresh:
        gc.collect()
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        CLEAR.write_text("5")
    return int(STATUS.read_text().split(f"{entry}:")[1].split()[0]) / 1024
