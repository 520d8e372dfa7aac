"""A folder belongs to one training at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from graphnca.training import folder_lock
from graphnca.training.folder_lock import FolderLock

HOLDER = """
import sys, time
from pathlib import Path
from graphnca.training.folder_lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_of_two_processes_one_gets_it_and_the_dead_hold_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError, match="belongs to a training that is running now"), FolderLock(tmp_path):
            pass
        other.kill()
        other.wait()
    with FolderLock(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_its_holder_may_enter_again(tmp_path: Path) -> None:
    lock, other = FolderLock(tmp_path), FolderLock(tmp_path)
    with lock:
        with lock:
            pass
        with pytest.raises(BlockingIOError), other:
            pass
    with other:
        pass


def test_where_there_are_no_locks_nothing_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_lock, "fcntl", None)
    with FolderLock(tmp_path), FolderLock(tmp_path):
        pass
