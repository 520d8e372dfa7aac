"""What is done to gradients between the backward pass and the optimiser."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

FLOOR = 1e-8  # all published trainings


def normalise_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Scales the gradient of every parameter tensor to unit L2 norm: g / (|g| + 1e-8), in place.

    Backpropagation through a hundred steps gives gradients whose size varies over many orders of magnitude; every
    published NCA training does this before Adam.
    """
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad /= parameter.grad.norm() + FLOOR


def gradients_of(parameters: Iterable[nn.Parameter], *, complete: bool) -> list[Tensor]:
    """The gradients of those parameters that have one; with `complete`, zeros are put where a backward pass left none.

    Processes that add up their gradients must all have the same.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if complete:
        for parameter in trained:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
    return [parameter.grad for parameter in trained if parameter.grad is not None]
