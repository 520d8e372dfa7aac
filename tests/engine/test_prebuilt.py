"""The libraries that a wheel brings along: one that the processor understands, whole, where nothing can be compiled.

A source of a few lines stands for the engine's.
"""

import ctypes
import platform
from pathlib import Path

import pytest

from graphnca.engine.native import compiler, library, prebuilt

NEW, OLD = prebuilt.BUILDS
pytestmark = pytest.mark.skipif(
    not compiler.commands() or platform.machine() != "x86_64", reason="there is no C++ compiler for x86-64 here"
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources, libraries and a processor of the test's own."""
    for name in ("source", "libraries"):
        (tmp_path / name).mkdir()
    (tmp_path / "source" / "rollout.cpp").write_text('extern "C" int answer() { return 42; }')
    for module in (compiler, prebuilt):
        monkeypatch.setattr(module, "SOURCES", tmp_path / "source")
    monkeypatch.setattr(prebuilt, "FOLDER", tmp_path / "libraries")
    monkeypatch.setattr(prebuilt, "PROCESSORS", tmp_path / "cpuinfo")
    has(OLD.flags)
    return tmp_path


def has(flags: frozenset[str]) -> None:
    """Sets what the processor says of itself."""
    prebuilt.PROCESSORS.write_text(f"processor\t: 0\nflags\t\t: fpu {' '.join(sorted(flags))}\nbogomips\t: 1\n")


def found() -> str | None:
    path = prebuilt.prebuilt_library()
    return path and next(build.name for build in prebuilt.BUILDS if path.name.startswith(f"{build.name}-"))


def test_the_fastest_that_the_processor_understands() -> None:
    assert found() is None
    made = prebuilt.make_libraries(prebuilt.FOLDER)
    assert sorted(prebuilt.FOLDER.iterdir()) == sorted(made) and len(made) == len(prebuilt.BUILDS)
    assert found() == OLD.name
    assert ctypes.CDLL(str(prebuilt.prebuilt_library())).answer() == 42
    has(NEW.flags)
    assert found() == NEW.name
    has(NEW.flags - {"avx512_bf16"})
    assert found() == OLD.name
    has(OLD.flags - {"fma"})
    assert found() is None
    prebuilt.PROCESSORS.unlink()  # another system
    assert found() is None


def test_a_damaged_one_is_passed_over() -> None:
    made = prebuilt.make_libraries(prebuilt.FOLDER)
    has(NEW.flags)
    made[0].write_bytes(made[0].read_bytes()[:5000])
    assert found() == OLD.name


def test_what_was_made_of_other_sources_is_none(elsewhere: Path) -> None:
    prebuilt.make_libraries(prebuilt.FOLDER)
    (elsewhere / "source" / "rollout.cpp").write_text('extern "C" int answer() { return 43; }')
    assert found() is None


def test_it_serves_where_nothing_can_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    prebuilt.make_libraries(prebuilt.FOLDER)
    own = compiler.compiled_library()
    assert library._compiled_or_prebuilt() == own
    monkeypatch.setattr(compiler, "COMPILERS", ())
    monkeypatch.delenv("CXX", raising=False)
    assert library._compiled_or_prebuilt() == prebuilt.prebuilt_library()


@pytest.mark.parametrize("why", ["another system", "an older system"])
def test_where_none_of_it_can_be_had_a_compiler_is_asked_for(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    prebuilt.make_libraries(prebuilt.FOLDER)
    monkeypatch.setattr(compiler, "COMPILERS", ())
    monkeypatch.delenv("CXX", raising=False)
    if why == "another system":
        prebuilt.PROCESSORS.unlink()
    else:  # whose C library lacks what this one was linked with
        monkeypatch.setattr(library, "loads", lambda path: False)
    with pytest.raises(compiler.NoCompilerError, match="no C\\+\\+ compiler"):
        library._compiled_or_prebuilt()


def test_a_wheel_without_a_compiler_is_none(monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    (elsewhere / "source" / "rollout.cpp").write_text("no C++")
    with pytest.raises(compiler.NoCompilerError, match=f"{NEW.name} can't be compiled: .*error"):
        prebuilt.make_libraries(prebuilt.FOLDER)
    monkeypatch.setattr(compiler, "COMPILERS", ())
    monkeypatch.setenv("CXX", "")
    with pytest.raises(compiler.NoCompilerError):
        prebuilt.make_libraries(prebuilt.FOLDER)
