"""What a seed carries, trained together with the rule that reads it."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import checked
from ..seeds import with_genome


class Genome(nn.Module):
    """The hidden channels of a seed's living cells, as a parameter.

    With a genome for each target, one rule grows them all: it says how cells behave, the genome what comes of it
    (Studying Growth, speciation).

    Args:
        name: What it grows; the genome is saved under this name.
        num_channels: Channels C of the states; the genome has C - 4 numbers.
        generator: Draws them, from the normal distribution: genomes differ from the start.

    Raises:
        ValueError: If no hidden channel is left.
    """

    hidden: nn.Parameter

    @checked
    def __init__(self, name: str, num_channels: int = 16, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if num_channels < 5:
            raise ValueError(f"`num_channels` must be at least 5 (RGBA and a hidden one), got {num_channels}.")
        self.name = name
        self.hidden = nn.Parameter(torch.randn(num_channels - 4, generator=generator))

    def forward(self, seed: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b n c"]:
        """The seed with this genome, differentiable in it."""
        return with_genome(seed, self.hidden)
