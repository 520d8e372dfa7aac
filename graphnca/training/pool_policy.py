"""What is kept in a world's pool, and what happens to a sample of it before the rollout.

A policy is data and has no state: what changes is in the pools that it makes (`graphnca.pool.SamplePool`), which draw
samples, take them back, and are part of a checkpoint.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

from ..arguments import at_least, check_fields
from ..damage import random_disks
from ..pool import PoolSample, SamplePool
from .batch_share import BatchShare
from .objectives import Objective
from .worlds import World


class Policy(ABC):
    """Any policy; a frozen dataclass, so that a rule's card can say what it was.

    Attributes:
        size: Entries of each world's pool, of all processes together.
    """

    size: int

    def pool(self, world: World, size: int, generator: torch.Generator) -> SamplePool:  # noqa: ARG002 (others draw)
        """A new pool of a world: `sample`, `commit`, `state_dict`, `load_state_dict`; here of seeds.

        Args:
            world: Whose states it keeps.
            size: Of this process's part.
            generator: The training's random numbers.
        """
        return SamplePool(world.start(), size)

    @abstractmethod
    def prepare(self, sample: PoolSample, world: World, iteration: int, share: BatchShare) -> None:
        """Changes a sample in place before its rollout.

        Args:
            sample: This process's share of the batch.
            world: Where it lives.
            iteration: Counted from 0.
            share: Which rows of the whole batch it is; its generator is that of the training.
        """

    def objective(self, world: World, sample: PoolSample) -> Objective:  # noqa: ARG002 (others ask each sample its own)
        """What is asked of a sample's rollout; here what the world asks."""
        return world.objective

    def check(self, batch_size: int) -> None:
        """Whether batches of that size can be drawn.

        Raises:
            ValueError: If not.
        """
        if not 1 <= batch_size <= self.size:
            raise ValueError(f"`batch_size` must lie between 1 and the pool's `size`, {self.size}, got {batch_size}.")


@dataclass(frozen=True)
class PoolPolicy(Policy):
    """The published policy: some rows begin anew, some are damaged; the defaults are IsoNCA's for the lizard.

    Raises:
        ValueError: If a number is out of range.
    """

    size: int = 256
    """Entries of each world's pool, of all processes together."""
    seed_always_until: int = 4000
    """Before this iteration the first row is the seed every time,"""
    seed_every: int = 6
    """and from then on every so many iterations."""
    damage_every: int = 6
    """Every so many iterations the last rows are damaged: they lose a random disk, or what the world says; 0: never."""
    damage_count: int = 1
    """How many rows are damaged."""
    fresh: bool = False
    """Whether every sample is the seed, so that nothing of the pool is ever used (Growing NCA's first experiment)."""
    rank: bool = False
    """Whether the sample is ordered by loss first, the worst in front (Growing NCA)."""

    def __post_init__(self) -> None:
        check_fields(self)
        at_least(1, size=self.size, seed_every=self.seed_every)
        at_least(
            0,
            seed_always_until=self.seed_always_until,
            damage_every=self.damage_every,
            damage_count=self.damage_count,
        )

    def prepare(self, sample: PoolSample, world: World, iteration: int, share: BatchShare) -> None:
        """Ranks, puts the seed into the first row of the whole batch, and damages the last ones."""
        if self.fresh:
            sample.reseed(slice(None), world.start())
            return
        if self.rank:
            unknown = sample.losses.isnan()
            if unknown.any():
                with torch.no_grad():
                    sample.losses[unknown] = world.loss(sample.states[unknown]).to(sample.losses)
            sample.rank(sample.losses)
        places = share.places(sample)
        if (iteration < self.seed_always_until or iteration % self.seed_every == 0) and 0 in places:
            sample.reseed([places.index(0)], world.start())
        if self.damage_every and iteration % self.damage_every == 0:
            last = share.batch_size - self.damage_count
            rows = [row for row, place in enumerate(places) if place >= last]
            if rows and world.damage is not None:
                sample.states[rows] = world.damage(sample.states[rows], share.generator)
            elif rows:
                sample.damage(rows, random_disks(world.topology, len(rows), generator=share.generator))

    def check(self, batch_size: int) -> None:
        """Whether batches of that size can be drawn, and damaged.

        Raises:
            ValueError: If not.
        """
        if not max(1, self.damage_count) <= batch_size <= self.size:
            raise ValueError(
                f"`batch_size` must lie between 1 (and `damage_count`, {self.damage_count}) and the pool's `size`, "
                f"{self.size}, got {batch_size}."
            )
