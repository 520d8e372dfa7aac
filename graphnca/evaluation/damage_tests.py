"""The damage battery: parts of the plane that are cut out of a grown pattern, and how it heals.

The halves and the square in the middle are those of Growing NCA (Mordvintsev et al. 2020). All cuts are measured in
units about the seed, so they are the same on every kind of cells; the disks and single cells are drawn anew each run.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor
from torch_geometric.data import Data

from ..damage import half_plane, quadrant, random_cells, random_disks, square
from ..layers import NCAConv
from .runs import walk
from .scores import seeded_position

HALVES = {"right half": 0.0, "lower half": math.pi / 2, "left half": math.pi, "upper half": -math.pi / 2}
QUARTERS = {
    "lower right quarter": 0.0,
    "lower left quarter": math.pi / 2,
    "upper left quarter": math.pi,
    "upper right quarter": -math.pi / 2,
}
"""Where each begins, in radians from x towards y."""
CENTRE, CENTRE_SIDE = "centre", 16.0  # units: the article's square
DISK = "random disk"
SHARES = {"a quarter of the cells": 0.25, "half of the cells": 0.5}
HALF_WIDTH = 36.0  # units: of the published 72x72 cells; random disks are as large on every substrate
GOAL_CUTS = (*HALVES, CENTRE)
"""The cuts after which a regenerating rule is to be whole again within 100 steps."""
WHOLE = "none"
"""The run beside them that nothing is cut out of."""


def battery(
    topology: Data,
    runs: int,
    *,
    generator: torch.Generator,
    half_width: float = HALF_WIDTH,
    centre: tuple[float, float] | None = None,
) -> dict[str, Bool[Tensor, "runs n"]]:
    """Which cells each cut takes from each run.

    Args:
        topology: The substrate.
        runs: How many masks of each cut; they differ where a cut is random.
        generator: Of the random ones.
        half_width: Units; the square and the disks are as much larger or smaller as it is.
        centre: The point (x, y) that everything is cut about; by default the seeded cell in the middle.
    """
    seed = centre or seeded_position(topology)
    lasting = {name: half_plane(topology, seed, angle) for name, angle in HALVES.items()}
    lasting |= {name: quadrant(topology, seed, angle) for name, angle in QUARTERS.items()}
    lasting[CENTRE] = square(topology, seed, CENTRE_SIDE * half_width / HALF_WIDTH)
    cuts = {name: mask.expand(runs, -1) for name, mask in lasting.items()}
    cuts[DISK] = random_disks(topology, runs, generator=generator, half_width=half_width, centre=seed)
    return cuts | {name: random_cells(topology, runs, share, generator=generator) for name, share in SHARES.items()}


@dataclass(frozen=True)
class Healing:
    """How runs went on after a cut."""

    moments: list[int]
    """Steps since the cut."""
    scores: dict[str, Tensor]
    """By cut, (moments, runs): the score of the states; also of `WHOLE`, the same runs without a cut."""
    apart: dict[str, Tensor]
    """By cut, (moments, runs): how far a cut run is from the same run without a cut; empty where it is not measured."""
    shown: dict[str, dict[int, Tensor]]
    """By cut, the states (N, C) of the first run at the moments that are shown."""


def healing(
    rule: NCAConv,
    states: Tensor,
    topology: Data,
    cuts: dict[str, Bool[Tensor, "runs n"]],
    moments: Iterable[int],
    score: Callable[[Tensor], Tensor],
    apart: Callable[[Tensor, Tensor], Tensor] | None = None,
    *,
    seed: int,
    shown: Iterable[int] = (),
) -> Healing:
    """Goes on from grown states `(runs, N, C)` with every cut, and without any, all side by side.

    Args:
        rule: The rule.
        states: What is cut.
        topology: The substrate.
        cuts: Masks for each cut (`battery`).
        moments: Steps since the cut at which scores are taken, 0 right after it.
        score: One number for each of some states `(..., N, C)`.
        apart: One number for each pair of states, if it is to be measured.
        seed: Of the firing.
        shown: Moments, out of these, whose states are kept.
    """
    names = [WHOLE, *cuts]
    runs = len(states)
    nothing = torch.zeros_like(next(iter(cuts.values())))
    masks = torch.cat([nothing, *cuts.values()])
    start = states.expand(len(names), *states.shape).flatten(0, 1)
    result = Healing(sorted(set(moments)), {}, {}, {name: {} for name in names})
    scores: dict[str, list[Tensor]] = {name: [] for name in names}
    distances: dict[str, list[Tensor]] = {name: [] for name in names}
    kept = set(shown)
    for moment, now in walk(
        rule, start, topology, result.moments, generator=torch.Generator().manual_seed(seed), damage={0: masks}
    ):
        each = now.unflatten(0, (len(names), runs))
        for name, one in zip(names, each, strict=True):
            scores[name].append(score(one))
            if apart is not None:
                distances[name].append(apart(one, each[0]))
            if moment in kept:
                result.shown[name][moment] = one[0].clone()
    result.scores.update({name: torch.stack(values) for name, values in scores.items()})
    result.apart.update({name: torch.stack(values) for name, values in distances.items() if values})
    return result
