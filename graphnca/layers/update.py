"""The update rule: a small network applied to every cell alike."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import at_least, checked

HiddenInit = Literal["uniform", "glorot"]


class UpdateRule(nn.Module):
    """Two linear layers with a ReLU between them: perceived vector -> change of state.

    The output layer starts at zero, so an untrained rule leaves every state as it is.

    Args:
        perception_size: Length of the perceived vector.
        hidden_size: Width of the hidden layer.
        num_channels: Number of state channels.
        hidden_bias: Whether the hidden layer has a bias.
        output_bias: Whether the output layer has one (Growing NCA: yes; IsoNCA and textures: no).
        hidden_init: `"uniform"` is PyTorch's default, +-1/sqrt(fan in), for weight and bias (IsoNCA); `"glorot"` is
            Glorot's uniform weight and a zero bias, the default of Keras (Growing NCA).
        weight_steps: For 8 bits, the steps of the two layers' weights; None: 2 max|w| / 255 of each layer as it is.

    Raises:
        ValueError: For another start, or steps that are not two positive numbers.
    """

    @checked
    def __init__(
        self,
        perception_size: int,
        hidden_size: int,
        num_channels: int,
        *,
        hidden_bias: bool = True,
        output_bias: bool = True,
        hidden_init: HiddenInit = "uniform",
        weight_steps: tuple[float, float] | list[float] | None = None,
    ) -> None:
        super().__init__()
        at_least(1, perception_size=perception_size, hidden_size=hidden_size, num_channels=num_channels)
        if weight_steps is not None and (len(weight_steps) != 2 or not all(0 < s < float("inf") for s in weight_steps)):
            raise ValueError(f"`weight_steps` must be two positive numbers or None, got {weight_steps!r}.")
        self.hidden_init: HiddenInit = hidden_init
        self.weight_steps = None if weight_steps is None else (float(weight_steps[0]), float(weight_steps[1]))
        self.hidden = nn.Linear(perception_size, hidden_size, bias=hidden_bias)
        self.output = nn.Linear(hidden_size, num_channels, bias=output_bias)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the hidden layer anew and zeroes the output layer."""
        self.hidden.reset_parameters()
        if self.hidden_init == "glorot":
            nn.init.xavier_uniform_(self.hidden.weight)
            if self.hidden.bias is not None:
                nn.init.zeros_(self.hidden.bias)
        nn.init.zeros_(self.output.weight)
        if self.output.bias is not None:
            nn.init.zeros_(self.output.bias)

    def forward(self, perceived: Float[Tensor, "*b n p"]) -> Float[Tensor, "*b n c"]:
        """The change of every cell's state."""
        return self.output(torch.relu(self.hidden(perceived)))
