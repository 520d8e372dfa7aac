"""The compiled library and where it is kept: only what this user compiled is loaded, and whatever fails is gone round.

A source of a few lines stands for the engine's, which takes ten seconds.
"""

import ctypes
import functools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphnca.engine.native import cache, compiler, library, load_library, problem

SOURCE = """
#include <stdexcept>
#include <string>
extern "C" int answer() {
    try { throw std::runtime_error("42"); } catch (std::exception& error) { return std::stoi(error.what()); }
}
"""
needs_a_compiler = pytest.mark.skipif(
    not any(map(shutil.which, compiler.COMPILERS)), reason="there is no C++ compiler on this machine"
)
pytestmark = needs_a_compiler


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home, temporary files and sources of the test's own."""
    for name in ("home", "temporary", "source"):
        (tmp_path / name).mkdir()
    (tmp_path / "source" / "rollout.cpp").write_text(SOURCE)
    monkeypatch.setattr(compiler, "SOURCES", tmp_path / "source")
    monkeypatch.setattr(compiler, "VARIANTS", ((),))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("CXX", raising=False)
    cache.private_folder.cache_clear()
    load_library.cache_clear()
    yield
    cache.private_folder.cache_clear()
    load_library.cache_clear()


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """Where the library is kept if nothing speaks against it."""
    return tmp_path / "home" / ".cache" / "graphnca" / "native"


