"""What every engine is given, and gives."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from ..layers import NCAConv, UpdateRule
from ..stencil import Stencil


class Engine(ABC):
    """Steps of a rule on `batch` copies of a substrate.

    Args:
        rule: The rule, as it is now; its update network is an `UpdateRule`.
        stencil: Of the rule's perception on the substrate, in the type and on the device of the states.
        batch: How many samples.
        fire_rate: Overrides the rule's; `(batch, N)` where it is a tensor.
        overflow_bound: Bound of the overflow; None: neither overflow nor change is measured.
        precision: Type of the update network's products.
    """

    network: UpdateRule

    @abstractmethod
    def __init__(
        self,
        rule: NCAConv,
        stencil: Stencil,
        batch: int,
        *,
        fire_rate: float | Tensor | None,
        overflow_bound: float | None,
        precision: torch.dtype,
    ) -> None: ...

    @property
    def parameters(self) -> tuple[Tensor, Tensor | None, Tensor, Tensor | None]:
        """The network's, as autograd is to see them: where gradients are off, a function must keep no record."""
        hidden, output = self.network.hidden, self.network.output
        found = (hidden.weight, hidden.bias, output.weight, output.bias)
        return found if torch.is_grad_enabled() else tuple(None if p is None else p.detach() for p in found)  # type: ignore[return-value]

    @abstractmethod
    def __call__(self, x: Tensor, keys: Tensor, recompute: bool) -> tuple[Tensor, Tensor, Tensor]:
        """The state `(batch * N, C)` after one step a key, and overflow and change, one per sample.

        With `recompute` the backward pass takes the steps again instead of keeping a record of them.
        """
