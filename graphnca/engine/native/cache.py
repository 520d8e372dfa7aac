"""Where compiled libraries are kept. What lies there may run, so only what this user put there is taken, and whole.

A library is called PREFIX-DIGEST.so after the SHA-256 of its own bytes: one that was cut short, or is another, is no
longer what it is called. Files and folders belong to the user or to root, and nobody else can write to them.
"""

import atexit
import contextlib
import functools
import hashlib
import importlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

BUILD = "build-"  # folders in which a compiler is at work, or was when it was killed
DIGITS = 20  # of a digest, in a name


def folders() -> list[Path]:
    """Where to look and to write, the best first: the user's cache, then a folder of the user's among temporary ones.

    They need not exist yet. Without a home, and in environments where nothing is writable, there are fewer.
    """
    kept = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not kept.is_absolute():  # as the XDG specification has it
        kept = Path(os.path.expanduser("~")) / ".cache"  # noqa: PTH111 (Path.home() raises without a home)
    places = [kept / "graphnca" / "native"]
    with contextlib.suppress(OSError):  # no temporary folder at all
        places.append(Path(tempfile.gettempdir()) / f"graphnca-{_user()}")
    return [place for place in places if place.is_absolute()]


@functools.cache
def private_folder() -> Path:
    """A folder for this process alone, which goes when it ends. Raises OSError if there can't be one."""
    folder = Path(tempfile.mkdtemp(prefix="graphnca-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def kept_library(folder: Path, prefix: str, *, checks_owners: bool = True) -> Path | None:
    """The whole, trusted library of this name in a folder, or None."""
    with contextlib.suppress(OSError):
        folder = folder.resolve()
        for path in sorted(folder.glob(f"{prefix}-*.so")):
            if (is_trusted(path) or not checks_owners) and path.name == _called(prefix, path):
                return path
    return None


def keep_library(made: Path, folder: Path, prefix: str) -> Path:
    """Move a new library to its place and drop what was kept under the prefix, which was not whole."""
    for damaged in folder.glob(f"{prefix}-*.so"):
        damaged.unlink()
    made.chmod(0o755)
    return made.replace(folder / _called(prefix, made))


def writable(folder: Path) -> bool:
    """Whether libraries can be kept in a folder, which is made if need be, and run from it."""
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        runs = not hasattr(os, "ST_NOEXEC") or not os.statvfs(folder).f_flag & os.ST_NOEXEC
    except OSError:
        return False
    return runs and os.access(folder, os.W_OK) and is_trusted(folder.resolve())


def is_trusted(path: Path) -> bool:
    """Whether nobody but the user and root can change what lies at a path without links.

    That is so if the path and all folders above it belong to one of the two and others can't write to them. They may
    where the sticky bit keeps them from what is not theirs, as in /tmp. A group may if it is the user's own.
    """
    if not hasattr(os, "getuid"):  # Windows: a user's profile is the user's
        return True
    mine = (0, _user())
    for place in (path, *path.parents):
        status = os.lstat(place)
        by_others = status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and status.st_gid not in mine)
        guarded = place != path and status.st_mode & stat.S_ISVTX
        if status.st_uid not in mine or (by_others and not guarded):
            return False
    return True


@contextlib.contextmanager
def building(folder: Path) -> Iterator[Path]:
    """A folder in `folder` for a compiler's files, which goes with all that is in it.

    One process at a time gets one, the others wait. The system frees the lock of a process that is killed, and the
    next one removes what such a process has left.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ImportError, OSError):  # Windows; file systems without locks
            fcntl = importlib.import_module("fcntl")
            file = stack.enter_context((folder / "lock").open("w"))
            fcntl.flock(file, fcntl.LOCK_EX)
            for left in folder.glob(f"{BUILD}*"):
                shutil.rmtree(left, ignore_errors=True)
        yield Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=BUILD, dir=folder)))


def _called(prefix: str, path: Path) -> str:
    return f"{prefix}-{hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]}.so"


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0
