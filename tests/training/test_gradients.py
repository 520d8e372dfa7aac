import torch
from torch import nn

from graphnca.training import normalise_gradients


def parameter(gradient: torch.Tensor | None) -> nn.Parameter:
    made = nn.Parameter(torch.zeros(() if gradient is None else gradient.shape))
    made.grad = gradient
    return made


def test_every_tensor_has_unit_norm_and_its_direction() -> None:
    """Each on its own, however large the others are."""
    gradients = [torch.randn(5, 4) * 1e6, torch.randn(3) * 1e-3, torch.tensor(-7.0)]
    parameters = [parameter(gradient.clone()) for gradient in gradients]
    normalise_gradients(parameters)
    for made, gradient in zip(parameters, gradients, strict=True):
        assert made.grad is not None
        torch.testing.assert_close(made.grad, gradient / gradient.norm(), rtol=1e-4, atol=0)


def test_the_floor_keeps_tiny_gradients_tiny() -> None:
    """g / (|g| + 1e-8): of a gradient as small as the floor, half is left."""
    small = parameter(torch.tensor([1e-8]))
    normalise_gradients([small])
    torch.testing.assert_close(small.grad, torch.tensor([0.5]))


def test_no_gradient_and_a_gradient_of_zero_stay() -> None:
    none, zero = parameter(None), parameter(torch.zeros(4))
    normalise_gradients([none, zero])
    assert none.grad is None
    assert torch.equal(zero.grad, torch.zeros(4))  # type: ignore[arg-type]
