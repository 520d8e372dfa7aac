"""A rule in 8 bits as C: a header with its tables and one cell's step, and a short program around it.

A cell is then as small as Growing NCA (Mordvintsev et al. 2020) imagines it: a grid of tiny computers, each with a
program of some 10 kB, 256 bytes of memory, and 10,000 multiplications a step. Nothing is allocated, no library is
called but `rintf`, and on squares the states are the library's own, byte by byte.
"""

import math
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..arguments import checked
from ..atomic_file import write_atomically
from ..filters import ALONG_X, ALONG_Y, FILTERS, LAPLACIAN
from ..layers import NCAConv, in_8_bits
from ..layers.arithmetic.eight_bit import HIDDEN_LEVELS, STATE_LEVELS, ZERO_BYTE
from ..layers.firing import firing_threshold
from ..layers.life import ALPHA
from ..rules import export_quantised

SOURCE = Path(__file__).parent / "source"
LETTERS = {(): "s", (ALONG_X,): "x", (ALONG_Y,): "y", (LAPLACIAN,): "l"}  # of the bands, as cell.h reads them
BEFORE, AFTER = ("pre", "pre_post"), ("post", "pre_post")
WIDE, WORD = 4, 1  # bytes of an accumulator, and of everything else
NAME = re.compile(r"[A-Za-z_]\w*")


class CellCost(NamedTuple):
    """What one cell needs.

    Attributes:
        program: Bytes of weights and biases.
        memory: Bytes of its state, the next one, what it perceives, and its sums.
        multiplications: With an addition each, in a step in which it fires.
    """

    program: int
    memory: int
    multiplications: int


@checked
def cell_cost(rule: NCAConv) -> CellCost:
    """What a cell of the C program needs, counted from the rule's sizes."""
    channels, hidden, perceived = rule.num_channels, rule.hidden_size, rule.update_rule.hidden.in_features
    program = WORD * (hidden * (perceived + 1) + channels * (hidden + 1))
    memory = WORD * (2 * channels + perceived) + WIDE * (channels + 1)
    return CellCost(program, memory, hidden * (perceived + channels))


@checked
def c_header(rule: NCAConv, name: str = "rule") -> str:
    """The tables of a rule and one cell's step as the text of a C99 header.

    Args:
        rule: In any arithmetic; what does not step in 8 bits is rounded by `in_8_bits`.
        name: A C identifier, for the include guard.

    Raises:
        ValueError: If the name is none, or the rule perceives what the header has no code for (norms, steered
            gradients), has a gain that is no power of two, or lets each channel fire on its own.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"`name` must be a C identifier, got {name!r}.")
    if rule.fire_per != "cell":
        raise ValueError(f"`rule` must fire cell by cell, got fire_per {rule.fire_per!r}.")
    rule = rule if rule.arithmetic == "quantised" else in_8_bits(rule)
    letters, gains = _bands(rule)
    exported = export_quantised(rule)
    hidden, output = exported["layers"]
    scales = [
        float(np.float32(hidden["step"]) * np.float32(HIDDEN_LEVELS / STATE_LEVELS)),
        float(np.float32(output["step"]) * np.float32(STATE_LEVELS / HIDDEN_LEVELS)),
    ]
    mature = math.floor(rule.alive_threshold * STATE_LEVELS) + 1
    numbers = {
        "CHANNELS": rule.num_channels,
        "BANDS": len(letters),
        "PERCEIVED": len(letters) * rule.num_channels,
        "HIDDEN": rule.hidden_size,
        "ALPHA": ALPHA if rule.life_mask else 0,
        "MATURE": f"{mature} /* the least level of alpha that keeps a cell and its neighbours alive */",
        "LIFE_BEFORE": int(rule.life_mask in BEFORE),
        "LIFE_AFTER": int(rule.life_mask in AFTER),
        "FIRING": f"{firing_threshold(rule.fire_rate)}u /* of 2^31: the chance that a cell fires */",
        "HIDDEN_SCALE": f"{_exact(scales[0])} /* of a sum, to levels of 2 / 255 */",
        "OUTPUT_SCALE": f"{_exact(scales[1])} /* to levels of 4 / 255 */",
    }
    tables = [
        f'static const char nca_operators[NCA_BANDS + 1] = "{"".join(letters)}"; /* state, d/dx, d/dy, Laplacian */',
        f"static const float nca_gains[NCA_BANDS] = {{{', '.join(map(_exact, gains))}}};",
        _table("hidden_weight", "[NCA_HIDDEN][NCA_PERCEIVED]", hidden["weight"]),
        _table("hidden_bias", "[NCA_HIDDEN]", _or_zero(hidden["bias"], rule.hidden_size)),
        _table("output_weight", "[NCA_HIDDEN][NCA_CHANNELS]", output["weight"].T),
        _table("output_bias", "[NCA_CHANNELS]", _or_zero(output["bias"], rule.num_channels)),
    ]
    guard = f"NCA_{name.upper()}_H"
    head = f"/* A neural cellular automaton in 8 bits, written by graphnca. */\n\n#ifndef {guard}\n#define {guard}\n"
    includes = "#include <math.h>\n#include <stdint.h>\n"
    defined = "".join(f"#define NCA_{key} {value}\n" for key, value in numbers.items())
    return "\n".join([head, includes, defined, *tables]) + (SOURCE / "cell.h").read_text(encoding="utf-8")


@checked
def export_c(rule: NCAConv, path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Writes `c_header` to a file, and beside it a program that runs the rule on a torus of squares.

    `cc -O2 lizard.c -lm -o lizard` compiles it; what it reads and writes stands at its beginning.

    Args:
        rule: As for `c_header`.
        path: Of the header, ending in .h; the program has the same name, ending in .c.

    Returns:
        Where both are.

    Raises:
        ValueError: As `c_header`, and if the path ends otherwise.
    """
    header = Path(path)
    if header.suffix != ".h":
        raise ValueError(f"`path` must end in .h, got {header.name!r}.")
    text, program = c_header(rule, re.sub(r"\W", "_", f"_{header.stem}")), header.with_suffix(".c")
    write_atomically(header, text.encode())
    lines = f'#include "{header.name}"\n' + (SOURCE / "torus.c").read_text(encoding="utf-8")
    write_atomically(program, lines.encode())
    return header, program


def _bands(rule: NCAConv) -> tuple[list[str], list[float]]:
    letters, gains = [], []
    for name in rule.perception.filters:
        gain = rule.perception.gains.get(name, 1.0)
        for band in FILTERS[name].bands:
            if band not in LETTERS:
                raise ValueError(f"`rule` must perceive states, gradients and Laplacians alone, got {name!r}.")
            letters.append(LETTERS[band])
            gains.append(gain)
        if math.frexp(gain)[0] != 0.5:
            raise ValueError(f"`rule` must have gains that are powers of two, got {gain} of {name!r}.")
    return letters, gains


def _exact(number: float) -> str:
    """A float32 as a C number with all its bits, which C99 reads in hexadecimal."""
    return f"{number.hex()}f"


def _or_zero(values: np.ndarray | None, size: int) -> np.ndarray:
    return np.full(size, ZERO_BYTE, np.uint8) if values is None else values


def _table(name: str, shape: str, values: np.ndarray) -> str:
    rows = [f"{{{','.join(map(str, row))}}}" for row in np.atleast_2d(values)]
    body = "{\n    " + ",\n    ".join(rows) + "}" if values.ndim > 1 else rows[0]
    return f"static const uint8_t nca_{name}{shape} = {body};"
