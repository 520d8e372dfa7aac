"""Compiles the sources once for this machine."""

import contextlib
import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
from pathlib import Path

from .cache import building, folders, keep_library, kept_library, private_folder, writable

SOURCES = Path(__file__).parent / "source"
FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared")
VARIANTS = (("-march=native", "-fopenmp"), ("-mcpu=native", "-fopenmp"), ("-march=native",), ("-mcpu=native",), ())
LIBRARIES = (  # the first that can be loaded
    ("-lstdc++",),  # which gcc and clang, called so, don't link by themselves
    ("-static-libstdc++",),  # where the process has one already that is too old, as conda's may be
    (),
)
COMPILERS = ("c++", "g++", "clang++")
PROCESSORS = Path("/proc/cpuinfo")
OF_A_PROCESSOR = ("flags", "model name", "Features", "CPU ")  # its lines on x86, the first two, and on ARM


class NoCompilerError(RuntimeError):
    """There is no compiler, or it could not compile the sources."""


def commands() -> list[list[str]]:
    """The compilers of this machine: that of the environment variable CXX, if there is one, and those of the path."""
    wanted = [shlex.split(os.environ.get("CXX", "")), *([name] for name in COMPILERS)]
    return [[path, *words[1:]] for words in wanted if words and (path := shutil.which(words[0]))]


def compiled_library() -> Path:
    """Path of a shared library for this processor that can be loaded, compiled if it is not in the cache.

    Raises:
        NoCompilerError: If it can't be had, with the compiler's last words.
    """
    reasons = []
    for command in commands():
        try:
            return _compiled_by(command)
        except (NoCompilerError, OSError) as error:
            reasons.append(str(error))
    if not reasons:
        raise NoCompilerError("there is no C++ compiler (g++ or clang++) on the path. Install g++ for the speed")
    raise NoCompilerError(reasons[0])


def _compiled_by(command: list[str]) -> Path:
    prefix = f"rollout-{_key(command)}"
    for folder in folders():
        if (path := kept_library(folder, prefix)) and loads(path):
            return path
    for folder in filter(writable, folders()):
        with contextlib.suppress(OSError), building(folder) as build:  # it may be full, or nothing may run in it
            path = kept_library(folder, prefix)  # another process may have been faster
            return path if path and loads(path) else keep_library(_compile(command, build), folder, prefix)
    return _compile(command, private_folder())


def _compile(command: list[str], folder: Path) -> Path:
    """A library in a folder, from the first of the variants that can be compiled and loaded.

    Raises:
        NoCompilerError: If none can be compiled.
        OSError: If it can't be loaded.
    """
    words, made = "", folder / "rollout.so"
    environment = {**os.environ, "TMPDIR": str(folder)}  # so that what a killed compiler leaves lies here, too
    for variant in VARIANTS:
        reason = None
        for libraries in LIBRARIES:
            call = [*command, *FLAGS, *variant, str(SOURCES / "rollout.cpp"), "-o", str(made), *libraries]
            done = subprocess.run(call, capture_output=True, text=True, errors="replace", env=environment, check=False)
            words = words or done.stderr.strip()[-2000:]
            if done.returncode == 0:
                try:
                    ctypes.CDLL(str(made))
                except OSError as error:
                    reason = reason or error
                else:
                    return made
        if reason is not None:
            raise reason
    raise NoCompilerError(f"{command[0]} could not compile {SOURCES / 'rollout.cpp'}: {words}")


def loads(path: Path) -> bool:
    """Whether a library can be loaded here."""
    try:
        ctypes.CDLL(str(path))
    except OSError:
        return False
    return True


def _key(command: list[str]) -> str:
    """What a library depends on: compiler, processor, flags, sources."""
    version = subprocess.run([*command, "--version"], capture_output=True, text=True, errors="replace", check=False)
    return digest_of(*command[1:], version.stdout, _processor(), *map(str, (FLAGS, VARIANTS, LIBRARIES)))


def digest_of(*words: str) -> str:
    """Of the sources, and of what they are compiled with."""
    digest = hashlib.sha256("\n".join(words).encode())
    for source in sorted(SOURCES.iterdir()):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:20]


def _processor() -> str:
    """What the compiler's `native` depends on."""
    lines = PROCESSORS.read_text(errors="replace").splitlines() if PROCESSORS.exists() else []
    flags = sorted({line for line in lines if line.startswith(OF_A_PROCESSOR)})
    return "\n".join([platform.machine(), *(flags or [platform.processor()])])
