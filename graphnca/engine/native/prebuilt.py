"""Libraries that come with a wheel, for machines without a compiler.

`hatch_build.py` has them compiled where a wheel is made for others; a checkout has none. What a processor understands
is read off its flags. A library's name holds a digest of the sources and one of its own bytes, as in the cache.
"""

import subprocess
from pathlib import Path
from typing import NamedTuple

from .cache import keep_library, kept_library
from .compiler import FLAGS, PROCESSORS, SOURCES, NoCompilerError, commands, digest_of

FOLDER = Path(__file__).parent / "libraries"
LINKED = ("-fopenmp", "-lstdc++", "-s")  # to be loaded beside PyTorch, which brings OpenMP and needs the other anyway


class Build(NamedTuple):
    """A library for all processors with some instructions."""

    name: str
    words: tuple[str, ...]  # of the compiler
    flags: frozenset[str]  # of the processor, as Linux calls them


V3 = frozenset(["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"])
V4 = V3 | frozenset(["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"])
BUILDS = (  # the fastest first
    Build(
        "x86-64-v4-bf16-vnni",
        ("-march=x86-64-v4", "-mavx512bf16", "-mavx512vnni"),
        V4 | {"avx512_bf16", "avx512_vnni"},
    ),
    Build("x86-64-v3", ("-march=x86-64-v3",), V3),
)


def prebuilt_library() -> Path | None:
    """Path of the fastest library here that this processor understands, if there is one and it is whole."""
    lines = PROCESSORS.read_text(errors="replace").splitlines() if PROCESSORS.exists() else []
    flags = {flag for line in lines if line.startswith("flags") for flag in line.partition(":")[2].split()}
    found = (kept_library(FOLDER, _prefix(build), checks_owners=False) for build in BUILDS if build.flags <= flags)
    return next(filter(None, found), None)


def make_libraries(folder: Path) -> list[Path]:
    """Compiles all of them into a folder.

    Raises:
        NoCompilerError: If there is no compiler, or it can't.
    """
    made = []
    for build in BUILDS:
        library = folder / "rollout.so"
        command = next(iter(commands()), ["c++"])
        call = [*command, *FLAGS, *build.words, str(SOURCES / "rollout.cpp"), "-o", str(library), *LINKED]
        try:
            subprocess.run(call, capture_output=True, text=True, errors="replace", check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise NoCompilerError(f"{build.name} can't be compiled: {getattr(error, 'stderr', error)}") from error
        made.append(keep_library(library, folder, _prefix(build)))
    return made


def _prefix(build: Build) -> str:
    return f"{build.name}-{digest_of(*FLAGS, *build.words, *LINKED)}"
