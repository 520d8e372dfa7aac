"""One rule on squares, hexagons and Voronoi cells: what the substrate costs."""

import math
from collections.abc import Callable

from torch_geometric.data import Data

from graphnca import trajectory
from graphnca.evaluation.timing import Program
from graphnca.losses import RotationInvariantLoss
from graphnca.places import centre_of, nearest_cells
from graphnca.rasterizers import NearestCell
from graphnca.results.section import Section, at_most, short
from topologies import hex_grid, square_grid, voronoi_mesh

from .comparison import Comparison, compare
from .config import Config
from .patterns import Pattern, isonca_pattern, target_for

CELLS_PER_UNIT = 0.8215  # of a Voronoi mesh that keeps the unit law (`topologies.voronoi`)


def substrates_of(side: int) -> dict[str, Data]:
    """Tori of about side^2 cells each."""
    width = side / math.sqrt(CELLS_PER_UNIT)
    return {
        "squares": square_grid(side, side),
        "hexagons": hex_grid(side + side % 2, side),
        "Voronoi": voronoi_mesh(width, width, seed=1),
    }


def _comparison(config: Config) -> tuple[Comparison, dict[str, tuple[Data, Pattern]]]:
    """The comparison, and by program its substrate and pattern."""
    target = target_for(config)
    loss = RotationInvariantLoss(target).to(config.device)
    grown = {}

    def iteration(topology: Data, pattern: Pattern) -> Callable[[], None]:
        seeded = nearest_cells(topology, centre_of(topology)[None])[0]
        centre = tuple(topology["pos"][seeded].tolist())
        raster = NearestCell(topology, *target.shape[-2:], centre=centre).to(config.device)

        def run() -> None:
            pattern.rule.zero_grad()
            result = trajectory(pattern.rule, pattern.states, topology, config.steps, record=(1,))
            value = (loss(raster(result.states[1])) + loss(raster(result.final))).mean() / 2
            (value + result.overflow.sum() + 10 * result.change.mean()).backward()

        return run

    programs: dict[str, Program] = {}
    for name, topology in substrates_of(config.side).items():
        topology = topology.to(config.device)
        grown[name] = (topology, isonca_pattern(topology, config))
        programs[name] = iteration(*grown[name])
    work = (
        f"IsoNCA's training iteration, batch {config.batch}, {config.steps} steps, {config.grown} steps of "
        f"`{config.rule}` grown on each substrate. A lizard has the same area everywhere, so fewer cells on hexagons "
        "and Voronoi meshes: the time for each living cell is given too."
    )
    return Comparison("Squares, hexagons, Voronoi cells", work, programs), grown


def substrates_comparison(config: Config) -> Comparison:
    """IsoNCA's training iteration on each, the pattern grown there."""
    return _comparison(config)[0]


def substrates(config: Config) -> Section:
    """Milliseconds of an iteration, and nanoseconds for each living cell and step."""
    comparison, grown = _comparison(config)
    outcome = compare("substrates", comparison, config)
    rows, numbers = [], {}
    for name, seconds in outcome.times.items():
        topology, pattern = grown[name]
        cells = len(topology["pos"])
        living = pattern.alive * cells
        numbers[name] = {"cells": cells, "living": living}
        each = seconds / (living * config.batch * config.steps) * 1e9
        numbers[name]["nanoseconds a living cell and step"] = each
        ratio = f"{outcome.times[name] / outcome.times[outcome.base]:.2f}"
        relative = each / numbers[outcome.base]["nanoseconds a living cell and step"]
        rows.append([name, f"{cells:,}", f"{living:,.0f}", short(seconds), ratio, short(each), f"{relative:.2f}"])
    header = ["substrate", "cells", "alive", "seconds", "to squares", "ns a living cell and step", "each, to squares"]
    slower = max(outcome.times[name] for name in ("hexagons", "Voronoi")) / outcome.times["squares"]
    each = max(entry["nanoseconds a living cell and step"] for entry in numbers.values())
    each /= numbers["squares"]["nanoseconds a living cell and step"]
    measure = "hexagons and Voronoi against squares, as many cells"
    claims = [at_most(measure, 1.15, slower, "x the time")]
    numbers = {**outcome.numbers, "substrates": numbers, "slowest a living cell": each}
    return Section(outcome.comparison.title, outcome.setting, header, rows, numbers, claims)
