"""The pool of states that training continues from, so that a rule learns to hold what it has grown."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass
class PoolSample:
    """Some states of the pool, taken out to be worked on; `SamplePool.commit` puts them back."""

    indices: Int[Tensor, " b"]
    states: Float[Tensor, "b n c"]

    def rank(self, losses: Float[Tensor, " b"]) -> None:
        """Orders the sample by loss, the worst first (Growing NCA reseeds the worst and damages the best)."""
        order = losses.argsort(descending=True, stable=True)
        self.indices, self.states = self.indices[order], self.states[order]

    def reseed(self, rows: Tensor | list[int], seed: Float[Tensor, "n c"]) -> None:
        """Replaces rows of the sample (numbers or a mask) by the seed."""
        self.states[rows] = seed

    def damage(self, rows: Tensor | list[int], mask: Bool[Tensor, "r n"]) -> None:
        """Zeroes the masked cells of rows of the sample, one mask a row."""
        self.states[rows] = self.states[rows].masked_fill(mask.unsqueeze(-1), 0.0)


class SamplePool:
    """A number of states, all the seed at first.

    Args:
        seed: The state `(N, C)` that every entry starts from.
        size: Number of entries (IsoNCA 256, Growing NCA 1024).
    """

    def __init__(self, seed: Float[Tensor, "n c"], size: int = 256) -> None:
        if size < 1 or seed.dim() != 2:
            raise ValueError(
                f"`size` must be at least 1 and `seed` have shape (N, C), got {size} and {tuple(seed.shape)}."
            )
        self.seed = seed.detach().clone()
        self.states = seed.detach().repeat(size, 1, 1)

    def __len__(self) -> int:
        """Number of entries."""
        return len(self.states)

    def sample(self, batch_size: int, *, generator: torch.Generator | None = None, replace: bool = False) -> PoolSample:
        """Draws entries at random, without replacement unless asked (Studying Growth draws with it).

        Raises:
            ValueError: If more are asked for than there are.
        """
        if batch_size > len(self) and not replace:
            raise ValueError(f"`batch_size` must be at most the pool's {len(self)} entries, got {batch_size}.")
        if replace:
            indices = torch.randint(len(self), (batch_size,), generator=generator)
        else:
            indices = torch.randperm(len(self), generator=generator)[:batch_size]
        return PoolSample(indices, self.states[indices.to(self.states.device)].clone())

    def commit(self, sample: PoolSample, states: Float[Tensor, "b n c"]) -> None:
        """Writes what became of a sample back to where it was taken from."""
        self.states[sample.indices.to(self.states.device)] = states.detach().to(self.states)

    def state_dict(self) -> dict[str, Tensor]:
        """The pool's content, with the empty cells left out."""
        occupied = self.states.ne(0).any(-1)
        return {"seed": self.seed, "occupied": occupied, "values": self.states[occupied]}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Restores what `state_dict` gave, to the bit."""
        occupied = state["occupied"]
        if occupied.shape != self.states.shape[:2] or state["seed"].shape != self.seed.shape:
            raise ValueError(
                f"`state` must be of a pool of shape {tuple(self.states.shape)}, got one of "
                f"{tuple(occupied.shape)} cells and {state['seed'].shape[-1]} channels."
            )
        self.seed.copy_(state["seed"])
        self.states.zero_()
        self.states[occupied] = state["values"].to(self.states)
