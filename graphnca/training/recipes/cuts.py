"""What the samples lose that a pool policy damages."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch_geometric.data import Data

from ...damage import erase, half_plane, random_disks

Cut = Callable[[Tensor, torch.Generator], Tensor]
"""States (r, N, C) and random numbers -> what is left of them."""
ASIDE = 4.0  # units: how far from the seed a line may pass that cuts in halves


def disks_around(topology: Data, cell: int) -> Cut | None:
    """On a surface random disks around the seed, as in the plane; there, None says so."""
    if "frame" not in topology:
        return None

    def cut(states: Tensor, generator: torch.Generator) -> Tensor:
        return erase(states, random_disks(topology, len(states), generator=generator, centre=cell))

    return cut


def halves_around(topology: Data, cell: int) -> Cut:
    """All that lies on one side of a line, which passes near the seed at a random angle.

    Raises:
        ValueError: On a surface in space, which no line cuts.
    """
    if "frame" in topology:
        raise ValueError("`cut` must be 'disks' on surfaces in space, which no line cuts in halves.")
    x, y = topology["pos"][cell, :2].tolist()

    def side(turn: float, aside: float) -> Tensor:
        angle, offset = math.tau * turn, ASIDE * (2 * aside - 1)
        return half_plane(topology, (x + offset * math.cos(angle), y + offset * math.sin(angle)), angle)

    def cut(states: Tensor, generator: torch.Generator) -> Tensor:
        numbers = torch.rand(len(states), 2, generator=generator).tolist()
        return erase(states, torch.stack([side(*pair) for pair in numbers]))

    return cut


DISKS, HALVES = "disks", "halves"
CUTS: dict[str, Callable[[Data, int], Cut | None]] = {DISKS: disks_around, HALVES: halves_around}
"""By name."""
