"""The structured seeds of the paper's two targets."""

import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca.seeds import StructuredSeed, ring

LOSS_SCALE = 1000.0  # of the mean squared error of RGBA that a structured seed's pattern is scored by, as published

# Offsets (x, y) from the centre in units, y down, and RGB. The lizard's are three on a circle; the dancer's lie on
# head, hands, hip and feet, by eye from the figure in the authors' blog post.
SEEDS: dict[str, StructuredSeed] = {
    "lizard": StructuredSeed(*ring(3)),
    "dancer": StructuredSeed(
        torch.tensor([(-1.0, -8.0), (7.0, -7.0), (-11.0, 1.0), (0.0, 7.0), (-6.0, 17.0), (7.0, 17.0)]),
        torch.tensor(
            [(1.0, 1.0, 0.0), (0.0, 1.0, 0.0), (1.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 1.0)]
        ),
    ),
}


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
