"""The pool of states that training continues from, so that a rule learns to hold what it has grown.

The states lie where the seed does, on the GPU when training runs there. Which entries are drawn, and the losses they
are ranked by, stay on the CPU: a few numbers, the same on every device.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from .arguments import at_least, checked


@dataclass
class PoolSample:
    """Some states of the pool, taken out to be worked on; `SamplePool.commit` puts them back."""

    indices: Int[Tensor, " b"]
    """Where in the pool each was taken from; on the CPU."""
    states: Float[Tensor, "b n c"]
    losses: Float[Tensor, " b"]
    """The loss of each as it was committed, NaN where it is not known; on the CPU."""
    regions: Int[Tensor, "b n"] | None = None
    """What may change in each (`graphnca.regions`); None: everything in all."""
    ranked: bool = False
    """Whether they stand in the order of their losses, the worst first."""

    def rank(self, losses: Float[Tensor, " b"]) -> None:
        """Orders the sample by loss, the worst first (Growing NCA reseeds the worst and damages the best)."""
        order = losses.argsort(descending=True, stable=True)
        self.states = self.states.index_select(0, order.to(self.states.device))
        order = order.to(self.indices.device)
        self.indices, self.losses = self.indices[order], self.losses[order]
        self.regions = None if self.regions is None else self.regions[order.to(self.regions.device)]
        self.ranked = True

    def reseed(self, rows: Tensor | list[int] | slice, seed: Float[Tensor, "n c"]) -> None:
        """Replaces rows of the sample (numbers, a mask or a slice) by the seed."""
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

    @checked
    def __init__(self, seed: Float[Tensor, "n c"], size: int = 256) -> None:
        at_least(1, size=size)
        self.seed = seed.detach().clone()
        self.states = seed.detach().repeat(size, 1, 1)
        self.losses = torch.full((size,), torch.nan, dtype=seed.dtype)

    def __len__(self) -> int:
        """Number of entries."""
        return len(self.states)

    @checked
    def sample(self, batch_size: int, *, generator: torch.Generator | None = None, replace: bool = False) -> PoolSample:
        """Draws entries at random, without replacement unless asked (Studying Growth draws with it).

        Args:
            batch_size: How many.
            generator: A generator on the CPU, wherever the states are.
            replace: Whether an entry may be drawn several times.

        Raises:
            ValueError: If more are asked for than there are.
        """
        if batch_size > len(self) and not replace:
            raise ValueError(f"`batch_size` must be at most the pool's {len(self)} entries, got {batch_size}.")
        if replace:
            indices = torch.randint(len(self), (batch_size,), generator=generator)
        else:
            indices = torch.randperm(len(self), generator=generator)[:batch_size]
        states = self.states.index_select(0, indices.to(self.states.device))
        return PoolSample(indices, states, self.losses[indices])

    @checked
    def commit(
        self, sample: PoolSample, states: Float[Tensor, "b n c"], losses: Float[Tensor, " b"] | None = None
    ) -> None:
        """Writes what became of a sample back to where it was taken from, with its losses if they are known."""
        self.states[sample.indices.to(self.states.device)] = states.detach().to(self.states)
        self.losses[sample.indices] = torch.nan if losses is None else losses.detach().to(self.losses)

    def state_dict(self) -> dict[str, Tensor]:
        """The pool's content, on the CPU, with the empty cells left out."""
        occupied = self.states.ne(0).any(-1)
        return {
            "seed": self.seed.cpu(),
            "occupied": occupied.cpu(),
            "values": self.states[occupied].cpu(),
            "losses": self.losses.clone(),
        }

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
        self.states[occupied.to(self.states.device)] = state["values"].to(self.states)
        # pools written before losses were kept have none
        self.losses.copy_(state["losses"] if "losses" in state else torch.full_like(self.losses, torch.nan))


@checked
def join_pools(parts: list[dict[str, Any]]) -> dict[str, Tensor]:
    """The state (`SamplePool.state_dict`) of one pool with the entries of several, one after another.

    Raises:
        ValueError: If there is none.
    """
    if not parts:
        raise ValueError("`parts` must be at least one, got none.")
    first = parts[0]
    return {name: first[name] if name == "seed" else torch.cat([part[name] for part in parts]) for name in first}


@checked
def part_of_pool(state: dict[str, Any], number: int, count: int) -> dict[str, Tensor]:
    """One of `count` equal parts, counted from 0, of a pool's state; `join_pools` of all parts is the whole.

    Raises:
        ValueError: If the pool's entries can't be divided by `count`, or there is no part of that number.
    """
    at_least(1, count=count)
    if not 0 <= number < count:
        raise ValueError(f"`number` must be that of one of {count} parts, got {number}.")
    entries = next((len(value) for name, value in state.items() if name not in ("seed", "values")), None)
    if entries is None:
        raise ValueError(f"`state` must be of a pool, got the entries {list(state)}.")
    size, rest = divmod(entries, count)
    if rest:
        raise ValueError(f"`state` must be of a pool that can be divided by {count}, got {entries}.")
    first, last = number * size, (number + 1) * size
    part = {name: value if name == "seed" else value[first:last] for name, value in state.items() if name != "values"}
    if "values" in state:  # those of the occupied cells, entry after entry
        before = int(state["occupied"][:first].sum())
        part["values"] = state["values"][before:][: int(part["occupied"].sum())]
    return part
