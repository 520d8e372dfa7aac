"""Runs of a rule on a substrate."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch_geometric.data import Data

from ..damage import erase
from ..engine.rollout import rollout, trajectory
from ..layers import NCAConv
from ..seeds import point_seed


@runtime_checkable
class Runs(Protocol):
    """The runs that are measured."""

    @property
    def steps(self) -> int:
        """Of a run."""
        ...

    @property
    def size(self) -> int:
        """Units along a side of the substrate."""
        ...

    @property
    def runs(self) -> int:
        """How many."""
        ...

    @property
    def seed(self) -> int:
        """Of the firing."""
        ...


@torch.no_grad()
def grow(
    rule: NCAConv,
    topology: Data,
    runs: int,
    moments: Iterable[int],
    seed: int,
    *,
    start: Tensor | None = None,
    fire_rate: float | None = None,
    angle: float | Tensor | None = None,
) -> dict[int, Tensor]:
    """Several runs of a rule: states `(runs, N, C)` at the steps that are asked for.

    Args:
        rule: The rule.
        topology: The substrate.
        runs: How many, side by side.
        moments: The steps.
        seed: Of the firing.
        start: The state that all of them start from; by default a single cell in the middle.
        fire_rate: In place of the rule's own.
        angle: Radians by which what cells perceive is turned, one number or `(N,)`.
    """
    start = point_seed(topology, rule.num_channels) if start is None else start
    starts, moments = start.expand(runs, *start.shape[-2:]), set(moments)
    generator = torch.Generator().manual_seed(seed)
    recorded = trajectory(
        rule,
        starts,
        topology,
        max(moments),
        record=moments,
        regularisers=False,
        generator=generator,
        fire_rate=fire_rate,
        angle=angle,
    )
    return recorded.states


def walk(
    rule: NCAConv,
    states: Tensor,
    topology: Data,
    moments: Iterable[int],
    *,
    generator: torch.Generator,
    damage: Mapping[int, Tensor] | None = None,
) -> Iterator[tuple[int, Tensor]]:
    """Goes on from states `(runs, N, C)` and yields (moment, states) at each of the asked steps, counted from here.

    Nothing is kept, so a walk may be long. With the same generator it is one rollout, however many moments there are.

    Args:
        rule: The rule.
        states: Where it starts.
        topology: The substrate.
        moments: Steps to look at; 0 is the start.
        generator: Of the firing.
        damage: Masks `(N,)` or `(runs, N)` of the cells that are cut after so many steps; what is seen at that moment
            is cut already.
    """
    damage = damage or {}
    wanted = set(moments)
    now = 0
    for stop in sorted(wanted | {step for step in damage if step <= max(wanted)}):
        with torch.no_grad():  # not around the generator, whose caller has a say between two steps
            states = rollout(rule, states, topology, stop - now, generator=generator)
        states = erase(states, damage[stop]) if stop in damage else states
        now = stop
        if stop in wanted:
            yield stop, states
