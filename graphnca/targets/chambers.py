"""A shell that is grown chamber by chamber: where it lies, how it starts, and how its regions advance."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import Data

from ..layers.life import ALPHA
from ..regions import FROZEN, GROWING, MATURE
from .shell import Shell

CHAMBERS = 8  # Studying Growth
CYCLE = 160  # steps a chamber (Studying Growth)
SOLID = 0.5  # alpha from which a cell counts as grown


def placed_shell(topology: Data, scale: float, angle: float) -> Shell:
    """A shell that will fill the middle of the substrate once it has its eight chambers."""
    width, height = topology["extent"].view(-1).tolist()
    return Shell(scale, angle).centred((width / 2, height / 2), CHAMBERS)


def starting_state(shell: Shell, topology: Data, chambers: int, channels: int) -> Float[Tensor, "n c"]:
    """The drawn shell of so many chambers, the hidden channels zero."""
    x = torch.zeros(len(topology["pos"]), channels)
    x[:, :4] = shell.image(topology["pos"], chambers)
    return x


def advanced(regions: Int[Tensor, "*b n"], x: Float[Tensor, "*b n c"]) -> Int[Tensor, "*b n"]:
    """Growing cells that are there become mature, and mature ones frozen; nothing but the state says where."""
    born = torch.where(x[..., ALPHA] > SOLID, MATURE, GROWING)
    return torch.where(regions == GROWING, born, FROZEN)
