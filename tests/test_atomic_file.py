"""A file is whole or not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphnca import atomic_file
from graphnca.atomic_file import write_atomically


def test_it_writes_and_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_atomically(path, b"old")
    write_atomically(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.bin"
    write_atomically(path, b"old")

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_written_where_it_points(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_atomically(tmp_path / "link", b"data")
    assert (tmp_path / "target").read_bytes() == b"data"
    assert (tmp_path / "link").is_symlink()


def test_the_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_atomically(tmp_path / "atomic", b"")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"existing folder.*nowhere"):
        write_atomically(tmp_path / "nowhere" / "a.bin", b"")


def test_both_packages_have_the_same_writer() -> None:
    mine, theirs = (Path(__file__).parents[1] / package / "atomic_file.py" for package in ("graphnca", "topologies"))
    assert mine.read_text(encoding="utf-8") == theirs.read_text(encoding="utf-8")


KILLED = """
import os, signal, sys
from graphnca.atomic_file import write_atomically
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
write_atomically(sys.argv[1], b"half of something long")
"""


def test_what_a_killed_writer_leaves_behind_is_taken_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=Path(__file__).parents[1], check=False)
        assert [file.name for file in tmp_path.iterdir()] == [".a.bin.part"]
    write_atomically(path, b"whole")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"whole"


MANY = """
import sys
from graphnca.atomic_file import write_atomically
for number in range(40):
    write_atomically(sys.argv[1], sys.argv[2].encode() * (1000 + number))
"""


def test_several_writers_of_one_file_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    command = [sys.executable, "-c", MANY, str(path)]
    writers = [subprocess.Popen([*command, letter], cwd=Path(__file__).parents[1]) for letter in "xyz"]
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            content = path.read_bytes()
            assert len(set(content)) == 1 and 1000 <= len(content) < 1040
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("locks", [True, False])
def test_a_name_that_is_taken_by_something_else(locks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link is not followed, and without locks every writer has a file of its own."""
    if not locks:
        monkeypatch.setattr(atomic_file, "fcntl", None)
    (tmp_path / "other").write_bytes(b"other")
    (tmp_path / ".a.bin.part").symlink_to(tmp_path / "other")
    write_atomically(tmp_path / "a.bin", b"whole")
    assert (tmp_path / "a.bin").read_bytes() == b"whole"
    assert (tmp_path / "other").read_bytes() == b"other"
    assert len(list(tmp_path.iterdir())) == 3
