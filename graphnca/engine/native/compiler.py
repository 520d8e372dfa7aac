"""Compiles the sources once for this machine."""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCES = Path(__file__).parent / "source"
FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared")
VARIANTS = (("-march=native", "-fopenmp"), ("-mcpu=native", "-fopenmp"), ("-march=native",), ("-mcpu=native",), ())


class NoCompilerError(RuntimeError):
    """There is no compiler, or it could not compile the sources."""


def compiled_library() -> Path:
    """Path of the shared library for this processor, compiled if it is not in the cache.

    Raises:
        NoCompilerError: If it can't be had, with the compiler's last words.
    """
    compiler = next(filter(None, map(shutil.which, (os.environ.get("CXX", ""), "c++", "g++", "clang++"))), None)
    if compiler is None:
        raise NoCompilerError("there is no C++ compiler (g++ or clang++) on the path")
    sources = sorted(SOURCES.iterdir())
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False).stdout
    digest = hashlib.sha256("\n".join([version, _processor(), *map(str, (FLAGS, VARIANTS))]).encode())
    for source in sources:
        digest.update(source.read_bytes())
    path = _cache() / f"rollout-{digest.hexdigest()[:20]}.so"
    if not path.exists():
        _compile(compiler, path)
    return path


def _compile(compiler: str, path: Path) -> None:
    words = ""
    for variant in VARIANTS:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:  # two processes may compile at once
            made = Path(folder) / path.name
            command = [compiler, *FLAGS, *variant, str(SOURCES / "rollout.cpp"), "-o", str(made)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                made.replace(path)
                return
            words = words or done.stderr.strip()[-2000:]
    raise NoCompilerError(f"{compiler} could not compile {SOURCES / 'rollout.cpp'}: {words}")


def _processor() -> str:
    """What the compiler's `native` depends on."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    return "\n".join(
        [platform.machine(), *sorted({line for line in lines if line.startswith(("flags", "model name"))})]
    )


def _cache() -> Path:
    """A folder of the user's that can be written to."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graphnca" / "native"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="graphnca-native-"))
