"""Files that are whole or not there: what training, rules, metrics and substrates are written with.

Both packages have this file, to the letter: neither imports the other.
"""

import contextlib
import os
import tempfile
from pathlib import Path
from types import ModuleType

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows has none; there a writer that is killed leaves its temporary file behind
    fcntl = None


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` so that a reader, or a run that is killed, never sees half of it.

    The bytes go to a temporary file in the same folder and reach the disk before it takes the name `path`, so the old
    file stays until the new one is complete. A relative or symbolic `path` is written where it points. What a writer
    that was killed has left behind is taken by the next one of the same file.

    Args:
        path: The file to create or to replace. Its folder must exist.
        data: The whole content.

    Raises:
        FileNotFoundError: If the folder of `path` does not exist.
        IsADirectoryError: If `path` is a folder itself.
    """
    target = Path(path).resolve()
    if target.is_dir():
        raise IsADirectoryError(f"`path` must be a file, got the folder {str(path)!r}.")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"`path` must lie in an existing folder, got {str(path)!r}.")
    descriptor, temporary = _temporary(target)
    file = os.fdopen(descriptor, "wb")
    try:
        file.truncate(0)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # made private; a rule is an ordinary file
        if fcntl is None:  # Windows moves no open file; elsewhere it stays locked until it has its name
            file.close()
        temporary.replace(target)
    except BaseException:
        if fcntl is None:
            file.close()
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
    finally:
        file.close()


def _temporary(target: Path) -> tuple[int, Path]:
    """A file beside the target that this process alone writes: one name for all writers, of which one has it locked."""
    if fcntl is not None:
        path = target.with_name(f".{target.name}.part")
        with contextlib.suppress(OSError):  # another user's, a link, or a file system without locks
            while True:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
                    with contextlib.suppress(FileNotFoundError):
                        if os.path.samestat(os.fstat(descriptor), path.lstat()):
                            return descriptor, path
                except BaseException:
                    os.close(descriptor)
                    raise
                os.close(descriptor)  # the one before has moved it to its target: it is no longer a temporary file
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    return descriptor, Path(name)
