"""Two rules on one substrate: in every step each cell lives by one of them, or by a blend of both."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch_geometric.data import Data

from ..engine.rollout import rollout
from ..regions import FROZEN, GROWING
from .subject import Subject


@torch.no_grad()
def mapped(
    textures: list[Subject], topology: Data, second: Tensor, moments: Iterable[int], runs: int, seed: int
) -> dict[int, Tensor]:
    """Runs of two rules on one substrate: states `(runs, N, C)` at the asked steps.

    In every step each cell lives by the second rule with its probability `second` `(N,)`, and otherwise by the first.
    Both rules see the same state, and each keeps the other's cells as they are.
    """
    generator, wanted = torch.Generator().manual_seed(seed), set(moments)
    start = textures[0].seed(topology)
    states, recorded = start.expand(runs, *start.shape), {}
    for step in range(1, max(wanted) + 1):
        chosen = torch.rand(len(second), generator=generator) < second
        parts = [
            rollout(
                texture.rule,
                states,
                topology,
                1,
                generator=generator,
                regions=torch.where(chosen == bool(number), GROWING, FROZEN),
            )
            for number, texture in enumerate(textures)
        ]
        states = torch.where(chosen[:, None], parts[1], parts[0])
        if step in wanted:
            recorded[step] = states
    return recorded


@torch.no_grad()
def blended(
    textures: list[Subject], topology: Data, second: Tensor, moments: Iterable[int], runs: int, seed: int
) -> dict[int, Tensor]:
    """The same with a blend: every step is `(1 - second)` of the first rule's and `second` `(N,)` of the second's.

    Both rules step the same state, each with a firing of its own, as in the authors' notebook on grafts.
    """
    generator, wanted = torch.Generator().manual_seed(seed), set(moments)
    start = textures[0].seed(topology)
    states, recorded = start.expand(runs, *start.shape), {}
    for step in range(1, max(wanted) + 1):
        one, other = (rollout(texture.rule, states, topology, 1, generator=generator) for texture in textures)
        states = torch.lerp(one, other, second[:, None])
        if step in wanted:
            recorded[step] = states
    return recorded
