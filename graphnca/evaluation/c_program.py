"""A rule as the C program that `graphnca.exporters` writes: compiled, run, and its size looked at."""

import re
import shutil
import subprocess
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..exporters import export_c
from ..layers import NCAConv
from ..layers.arithmetic.eight_bit import STATE_STEP, ZERO_BYTE, EightBit

COMPILERS = ("cc", "gcc", "clang")
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function")
SMALL, FAST = "-Os", "-O2"
CELL = """#include "{header}"
void cell(const uint8_t *const near[9], uint8_t *next, uint32_t key, uint32_t number) {{
    int k;
    for (k = 0; k < NCA_CHANNELS; k++) next[k] = near[4][k];
    if (nca_fires(key, number)) nca_step(near, next);
}}
int lives(const uint8_t *const near[9]) {{ return nca_alive(near); }}
"""
"""What one cell of a grid of computers runs: its step, and whether it lives by what it sees."""


class NoCCompilerError(RuntimeError):
    """There is no C compiler on the path."""


def c_compiler() -> str | None:
    """The path of a C compiler, if there is one."""
    return next(filter(None, map(shutil.which, COMPILERS)), None)


class CProgram:
    """A rule in 8 bits on tori of squares, run by a process of its own.

    Args:
        rule: As for `graphnca.exporters.c_header`.
        folder: Where header, program and what the compiler makes of them go.

    Raises:
        NoCCompilerError: There is no compiler.
        ValueError: The rule cannot be had in C.
    """

    def __init__(self, rule: NCAConv, folder: Path) -> None:
        compiler = c_compiler()
        if compiler is None:
            raise NoCCompilerError(f"there must be a C compiler on the path, one of {COMPILERS}.")
        self.compiler, self.folder, self.num_channels = compiler, folder, rule.num_channels
        self.header, source = export_c(rule, folder / "rule.h")
        self.path = folder / "rule"
        self._compile(FAST, str(source), "-lm", "-o", str(self.path))

    def run(
        self, start: Float[Tensor, "n c"], keys: Int[Tensor, " s"], height: int, width: int
    ) -> Float[Tensor, "n c"]:
        """The states after a step for each key (`graphnca.layers.firing.fire_keys`), from the nearest in bytes."""
        sent = (EightBit().enter(start) + ZERO_BYTE).to(torch.uint8).numpy().tobytes() + keys.numpy().tobytes()
        done = subprocess.run([self.path, str(width), str(height)], input=sent, capture_output=True, check=True)
        states = torch.frombuffer(bytearray(done.stdout), dtype=torch.uint8).view(start.shape)
        return (states.float() - ZERO_BYTE) * STATE_STEP

    @cached_property
    def text_bytes(self) -> int | None:
        """Bytes of the tables and the compiled code of one cell on this machine; None without binutils' `size`."""
        measure = shutil.which("size")
        if measure is None:
            return None
        source, made = self.folder / "cell.c", self.folder / "cell.o"
        source.write_text(CELL.format(header=self.header.name), encoding="utf-8")
        self._compile(SMALL, "-c", str(source), "-o", str(made))
        words = subprocess.run([measure, made], capture_output=True, text=True, check=True).stdout.splitlines()
        found = re.match(r"\s*(\d+)", words[-1])
        return int(found[1]) if found else None

    def _compile(self, *words: str) -> None:
        subprocess.run([self.compiler, *WARNINGS, *words], check=True)
