"""Files that are whole or not there: what training, rules and metrics are written with."""

import contextlib
import os
import tempfile
from pathlib import Path


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` so that a reader, or a run that is killed, never sees half of it.

    The bytes go to a temporary file in the same folder and reach the disk before it takes the name `path`, so the old
    file stays until the new one is complete. A relative or symbolic `path` is written where it points.

    Args:
        path: The file to create or to replace. Its folder must exist.
        data: The whole content.

    Raises:
        FileNotFoundError: If the folder of `path` does not exist.
    """
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(f"`path` must lie in an existing folder, got {str(path)!r}.")
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)  # mkstemp makes private files; a rule is an ordinary one
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
