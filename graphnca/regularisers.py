"""What keeps a rule's states in bounds and its patterns still, summed on the way of a rollout."""

from jaxtyping import Float
from torch import Tensor

OVERFLOW_BOUND = 2.0  # states beyond +-2 are penalised (IsoNCA)


def overflow(x: Float[Tensor, "*b n c"], bound: float = OVERFLOW_BOUND, power: int = 2) -> Float[Tensor, "*b"]:
    """Sum over cells and channels of |x - clamp(x, -bound, bound)|^power, for a power of 1 or 2."""
    excess = x - x.clamp(-bound, bound)
    return (excess.square() if power == 2 else excess.abs()).sum((-2, -1))


def step_difference(x: Float[Tensor, "*b n c"], next_x: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b"]:
    """Mean over cells and channels of |next_x - x|."""
    return (next_x - x).abs().mean((-2, -1))
