"""Where a verb is to write: what is in the way is said before anything is made, not after."""

import os
from pathlib import Path

from .errors import UsageError


def check_file_at(path: Path) -> None:
    """Whether a file can be written at a path.

    Raises:
        UsageError: If a folder lies there, or no folder can be made above it.
    """
    if path.is_dir():
        raise UsageError(f"--out must name a file, and {str(path)!r} is a folder: {path / 'NAME'} writes into it.")
    check_folder_at(path.parent)


def check_folder_at(path: Path) -> None:
    """Whether files can be written into a folder, which is made if it is not there.

    Raises:
        UsageError: If it, or one above it, is a file, or nobody may write there.
    """
    there = next(place for place in (path, *path.parents) if place.exists())
    if not there.is_dir():
        raise UsageError(f"--out cannot make or use the folder {str(path)!r}: {str(there)!r} is a file.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise UsageError(f"--out cannot write into the folder {str(there)!r}: you may not.")
