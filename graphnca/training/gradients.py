"""What is done to gradients between the backward pass and the optimiser."""

from collections.abc import Iterable

from torch import nn

FLOOR = 1e-8  # all published trainings


def normalise_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Scales the gradient of every parameter tensor to unit L2 norm: g / (|g| + 1e-8), in place.

    Backpropagation through a hundred steps gives gradients whose size varies over many orders of magnitude; every
    published NCA training does this before Adam.
    """
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad /= parameter.grad.norm() + FLOOR
