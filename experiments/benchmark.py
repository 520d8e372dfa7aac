"""How fast a training iteration of IsoNCA is, against the dense `conv2d` program written beside it.

    python experiments/benchmark.py                    # about two minutes

One iteration: 72x72 torus, batch 8, 80 steps, the published loss terms, forward and backward, from a grown lizard. Both
programs run in turns in one process, so that the machine's moods hit both; the table gives medians and their ratios.
Memory is the growth of the resident set over one iteration, each program in a process of its own. Expect the graph to
be at least 6 times faster and to take less than a third of the memory.

Writes `benchmark.json` and `benchmark.md` into `--out`.
"""

import argparse
import ctypes
import gc
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from dense_program import DenseIsoNCA, dense_trajectory
from isonca_training import Config as TrainingArguments
from isonca_training import target_with_auxiliary
from machine import machine

from graphnca import load_rule, rollout, trajectory
from graphnca.atomic_file import write_atomically
from graphnca.importers import load_published
from graphnca.losses import RotationInvariantLoss
from graphnca.rasterizers import NearestCell
from graphnca.seeds import point_seed
from topologies import square_grid

PROGRAMS = ("dense conv2d", "graphnca", "graphnca, bfloat16 products")


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str = "isonca-lizard"
    batch: int = 8
    steps: int = 80
    grown: int = 500
    repeats: int = 7
    threads: int = 0
    out: str = "out/benchmark"
    memory_of: str = ""


def iterations(config: Config) -> tuple[dict[str, Callable[[], float]], float]:
    """A function for each program that runs one training iteration and returns its loss; and the share alive."""
    rule = load_published(config.rule) if config.rule.endswith((".json", ".npz")) else load_rule(config.rule)
    topology = square_grid(72, 72)
    loss = RotationInvariantLoss(target_with_auxiliary(TrainingArguments()))
    raster = NearestCell(topology)
    with torch.no_grad():
        starts = point_seed(topology).repeat(config.batch, 1, 1)
        starts = rollout(rule, starts, topology, config.grown, generator=torch.Generator().manual_seed(0))
    dense, images = DenseIsoNCA(rule), raster(starts)

    def total(first: torch.Tensor, last: torch.Tensor, overflow: torch.Tensor, change: torch.Tensor) -> float:
        value = ((loss(first) + loss(last)) / 2).mean() + overflow.sum() + 10 * change.mean()
        value.backward()
        return float(value.detach())

    def by_convolution() -> float:
        dense.zero_grad()
        return total(*dense_trajectory(dense, images, config.steps))

    def on_graph(precision: torch.dtype | None) -> float:
        rule.zero_grad()
        result = trajectory(rule, starts, topology, config.steps, record=(1,), precision=precision)
        return total(raster(result.states[1]), raster(result.final), result.overflow, result.change)

    functions = (by_convolution, lambda: on_graph(None), lambda: on_graph(torch.bfloat16))
    alive = float((starts[..., 3] > 0.1).float().mean())
    return dict(zip(PROGRAMS, functions, strict=True)), alive


def megabytes_of(program: Callable[[], float]) -> float:
    """How far the resident set of this process rises while a program runs (Linux)."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # what earlier work left behind goes back to the system,
    Path("/proc/self/clear_refs").write_text("5")  # and the high-water mark goes down to what is resident now
    before = _status("VmRSS")
    program()
    return _status("VmHWM") - before


def _status(entry: str) -> float:
    return int(Path("/proc/self/status").read_text().split(f"{entry}:")[1].split()[0]) / 1024


def memory(name: str, config: Config) -> float:
    """Megabytes that one iteration of a program adds, measured in a process of its own."""
    command = [sys.executable, __file__, "--memory-of", name, "--rule", config.rule, "--batch", str(config.batch)]
    command += ["--steps", str(config.steps), "--grown", str(config.grown), "--threads", str(config.threads)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def main(config: Config) -> None:
    """Measures in turns, and writes the table."""
    if config.threads:
        torch.set_num_threads(config.threads)
    programs, alive = iterations(config)
    if config.memory_of:
        print(megabytes_of(programs[config.memory_of]))
        return
    for program in programs.values():
        program()
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(config.repeats):
        for name, program in programs.items():
            started = perf_counter()
            program()
            seconds[name].append(perf_counter() - started)
    times = {name: median(values) for name, values in seconds.items()}
    megabytes = {name: memory(name, config) for name in programs}
    base = PROGRAMS[0]
    lines = ["| program | seconds an iteration | faster | MB an iteration | memory |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {times[name]:.3f} | {times[base] / times[name]:.1f}x | {megabytes[name]:.0f} "
        f"| {megabytes[name] / megabytes[base]:.3f} |"
        for name in programs
    ]
    setting = (
        f"IsoNCA, 72x72 torus, batch {config.batch}, {config.steps} steps, {alive:.0%} of the cells mature; "
        f"{machine()}; medians of {config.repeats}"
    )
    table = "\n".join([setting, "", *lines])
    print(table)
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    report = {"config": asdict(config), "setting": setting, "seconds": seconds, "megabytes": megabytes}
    write_atomically(out / "benchmark.json", (json.dumps(report, indent=2) + "\n").encode())
    write_atomically(out / "benchmark.md", (table + "\n").encode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field, default in vars(Config()).items():
        parser.add_argument(f"--{field.replace('_', '-')}", type=type(default), default=default, help=f"{default!r}")
    main(Config(**vars(parser.parse_args())))
