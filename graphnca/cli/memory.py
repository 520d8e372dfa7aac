"""What a substrate would need, said before it is tried."""

import os

from .errors import UsageError

BYTES_PER_CELL = 3000  # while it is built: measured 2,100 to 2,800 on squares, hexagons and meshes of 250,000 cells
GIGABYTE = 1e9


def check_memory(cells: int, asked: str) -> None:
    """Whether so many cells have room in this machine's memory.

    Args:
        cells: How many.
        asked: What was typed, for the message.

    Raises:
        UsageError: If not.
    """
    needed, there = cells * BYTES_PER_CELL, memory()
    if there is not None and needed > there:
        raise UsageError(
            f"{asked} takes {cells:,} cells, and those about {needed / GIGABYTE:,.0f} GB of memory; this machine has "
            f"{there / GIGABYTE:,.0f} GB."
        )


def memory() -> int | None:
    """Bytes of this machine's memory; None where the system does not say it."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
