"""One training a folder: a second one in the same would write over the first one's checkpoint."""

import os
from pathlib import Path
from types import ModuleType

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows has none, and there nothing is locked
    fcntl = None


class FolderLock:
    """Held in a `with` block, and by whoever dies in one no longer; the same object may enter it again.

    The folder itself is locked, so nothing is left behind. A file system that knows no locks has none here either.

    Args:
        folder: An existing folder.

    Raises:
        BlockingIOError: When it is entered while another training holds it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._entered = 0
        self._descriptor: int | None = None

    def __enter__(self) -> None:
        if not self._entered and fcntl is not None:
            descriptor = os.open(self.folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise BlockingIOError(
                    f"`folder` {str(self.folder)!r} belongs to a training that is running now. Give another folder, or "
                    "stop that one."
                ) from None
            except OSError:  # no locks here
                os.close(descriptor)
            else:
                self._descriptor = descriptor
        self._entered += 1

    def __exit__(self, *error: object) -> None:
        self._entered -= 1
        if not self._entered and self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
