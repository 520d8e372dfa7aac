"""The structured seeds of the paper's two targets."""

from torch import Tensor
from torch_geometric.data import Data

from graphnca.rules import STRUCTURED_SEEDS as SEEDS


def seed_of(
    target: str,
    topology: Data,
    *,
    angle: float = 0.0,
    mirror: bool = False,
    at: tuple[float, float] | None = None,
) -> Tensor:
    """The structured seed of a target, on any substrate, in the middle or about a point (x, y)."""
    if target not in SEEDS:
        raise SystemExit(f"--target: expected one that has a seed, {sorted(SEEDS)}, got {target!r}.")
    return SEEDS[target].state(topology, angle=angle, mirror=mirror, at=at)
