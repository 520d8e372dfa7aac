"""Worlds that are sampled, and replaced on the way."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from ..arguments import at_least, checked
from .worlds import Renewal, World

Kind = TypeVar("Kind")


@checked
def sampled_environments(
    kinds: Sequence[Kind], make: Callable[[Kind, np.random.Generator], World], *, every: int = 0, seed: int = 0
) -> tuple[list[World], Renewal | None]:
    """One world of each kind, and what replaces them in turn every so many iterations (0: nothing).

    World number n is always the same: its generator is made of `seed` and n. The kind says what remains when a world is
    replaced: at least that its states can live in the next.
    """
    at_least(0, every=every, seed=seed)
    if not kinds:
        raise ValueError("`kinds` must be at least one, got none.")

    def world(number: int) -> World:
        return make(kinds[(number - 1) % len(kinds)], np.random.default_rng([seed, number + len(kinds)]))

    worlds = [world(number) for number in range(1 - len(kinds), 1)]
    return worlds, Renewal(world, range(len(kinds)), every) if every else None
