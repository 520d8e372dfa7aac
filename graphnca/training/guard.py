"""Recognises states that training can't learn from."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..arguments import checked
from ..layers.life import ALPHA

BEYOND_RECOVERY = (
    6.0  # |x| beyond which a state rarely recovers: trained isotropic rules stay below 2, Growing ones near 5
)


class Diagnosis(NamedTuple):
    """Which samples are beyond use, and why; the three don't overlap."""

    not_finite: Bool[Tensor, " b"]
    exploded: Bool[Tensor, " b"]
    dead: Bool[Tensor, " b"]

    @property
    def lost(self) -> Bool[Tensor, " b"]:
        """All of them."""
        return self.not_finite | self.exploded | self.dead

    def counts(self) -> Int[Tensor, " 3"]:
        """How many samples are not finite, exploded and dead."""
        return torch.stack([flags.sum() for flags in self])

    def sentence(self) -> str:
        """What has happened, in words; empty when nothing has."""
        return description(self.counts().tolist(), len(self.dead))


def description(counts: Sequence[int], total: int, limit: float = BEYOND_RECOVERY) -> str:
    """Counts of samples not finite, exploded and dead, among so many, in words; empty when there are none."""
    reasons = ("not finite", f"exploded (|x| > {limit:g})", "dead (no cell alive)")
    found = ", ".join(f"{count} {reason}" for count, reason in zip(counts, reasons, strict=True) if count)
    return f"{found} of {total} samples" if found else ""


@checked
def examine(
    states: Float[Tensor, "b n c"], alive_threshold: float | None = 0.1, limit: float = BEYOND_RECOVERY
) -> Diagnosis:
    """Looks at every sample: |x| beyond `limit` is an explosion; without `alive_threshold` (textures) nothing dies."""
    largest = torch.maximum(states.amax((1, 2)), -states.amin((1, 2)))  # |x| without a copy of all states
    not_finite = ~largest.isfinite()
    exploded = ~not_finite & (largest > limit)
    dead = exploded.new_zeros(len(states))
    if alive_threshold is not None:
        dead = ~not_finite & ~exploded & ~(states[:, :, ALPHA] > alive_threshold).any(1)
    return Diagnosis(not_finite, exploded, dead)
