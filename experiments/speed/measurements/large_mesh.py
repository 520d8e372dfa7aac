"""A lizard among a million Voronoi cells: a step is to cost what the pattern costs, not what the substrate does."""

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.evaluation.timing import in_turns, medians, seconds_of
from graphnca.results.section import Section, at_most, short
from topologies import load_topology, save_topology, voronoi_mesh

from .config import Config
from .patterns import isonca_pattern
from .substrates import CELLS_PER_UNIT


def mesh_of(cells: int, folder: Path) -> Data:
    """A Voronoi torus of about so many cells; built once and kept in the folder."""
    side = math.sqrt(cells / CELLS_PER_UNIT)
    path = folder / f"voronoi-{cells}.safetensors"
    if path.exists():
        return load_topology(path)
    mesh = voronoi_mesh(side, side, seed=1)
    folder.mkdir(parents=True, exist_ok=True)
    save_topology(mesh, path)
    return mesh


def large_mesh(config: Config) -> Section:
    """Milliseconds a step within a rollout, and what a call costs apart from its steps."""
    short_run, long_run = config.large_steps, 2 * config.large_steps
    programs, sizes, living, first = {}, {}, {}, {}
    for cells in (config.side**2, config.large):
        mesh = mesh_of(cells, Path(config.out)).to(config.device)
        number = len(mesh["pos"])
        name = f"{number:,} cells"
        found = {}
        first[name] = seconds_of(lambda mesh=mesh, found=found: found.update(it=isonca_pattern(mesh, config, 1)))
        pattern = found["it"]
        sizes[name], living[name] = number, pattern.alive * number
        for steps in (1, short_run, long_run):
            programs[f"{name}, {steps} steps"] = _program(pattern.rule, pattern.states, mesh, steps)
    seconds, _ = in_turns(programs, config.repeats, device=config.device, title="a million cells")
    times = medians(seconds)
    rows, step, numbers = [], {}, {"seconds": seconds, "cells": sizes, "living": living, "first call": first}
    for name in sizes:
        early, late = times[f"{name}, {short_run} steps"], times[f"{name}, {long_run} steps"]
        step[name] = (late - early) / (long_run - short_run)
        call = times[f"{name}, 1 steps"]
        rows.append([name, f"{living[name]:,.0f}", short(step[name] * 1e3), short(call * 1e3), short(first[name])])
    small, large = sizes
    numbers["milliseconds a step"] = {name: value * 1e3 for name, value in step.items()}
    claim = at_most(f"one step of a lizard on {large}, against {small}", 1.5, step[large] / step[small], "x the time")
    setting = (
        f"One lizard (`{config.rule}`, grown {config.grown} steps) on Voronoi tori, batch 1, without gradient. A step: "
        f"the difference between rollouts of {long_run} and {short_run} steps, divided by {long_run - short_run}; a "
        "call: a rollout of one step; the first growth includes building the stencil."
    )
    header = ["substrate", "alive", "ms a step", "ms a call", "s, first growth"]
    return Section("A million Voronoi cells", setting, header, rows, numbers, [claim])


def _program(rule: torch.nn.Module, states: torch.Tensor, mesh: Data, steps: int) -> Callable[[], None]:
    @torch.no_grad()
    def run() -> None:
        rollout(rule, states, mesh, steps, generator=torch.Generator().manual_seed(1))  # type: ignore[arg-type]

    return run
