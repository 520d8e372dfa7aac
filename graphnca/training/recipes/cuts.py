"""What the samples lose that a pool policy damages."""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool
from torch import Tensor
from torch_geometric.data import Data

from ...damage import erase, half_plane, random_disks

Cut = Callable[[Tensor, torch.Generator], Tensor]
"""States (r, N, C) and random numbers -> what is left of them."""
DISKS, HALVES = "disks", "halves"
CUTS = (DISKS, HALVES)
ASIDE = 4.0  # units: how far from the seed a line may pass that cuts in halves


def cuts_around(topology: Data, cell: int, kinds: Sequence[str] = (DISKS,)) -> Cut | None:
    """Random disks around the seed, or all on one side of a line that passes near it at a random angle.

    In the plane None says that disks are all there is: they are what a pool policy takes anyway.

    Args:
        topology: The substrate.
        cell: Where the seed lies.
        kinds: One of these befalls each sample, drawn anew: some of `CUTS`.

    Raises:
        ValueError: Halves of a surface in space, which no line cuts.
    """
    if "frame" in topology and HALVES in kinds:
        raise ValueError("`cut` must be 'disks' on surfaces in space, which no line cuts in halves.")
    if "frame" not in topology and set(kinds) == {DISKS}:
        return None

    def cut(states: Tensor, generator: torch.Generator) -> Tensor:
        lost = random_disks(topology, len(states), generator=generator, centre=cell)
        if HALVES in kinds:
            for row, number in enumerate(torch.randint(len(kinds), (len(states),), generator=generator).tolist()):
                if kinds[number] == HALVES:
                    lost[row] = _half(topology, cell, generator)
        return erase(states, lost)

    return cut


def _half(topology: Data, cell: int, generator: torch.Generator) -> Bool[Tensor, " n"]:
    turn, aside = torch.rand(2, generator=generator).tolist()
    angle, offset = math.tau * turn, ASIDE * (2 * aside - 1)
    x, y = topology["pos"][cell, :2].tolist()
    return half_plane(topology, (x + offset * math.cos(angle), y + offset * math.sin(angle)), angle)
