"""How a shell grows chamber by chamber, and how each of them compares with the ideal one."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import Data

from ..engine.rollout import rollout
from ..layers import NCAConv
from ..layers.life import ALPHA
from ..regions import GROWING
from ..targets import Shell
from ..targets.chambers import SOLID, advanced


@dataclass(frozen=True)
class Moment:
    """Some runs on their way."""

    chambers: int
    """How many are complete."""
    step: int
    """Steps within the one that grows."""
    states: Tensor
    regions: Tensor


def growth(
    rule: NCAConv,
    topology: Data,
    starts: Tensor,
    regions: Tensor,
    *,
    chambers: int,
    cycle: int,
    look_every: int,
    generator: torch.Generator,
) -> Iterator[Moment]:
    """Grows chambers on states `(runs, N, C)`, looking every so many steps; the last look of a cycle is its end."""
    states = starts
    yield Moment(0, 0, states, regions)
    for number in range(chambers):
        for step in range(0, cycle, look_every):
            steps = min(look_every, cycle - step)
            with torch.no_grad():
                states = rollout(rule, states, topology, steps, regions=regions, generator=generator)
            yield Moment(number, step + steps, states, regions)
        regions = advanced(regions, states)


def measured(moment: Moment, shells: list[Shell], topology: Data) -> list[dict[str, float]]:
    """The chamber that has just grown in each run: its area relative to the ideal one, and the agreement with it."""
    rows = []
    for state, regions, shell in zip(moment.states, moment.regions, shells, strict=True):
        number, free, area = moment.chambers + 1, regions == GROWING, topology["area"]
        born = free & (state[:, ALPHA] > SOLID)
        along = shell.coordinates(topology["pos"])[0]
        ideal = (along >= number - 1) & (along < number)
        both, either = (area[part].sum() for part in (born & ideal, born | ideal))
        wanted = shell.image(topology["pos"], number)[ideal]
        rows.append(
            {
                "area": round(float(area[born].sum()) / shell.chamber_area(number), 4),
                "overlap": round(float(both / either), 4),
                "colour error": round(float((state[ideal, :3] - wanted[:, :3]).abs().mean()), 4),
            }
        )
    return rows
