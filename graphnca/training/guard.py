"""Recognises states that training can't learn from."""

from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor

from ..layers.life import ALPHA

EXPLODED = 6.0  # |x| beyond which a state never recovers; trained rules stay below 2


class Diagnosis(NamedTuple):
    """Which samples are beyond use, and why; the three don't overlap."""

    not_finite: Bool[Tensor, " b"]
    exploded: Bool[Tensor, " b"]
    dead: Bool[Tensor, " b"]

    @property
    def lost(self) -> Bool[Tensor, " b"]:
        """All of them."""
        return self.not_finite | self.exploded | self.dead

    def sentence(self) -> str:
        """What has happened, in words; empty when nothing has."""
        counts = {
            "not finite": int(self.not_finite.sum()),
            f"exploded (|x| > {EXPLODED:g})": int(self.exploded.sum()),
            "dead (no cell alive)": int(self.dead.sum()),
        }
        found = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        return f"{found} of {len(self.dead)} samples" if found else ""


def examine(states: Float[Tensor, "b n c"], alive_threshold: float | None = 0.1) -> Diagnosis:
    """Looks at every sample; `alive_threshold` None is for rules without life (textures), which can't die."""
    largest = states.abs().amax((1, 2))
    not_finite = ~largest.isfinite()
    exploded = ~not_finite & (largest > EXPLODED)
    dead = exploded.new_zeros(len(states))
    if alive_threshold is not None:
        dead = ~not_finite & ~exploded & ~(states[:, :, ALPHA] > alive_threshold).any(1)
    return Diagnosis(not_finite, exploded, dead)
