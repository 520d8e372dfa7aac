"""A running average of a rule's parameters."""

import torch
from torch import Tensor, nn

from ..arguments import checked


class ParameterAverage:
    """Exponential moving average of the parameters of a module, without start-up bias.

    The rule of a single iteration carries that iteration's noise; the average over the last few hundred does not.

    Args:
        module: The module to follow.
        decay: Weight of the past at each update; 0.995 averages over about 200 updates.
    """

    @checked
    def __init__(self, module: nn.Module, decay: float = 0.995) -> None:
        self.module, self.decay, self.weight = module, decay, 0.0
        self.values = {name: value.clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Takes in the parameters as they are now."""
        self.weight = self.decay * self.weight + (1.0 - self.decay)
        for name, value in self.module.state_dict().items():
            self.values[name].lerp_(value, (1.0 - self.decay) / self.weight)

    def state_dict(self) -> dict[str, Tensor | float | dict[str, Tensor]]:
        """All that `load_state_dict` needs."""
        return {"weight": self.weight, "values": self.values}

    def load_state_dict(self, state: dict) -> None:
        """Continues from a stored average."""
        self.weight = state["weight"]
        for name, value in state["values"].items():
            self.values[name].copy_(value)
