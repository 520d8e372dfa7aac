"""A lizard on a Voronoi mesh of a million cells.

    python experiments/speed/million_cells.py                    # three to five minutes, 5.3 GB of memory
    python experiments/speed/million_cells.py --cells 20000      # a quick look

Builds the mesh (or loads the one of an earlier run), checks the data contract, saves it, loads it again, grows the
shipped lizard in its middle from one cell, and draws it. What a step costs should follow the lizard and not the
substrate, so the growth takes about as long as on five thousand cells. Nine more grow from other seeds, one after the
other, and what became of all ten is told (`graphnca.evaluation.fates`). Expect lizards of 700 to 800 living cells.

Written to `--out`:
    mesh.safetensors    the mesh; about 380 MB for a million cells
    figure.webp         the lizard, drawn as cells
    metrics.json        seconds and memory of every stage, what lives, what the file takes, the fates
    tables.json         the stages
"""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.drawing import CellCanvas
from graphnca.evaluation import ALIVE, counted, fates, own_form, rate, read_subject
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.seeds import point_seed
from graphnca.training import machine
from topologies import check_topology, load_topology, save_topology, substrates, voronoi_mesh

VORONOI_DENSITY = 0.8215  # cells per unit area
MARGIN = 6.0  # units around the living cells in the picture
FIRST_STEPS = 8  # grown before the clock starts: the operators of the substrate are built on the first call


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    cells: int = 1_000_000
    """Cells of the mesh, about."""
    rule: str = "isonca-lizard-any"
    """A rule that grows from one cell: a shipped one's name, a .safetensors file, or a training's folder."""
    steps: int = 1000
    """Steps of the growth."""
    seed: int = 1
    """Of the mesh and of the growth that is timed and drawn."""
    seeds: int = 10
    """Growths on the mesh, with the seeds from that one on; what became of each is told. 0: of none."""
    mesh: str = ""
    """A saved mesh to load instead of building one."""
    out: str = "out/million_cells"


def peak_megabytes() -> float:
    """The largest resident set of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if sys.platform == "darwin" else 1024)  # bytes there, kB elsewhere


@contextmanager
def stage(name: str, metrics: dict[str, Any]) -> Iterator[None]:
    """Times what happens inside, and notes the peak of memory after it."""
    started, worked = perf_counter(), process_time()
    yield
    seconds, worked = perf_counter() - started, process_time() - worked
    metrics[name] = {
        "seconds": round(seconds, 2),
        "processor seconds": round(worked, 2),  # tells the work from the waiting on a machine that others use too
        "peak megabytes": round(peak_megabytes()),
    }
    print(f"{name:<14}{seconds:>9.2f} s {worked:>9.2f} s of work   peak {peak_megabytes():>6.0f} MB", flush=True)


def living(x: Tensor) -> Tensor:
    """Which cells are mature, `(N,)`."""
    return x[:, 3] > ALIVE


def portrait(x: Tensor, topology: Data, scale: float = 14.0) -> CellCanvas:
    """A canvas over the living cells and a margin; over the middle of the substrate when none lives."""
    alive = topology["pos"][living(x)]
    middle = topology["extent"].view(2) / 2
    low, high = (alive.amin(0), alive.amax(0)) if len(alive) else (middle - 10, middle + 10)
    x0, y0, x1, y1 = [*(low - MARGIN).tolist(), *(high + MARGIN).tolist()]
    return CellCanvas(topology, scale=scale, window=(x0, y0, x1, y1), edge_colour="#00000018")


@torch.no_grad()
def main(config: Config, result: Result) -> None:
    """Stage by stage, each timed."""
    subject = read_subject(config.rule)
    rule, generator = subject.rule, torch.Generator().manual_seed(config.seed)
    result.folder.mkdir(parents=True, exist_ok=True)
    path, stages = result.folder / "mesh.safetensors", {}
    own = own_form(subject, substrates(("square",), size=subject.usual_size)["square"]) if config.seeds else None
    if config.mesh:
        with stage("load first", stages):
            topology = load_topology(config.mesh)
    else:
        side = (config.cells / VORONOI_DENSITY) ** 0.5
        with stage("build", stages):
            topology = voronoi_mesh(side, side, seed=config.seed)
    with stage("check", stages):
        check_topology(topology)
    with stage("save", stages):
        save_topology(topology, path)
    with stage("load", stages):
        loaded = load_topology(path)
    if any(not torch.equal(loaded[name], topology[name]) for name in loaded.keys()):  # noqa: SIM118
        raise RuntimeError(f"{path} holds another topology than was saved.")
    topology = loaded

    x = point_seed(topology, rule.num_channels)
    with stage("first steps", stages):
        x = rollout(rule, x, topology, min(FIRST_STEPS, config.steps), generator=generator)
    with stage("growth", stages):
        x = rollout(rule, x, topology, max(0, config.steps - FIRST_STEPS), generator=generator)
    became = fates(x[None], topology, own) if own else []
    for seed in range(config.seed + 1, config.seed + config.seeds):
        generator, start = torch.Generator().manual_seed(seed), point_seed(topology, rule.num_channels)
        end = rollout(rule, start, topology, config.steps, generator=generator)
        became += fates(end[None], topology, own) if own else []
    with stage("drawing", stages):
        result.figure(portrait(x, topology).draw(x))

    result.record(
        {
            "machine": machine(),  # the table names it
            "cells": topology.num_nodes,
            "fates": counted(became),
            "edges": topology.num_edges,
            "file megabytes": round(path.stat().st_size / 1e6, 1),
            "living cells": int(living(x).sum()),
            "largest state": round(float(x.abs().max()), 2),
            "milliseconds a step": round(1000 * stages["growth"]["seconds"] / max(1, config.steps - FIRST_STEPS), 3),
            "stages": stages,
        }
    )


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """What every stage took."""
    caption = (
        f"{metrics['cells']:,} cells, {metrics['living cells']} of them alive, {metrics['milliseconds a step']} ms a "
        f"step; the file has {metrics['file megabytes']} MB. {metrics['machine']}."
    )
    rows = [
        [name, f"{stage['seconds']:.2f}", f"{stage['processor seconds']:.2f}", f"{stage['peak megabytes']:,}"]
        for name, stage in metrics["stages"].items()
    ]
    found = metrics.get("fates", {})
    others = ", ".join(f"{count} {fate}" for fate, count in found.items() if fate != "whole")
    seeds = [[rate(found.get("whole", 0), sum(found.values())), others]] if found else []
    return {
        "stages": Table(["stage", "seconds", "of work", "peak memory until then, MB"], rows, caption),
        "seeds": Table(["growths that are whole", "the others"], seeds),
    }


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
