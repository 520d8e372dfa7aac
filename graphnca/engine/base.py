"""What every engine is given, and gives."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from ..layers import NCAConv
from .stencil import Stencil


@dataclass(frozen=True)
class Task:
    """A rule on copies of a substrate.

    Attributes:
        rule: The rule, as it is now; its update network is an `UpdateRule`, its arithmetic is float, or quantised where
            the engine is `Native`.
        stencil: Of the rule's perception on the substrate, in the type and on the device of the states.
        batch: How many samples.
        fire_rate: Overrides the rule's; `(batch, N)` where it is a tensor.
        overflow_bound: Bound of the overflow; None: neither overflow nor change is measured.
        precision: Type of the update network's products.
        kept: How many channels of each cell keep their values, the first ones, `(batch, N)`; None: nothing is kept.
    """

    rule: NCAConv
    stencil: Stencil
    batch: int
    fire_rate: float | Tensor | None
    overflow_bound: float | None
    precision: torch.dtype
    kept: Tensor | None = None

    @property
    def rate(self) -> float | Tensor:
        """The fire rate that holds."""
        return self.rule.fire_rate if self.fire_rate is None else self.fire_rate


class Engine(ABC):
    """Steps of a task's rule."""

    def __init__(self, task: Task) -> None:
        self.network = task.rule.update_rule

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
