"""Floating point: nothing is rounded but what the type of the states rounds."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from .base import Arithmetic


class FloatingPoint(Arithmetic):
    """A step in the type of the states."""

    name = "float"
    rounding = "none"

    def enter(self, x: Float[Tensor, "*b n c"]) -> Float[Tensor, "*b n c"]:
        """The states themselves."""
        return x

    def change(
        self, network: nn.Module, perceived: Float[Tensor, "*b n p"], among: Bool[Tensor, "*b n"] | None
    ) -> Float[Tensor, "*b n c"]:
        """Of all cells: in other products, other last bits."""
        return network(perceived)

    def add(
        self, state: Float[Tensor, "*b n c"], change: Float[Tensor, "*b n c"], fired: Bool[Tensor, "*b n #c"]
    ) -> Float[Tensor, "*b n c"]:
        """Where nothing fired, + 0."""
        return state + torch.where(fired, change, torch.zeros((), dtype=state.dtype, device=state.device))
