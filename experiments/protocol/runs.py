"""Runs of a rule on a sheet."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import trajectory
from graphnca.layers import NCAConv
from graphnca.seeds import point_seed


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
) -> dict[int, Tensor]:
    """Several runs from one state, a single cell in the middle by default: states `(runs, N, C)` at the asked steps."""
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
    )
    return recorded.states