@pytest.fixture
def second(tmp_path: Path) -> Path:
    return tmp_path / "temporary" / f"graphnca-{os.getuid()}"


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders in which a compiler was at work."""
    calls, original = [], compiler._compile
    monkeypatch.setattr(compiler, "_compile", lambda command, to: calls.append(to) or original(command, to))
    return calls


def answer(path: Path) -> int:
    """What the library says, in a process of its own."""
    program = f"import ctypes; print(ctypes.CDLL({str(path)!r}).answer())"
    return int(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_it_is_compiled_once_and_kept(first: Path, compilations: list[Path]) -> None:
    path = compiler.compiled_library()
    assert compiler.compiled_library() == path
    assert path.parent == first and len(compilations) == 1
    assert sorted(first.iterdir()) == [first / "lock", path]
    assert answer(path) == 42


def test_other_sources_flags_and_processors_are_other_libraries(tmp_path: Path, monkeypatch: Any) -> None:
    kept = {compiler.compiled_library()}
    (tmp_path / "source" / "rollout.cpp").write_text(SOURCE.replace("42", "43"))
    kept.add(compiler.compiled_library())
    monkeypatch.setattr(compiler, "FLAGS", (*compiler.FLAGS, "-g0"))
    kept.add(compiler.compiled_library())
    monkeypatch.setattr(compiler, "PROCESSORS", tmp_path / "cpuinfo")
    for text in (
        "Features\t: fp asimd\nCPU part\t: 0xd0c",
        "Features\t: fp asimd sve\nCPU part\t: 0xd0c",
        "CPU part\t: 1",
    ):
        compiler.PROCESSORS.write_text(text)  # ARM's lines
        kept.add(compiler.compiled_library())
    assert len(kept) == 6


@pytest.mark.parametrize("damage", ["cut short", "another library", "empty", "one bit"])
def test_a_damaged_library_is_compiled_anew(damage: str, compilations: list[Path], tmp_path: Path) -> None:
    path = compiler.compiled_library()
    whole = path.read_bytes()
    path.unlink()  # a new file: this process has loaded the old one
    if damage == "another library":
        (tmp_path / "other.cpp").write_text("int x;")
        subprocess.run(["c++", "-shared", "-fPIC", str(tmp_path / "other.cpp"), "-o", str(path)], check=True)
    else:
        changed = bytes([whole[5000] ^ 1])
        path.write_bytes(
            {"cut short": whole[:5000], "empty": b"", "one bit": whole[:5000] + changed + whole[5001:]}[damage]
        )
    again = compiler.compiled_library()
    assert len(compilations) == 2
    assert answer(again) == 42
    assert sorted(again.parent.iterdir()) == [again.parent / "lock", again]


@pytest.mark.parametrize("place", ["file", "folder", "above"])
@pytest.mark.parametrize("way", ["writable for others", "another's"])
def test_what_others_could_have_written_is_not_loaded(way: str, place: str, first: Path, second: Path) -> None:
    path = compiler.compiled_library()
    target = {"file": path, "folder": first, "above": first.parents[1]}[place]
    if way == "another's":
        if os.getuid():
            pytest.skip("only root gives files away")
        os.chown(target, 12345, 12345)
    else:
        target.chmod(0o777)
    assert not cache.is_trusted(path)
    assert cache.kept_library(first, path.name.rpartition("-")[0]) is None
    again = compiler.compiled_library()
    assert cache.is_trusted(again)
    assert again.parent == (first if place == "file" else second)


def test_where_others_can_write_but_not_replace_is_no_harm(first: Path) -> None:
    first.mkdir(parents=True)
    first.parents[2].chmod(0o1777)  # as /tmp
    assert compiler.compiled_library().parent == first


def test_where_everything_belongs_to_others_nothing_is_kept(first: Path, tmp_path: Path, monkeypatch: Any) -> None:
    tmp_path.chmod(0o777)
    path = compiler.compiled_library()
    assert answer(path) == 42
    assert not first.exists() or not list(first.glob("*.so"))
    assert path.parent == cache.private_folder()


def test_without_a_home_and_an_entry_for_the_user(monkeypatch: Any, second: Path) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert cache.folders() == [second]
    assert compiler.compiled_library().parent == second


def test_a_relative_cache_is_none(monkeypatch: Any, first: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert cache.folders()[0] == first


def test_a_cache_that_cannot_be_written_is_read(first: Path, monkeypatch: Any) -> None:
    path = compiler.compiled_library()
    monkeypatch.setattr(compiler, "writable", lambda folder: pytest.fail("it was asked for"))
    assert compiler.compiled_library() == path


def test_where_nothing_may_run_another_folder_is_taken(first: Path, second: Path, monkeypatch: Any) -> None:
    """Whether the file system says so beforehand or the loader when it is too late."""
    real, status = ctypes.CDLL, os.statvfs

    def refuses(name: str) -> ctypes.CDLL:
        if name.startswith(str(first)):
            raise OSError(f"{name}: failed to map segment from shared object")
        return real(name)

    monkeypatch.setattr(ctypes, "CDLL", refuses)
    assert compiler.compiled_library().parent == second
    shutil.rmtree(second)
    monkeypatch.setattr(ctypes, "CDLL", real)

    class Status:
        f_flag = os.ST_NOEXEC

    monkeypatch.setattr(os, "statvfs", lambda path: Status if str(path).startswith(str(first)) else status(path))
    assert compiler.compiled_library().parent == second
    assert not list(first.glob("*.so"))


def test_a_full_disk_is_another_folders_turn(first: Path, second: Path, monkeypatch: Any) -> None:
    def full(made: Path, folder: Path, prefix: str) -> Path:
        if folder == first:
            raise OSError(28, "No space left on device")
        return original(made, folder, prefix)

    original = cache.keep_library
    monkeypatch.setattr(compiler, "keep_library", full)
    assert compiler.compiled_library().parent == second


@pytest.mark.skipif(not shutil.which("gcc"), reason="there is no gcc on this machine")
def test_gcc_will_do_for_cxx(monkeypatch: Any) -> None:
    monkeypatch.setenv("CXX", "gcc")
    assert answer(compiler.compiled_library()) == 42


def test_cxx_may_have_arguments(monkeypatch: Any, tmp_path: Path) -> None:
    wrapper = script(tmp_path / "wrapper", f'echo "$*" >> {tmp_path}/words; shift; exec c++ "$@"')
    monkeypatch.setenv("CXX", f"{wrapper} --first")
    compiler.compiled_library()
    assert all(line.startswith("--first ") for line in (tmp_path / "words").read_text().splitlines())


@pytest.mark.parametrize("text", ["echo 'out of ideas' >&2; exit 1", "exit 0"])
def test_a_compiler_that_fails_is_passed_over_or_quoted(
    text: str, tmp_path: Path, monkeypatch: Any, first: Path
) -> None:
    monkeypatch.setenv("CXX", script(tmp_path / "broken", text))
    assert answer(compiler.compiled_library()) == 42
    shutil.rmtree(first)
    monkeypatch.setattr(compiler, "COMPILERS", ())
    with pytest.raises(compiler.NoCompilerError, match="could not compile .*out of ideas|No such file|can't be|cannot"):
        compiler.compiled_library()
    assert not list(first.glob("*.so")) and not list(first.glob("build*"))


def process(tmp_path: Path, **environment: str) -> subprocess.Popen[bytes]:
    """A process of its own that wants the library."""
    lines = [
        "from pathlib import Path",
        "from graphnca.engine.native import compiler",
        f"compiler.SOURCES = Path({str(tmp_path / 'source')!r})",
        "compiler.VARIANTS = ((),)",
        "compiler.compiled_library()",
    ]
    return subprocess.Popen(
        [sys.executable, "-c", "\n".join(lines)], env={**os.environ, **environment}, start_new_session=True
    )


def test_processes_that_start_at_once_compile_once(tmp_path: Path, first: Path) -> None:
    """As the ranks of a training do; and one that is killed while it compiles holds up nobody."""
    once = f'case "$*" in *--version*) ;; *) echo "$*" >> {tmp_path}/compiled; sleep 1;; esac; exec c++ "$@"'
    compiler_of_all = script(tmp_path / "once", once)
    killed = process(tmp_path, CXX=compiler_of_all)
    while not (tmp_path / "compiled").exists():
        assert killed.poll() is None
        time.sleep(0.05)
    ranks = [process(tmp_path, CXX=compiler_of_all) for _ in range(3)]
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert [rank.wait(timeout=120) for rank in ranks] == [0, 0, 0]
    assert len((tmp_path / "compiled").read_text().splitlines()) == 2
    assert len(list(first.glob("*.so"))) == 1


def test_a_killed_compiler_leaves_nothing_that_stays(tmp_path: Path, first: Path, monkeypatch: Any) -> None:
    """A process is killed while its compiler is at work; the next one removes what is left and is not held up."""
    slow = script(tmp_path / "slow", f'case "$*" in *--version*) exit;; esac; touch {tmp_path}/begun; sleep 60')
    child = process(tmp_path, CXX=slow)
    while not (tmp_path / "begun").exists():
        assert child.poll() is None
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert list(first.glob("build-*"))
    path = compiler.compiled_library()
    assert sorted(first.iterdir()) == [first / "lock", path]


def test_several_at_once_compile_once(compilations: list[Path]) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(compiler.compiled_library())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1 and len(compilations) == 1


@functools.cache
def _functions() -> str:
    names = ("start_forward", "start_backward", "go_on", "free")
    size = ctypes.sizeof(problem.Problem)
    return "".join(f'extern "C" void graphnca_{name}() {{}}\n' for name in names) + (
        f'extern "C" int graphnca_problem_bytes() {{ return {size}; }}\n'
    )


def test_one_thread_for_want_of_openmp_is_said(tmp_path: Path) -> None:
    (tmp_path / "source" / "rollout.cpp").write_text(_functions())
    with pytest.warns(UserWarning, match="take one thread, because the compiler has no OpenMP"):
        assert load_library() is not None


def test_whatever_fails_rollouts_go_on(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "source" / "rollout.cpp").write_text("no C++")
    with pytest.warns(UserWarning, match="take PyTorch's operations.* because .* could not compile"):
        assert load_library() is None
    assert library.load_library() is None  # said once
