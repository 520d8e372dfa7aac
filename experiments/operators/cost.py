"""What fitted operators cost: a step on a mesh, and building one, against one ring of neighbours.

    python experiments/operators/cost.py --threads 1
    python experiments/operators/cost.py --threads 1 --large 1000000     # and the building of a million cells

A rule grows on one Voronoi mesh that sees in every way; then all ways take the same steps in turns, from the grown
states, so that whatever else the machine does hits all of them (seconds of this process alone). Living cells differ a
little, so a step is also given per living cell. Isotropic rules are compared with the Laplacian along the edges alone.

Written to `--out`:
    figure.webp     steps and living cells, by rule and operators
    metrics.json    all times
    tables.json     medians, as multiples of one ring; seconds of building
"""

from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

import torch
from torch_geometric.data import Data

from graphnca.engine.rollout import rollout
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import ALIVE
from graphnca.evaluation.timing import in_turns
from graphnca.results.figures import curves
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.rules import load_rule
from topologies import OPERATORS, STENCIL_FIELDS, substrate_of_cells, with_operators

EDGES = "edges"


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    rule: tuple[str, ...] = ("growing-lizard", "growing-butterfly", "isonca-lizard", "isonca-heart")
    """Shipped rules."""
    cells: int = 5184
    """Cells of the mesh."""
    large: int = 0
    """Cells of a mesh that is built besides; 0: none."""
    steps: int = 200
    """Steps of one timed rollout."""
    repeats: int = 15
    """Timed rollouts and buildings of each sort."""
    seed: int = 7000
    out: str = "out/operators_cost"


def without_stencil(topology: Data) -> Data:
    """The same cells, that perceive along their edges."""
    other = topology.clone()
    for field in STENCIL_FIELDS:
        del other[field]
    return other


@torch.no_grad()
def steps_of(name: str, mesh: Data, config: Config) -> dict[str, dict[str, float]]:
    """Milliseconds of a step and living cells, by the way of seeing."""
    rule = load_rule(name)
    ways = {operators: with_operators(mesh, operators) for operators in OPERATORS}
    if not rule.perception.uses_gradient:
        ways = {EDGES: without_stencil(mesh), "fitted": ways["fitted"]}
    grown = {way: grow(rule, topology, 1, (500,), config.seed)[500] for way, topology in ways.items()}
    programs = {
        way: lambda way=way: rollout(
            rule, grown[way], ways[way], config.steps, generator=torch.Generator().manual_seed(config.seed)
        )
        for way in ways
    }
    seconds, _ = in_turns(programs, config.repeats, title=name, clock=process_time)
    return {
        way: {
            "milliseconds": round(1000 * median(times) / config.steps, 5),
            "living cells": int((grown[way][..., 3] > ALIVE).sum()),
        }
        for way, times in seconds.items()
    }


def building(cells: int, repeats: int, config: Config) -> dict[str, float]:
    """Seconds of building a mesh, by operators."""
    programs = {
        operators: lambda operators=operators: substrate_of_cells(
            "voronoi", cells, seed=config.seed, operators=operators
        )
        for operators in OPERATORS
    }
    seconds, _ = in_turns(programs, repeats, title=f"{cells:,} cells", clock=process_time)
    return {operators: round(median(times), 3) for operators, times in seconds.items()}


def main(config: Config, result: Result) -> None:
    """Times everything."""
    mesh = substrate_of_cells("voronoi", config.cells, seed=config.seed)
    rules: dict[str, Any] = {name: steps_of(name, mesh, config) for name in config.rule}
    built = {str(config.cells): building(config.cells, max(1, config.repeats // 3), config)}
    if config.large:
        started = process_time()
        substrate_of_cells("voronoi", config.large, seed=config.seed)
        built[str(config.large)] = {OPERATORS[0]: round(process_time() - started, 3)}
    result.record({"rules": rules, "building": built})
    lines = {
        name: {way: ([entry["living cells"]], [entry["milliseconds"]]) for way, entry in ways.items()}
        for name, ways in rules.items()
    }
    result.figure(curves(lines, columns=2, size=(420, 300), dots=True, x_label="living cells", y_label="ms a step"))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """A step by rule, and the building of meshes."""
    rows = []
    for name, ways in metrics["rules"].items():
        reference = ways.get("one_ring") or ways[EDGES]
        each = ways["fitted"]["milliseconds"] / ways["fitted"]["living cells"]
        one = reference["milliseconds"] / reference["living cells"]
        ratio = ways["fitted"]["milliseconds"] / reference["milliseconds"]
        row = [f"`{name}`", f"{reference['milliseconds']:.4f} ms", f"{ways['fitted']['milliseconds']:.4f} ms"]
        rows.append([*row, f"{ratio:.2f}", f"{each / one:.2f}"])
    built = [
        [f"{int(cells):,}", *(f"{ways[way]:.2f} s" if way in ways else "" for way in OPERATORS)]
        for cells, ways in metrics["building"].items()
    ]
    return {
        "steps": Table(["rule", "one ring", "fitted", "times", "times, per living cell"], rows),
        "building": Table(["cells", *OPERATORS], built),
    }


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
