"""What a rule's growth starts from, as its card says."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import checked
from ..layers import NCAConv
from ..places import Place
from ..seeds import StructuredSeed, point_seed, ring, with_genome
from ..shipped import grows_by_chambers

STRUCTURED = "structured"  # a card's entry `seed` where growth starts from several coloured points
PAIR = "pair"  # where it starts from two cells, which say a direction and nothing else

# Offsets (x, y) from the centre in units, y down, and RGB. The lizard's are three on a circle; the dancer's lie on
# head, hands, hip and feet, by eye from the figure in the authors' blog post.
STRUCTURED_SEEDS: dict[str, StructuredSeed] = {
    "lizard": StructuredSeed(*ring(3)),
    "dancer": StructuredSeed(
        torch.tensor([(-1.0, -8.0), (7.0, -7.0), (-11.0, 1.0), (0.0, 7.0), (-6.0, 17.0), (7.0, 17.0)]),
        torch.tensor(
            [(1.0, 1.0, 0.0), (0.0, 1.0, 0.0), (1.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, 1.0, 1.0)]
        ),
    ),
}
"""The points that a target grows from where its card says so, by its name."""

PAIR_SEED = StructuredSeed(torch.tensor([(0.0, -2.0), (0.0, 2.0)]), torch.tensor([(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)]))
"""A black cell and a red one four units below it: what a steered rule needs, which knows left from right by itself."""


@checked
def starting_state(
    rule: NCAConv,
    topology: Data,
    card: Mapping[str, Any] | None = None,
    *,
    genome: Float[Tensor, " g"] | None = None,
    at: Place | None = None,
) -> Float[Tensor, "n c"]:
    """The state that a rule was trained to start from, on any substrate.

    Zeros for a rule without life (textures); several coloured points, or a pair, where the card says so; else a single
    cell.

    Args:
        rule: The rule.
        topology: The substrate.
        card: The rule's card: `seed`, and `target`, whose points the structured seeds are (`STRUCTURED_SEEDS`).
        genome: What the hidden channels of the seed's cells hold, for rules that read one (`load_genomes`).
        at: Position (x, y) of the seed, in units; the middle of the domain by default.

    Raises:
        ValueError: If the card names a structured seed that is not known, or the rule goes on from drawn chambers.
    """
    card = card or {}
    if grows_by_chambers(card):
        raise ValueError(
            "`rule` must start from a seed, got one that goes on from a drawn shell, chamber by chamber, while regions "
            "freeze: python experiments/studying_growth/gnomonic_growth.py (docs/gnomonic_growth.md)."
        )
    if rule.life_mask is None:
        return torch.zeros(len(topology["pos"]), rule.num_channels, device=topology["pos"].device)
    seed = seed_of(card)
    state = seed.state(topology, rule.num_channels, at=at) if seed else point_seed(topology, rule.num_channels, at=at)
    return state if genome is None else with_genome(state, genome)


def seed_of(card: Mapping[str, Any]) -> StructuredSeed | None:
    """The points that a rule grows from by its card; None: a single cell, or nothing.

    Raises:
        ValueError: If the card names a structured seed that is not known.
    """
    kind, target = card.get("seed"), card.get("target")
    if kind == PAIR:
        return PAIR_SEED
    if kind != STRUCTURED:
        return None
    if target not in STRUCTURED_SEEDS:
        raise ValueError(
            f"`card` must name a target that has a structured seed, one of {sorted(STRUCTURED_SEEDS)}, got {target!r}."
        )
    return STRUCTURED_SEEDS[target]
