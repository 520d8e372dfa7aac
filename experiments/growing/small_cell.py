"""How small a cell is: a rule as a C program in bytes, against the library, and against a rule in floats.

    python experiments/growing/small_cell.py                         # four shipped rules, a minute of one core
    python experiments/growing/small_cell.py --rule runs/mine/rule.safetensors

Growing NCA (Mordvintsev et al. 2020) ends by imagining its cells as tiny computers: some 10 kB of ROM for weights and
program, 256 bytes of RAM for states and activations, 10,000 multiplications with an addition for a step. Here is that
computer's program. `graphnca.exporters.export_c` writes a rule as a C header: its weights in bytes, and what one cell
does in a step. A short program runs it on a torus of squares, where it must compute the library's 8-bit states, byte by
byte; the rule in floats grows beside it from the same random numbers. It needs a C compiler.

Expect the same bytes at every step, patterns that bytes cost little of, and a cell within what the article allows.

Written to `--out`:
    figure.webp     every rule in floats, and by the C program in bytes, at the steps that are looked at
    metrics.json    sizes, bytes that differ, errors
    tables.json     one cell's program, memory and multiplications; and what bytes cost
"""

import tempfile
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from graphnca.drawing import montage
from graphnca.evaluation.c_program import CProgram, NoCCompilerError
from graphnca.evaluation.fates import fates
from graphnca.evaluation.form import own_form
from graphnca.evaluation.named import read_subjects
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import window
from graphnca.evaluation.subject import Subject
from graphnca.exporters import cell_cost
from graphnca.layers import in_8_bits
from graphnca.layers.firing import fire_keys
from graphnca.results.figures import Strips
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import square_grid

ALLOWED = {"program": 10_000, "memory": 256, "multiplications": 10_000}  # Growing NCA, "approximately", of one cell
SHOWN = 60.0  # units that a picture shows


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("growing-lizard", "growing-butterfly", "growing-lizard-hardened", "isonca-lizard-any")
    """Shipped rules by name, .safetensors files, or folders of trainings."""
    steps: tuple[int, ...] = (100, 500, 1000)
    """Steps at which states are compared."""
    size: int = 72
    """Cells along a side of the torus."""
    seed: int = 4100
    """Of the firing. Held out: nothing is trained or chosen by it."""
    out: str = "out/small_cell"


@torch.no_grad()
def one_rule(subject: Subject, config: Config) -> tuple[dict[str, Any], Any]:
    """The numbers of one rule, and its pictures: floats above, bytes by C below."""
    grid = square_grid(config.size, config.size)
    own, steps = own_form(subject, grid), sorted(config.steps)
    keys = fire_keys(steps[-1], torch.Generator().manual_seed(config.seed))  # those of the runs of `grow`
    start = subject.seed(grid)
    floats, library = (
        grow(rule, grid, 1, steps, config.seed, start=start) for rule in (subject.rule, in_8_bits(subject.rule))
    )
    by_c, state = {}, start
    with tempfile.TemporaryDirectory() as folder:
        program = CProgram(subject.rule, Path(folder))
        text = program.text_bytes
        for before, step in pairwise([0, *steps]):
            state = program.run(state, keys[before:step], config.size, config.size)
            by_c[step] = state
    rows = {"floats": [floats[step][0] for step in steps], "bytes, by C": [by_c[step] for step in steps]}
    differing = {str(step): int((by_c[step] != library[step][0]).sum()) for step in steps}
    entry = {
        **cell_cost(subject.rule)._asdict(),
        "tables and code": text,
        "state": subject.rule.num_channels,
        "bytes that differ": differing,
        "fates": {name: fates(torch.stack(states), grid, own) for name, states in rows.items()},
    }
    strips = Strips(subject, scale=2.0, window=partial(window, side=SHOWN), pad=4, font_size=12)
    tiles = [
        (grid, state, f"{name}, step {step}")
        for name, states in rows.items()
        for step, state in zip(steps, states, strict=True)
    ]
    return entry, strips(tiles, columns=len(steps), title=subject.name)


def main(config: Config, result: Result) -> None:
    """Rule by rule."""
    rules, pictures = {}, []
    for subject in result.progress(read_subjects(config.rule, "upright"), "rule"):
        try:
            rules[subject.name], picture = one_rule(subject, config)
        except NoCCompilerError as error:
            raise SystemExit(str(error)) from error
        pictures.append(picture)
    result.record({"allowed": ALLOWED, "rules": rules})
    result.figure(montage(pictures, columns=min(3, len(pictures)), pad=8))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """What one cell needs, beside what the article allows it; and what becomes of runs in floats and in bytes."""
    allowed = metrics["allowed"]
    article = [f"{allowed['program']:,}", "", allowed["memory"], "", f"{allowed['multiplications']:,}"]
    sizes, courses = [["a cell of the article, about", *article]], []
    for name, entry in metrics["rules"].items():
        code = "not measured" if entry["tables and code"] is None else f"{entry['tables and code']:,}"
        numbers = [code, f"{entry['program']:,}", entry["memory"], entry["state"], f"{entry['multiplications']:,}"]
        sizes.append([f"`{name}`", *numbers])
        looked = zip(*entry["fates"].values(), strict=True)
        courses.append(
            [
                f"`{name}`",
                *(" / ".join(pair) for pair in looked),
                f"{sum(entry['bytes that differ'].values()):,}",
            ]
        )
    header = ["", "program: tables and code", "of it weights", "memory", "of it state", "multiplications a step"]
    caption = "Bytes, of one cell; compiled for this machine's processor."
    steps = [f"step {step:,}" for step in sorted(metrics["config"]["steps"])]
    return {
        "sizes": Table(header, sizes, caption),
        "courses": Table(["rule, in floats / in bytes", *steps, "bytes that differ from the library's"], courses),
    }


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
