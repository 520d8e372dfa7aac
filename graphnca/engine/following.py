"""What follows the steps of a rollout besides a backward pass: transforms of `torch.func`, and second gradients."""

import functools
import warnings
from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch._C._functorch import is_legacy_batchedtensor
from torch.autograd import forward_ad
from torch.func import functional_call

from ..layers.arithmetic import ARITHMETICS
from .plain import Plain
from .task import Task

NAMES = ("update_rule.hidden.weight", "update_rule.hidden.bias", "update_rule.output.weight", "update_rule.output.bias")


def transformed(tensors: Iterable[Tensor | None]) -> bool:
    """Whether a transform of `torch.func` is under way, or one of the tensors carries a tangent (forward mode)."""
    if torch._C._are_functorch_transforms_active():
        return True
    if forward_ad._current_level < 0:  # as `unpack_dual` asks it, for all of them at once
        return False
    return any(tensor is not None and forward_ad.unpack_dual(tensor).tangent is not None for tensor in tensors)


def followed(*gradients: Tensor | None) -> bool:
    """Whether a backward pass is followed itself: by `create_graph=True`, or a transform (many gradients at once)."""
    many = any(found is not None and is_legacy_batchedtensor(found) for found in gradients)
    return torch.is_grad_enabled() or many or transformed(gradients)


def gradients_by_autograd(
    task: Task,
    keys: Int[Tensor, " s"],
    x: Float[Tensor, "rows c"],
    parameters: Sequence[Tensor | None],
    gradients: Sequence[Tensor | None],
    needed: Sequence[bool],
) -> list[Tensor | None]:
    """The gradients of the start and of the parameters, by the layer's own steps under autograd.

    They have a past of their own where `torch.is_grad_enabled()`.

    Args:
        task: What was asked for.
        keys: Of the steps.
        x: The start.
        parameters: Weights and biases of the network's layers.
        gradients: Of the states after the steps, `(rows, C)`, of overflow and of change, `(batch,)`.
        needed: Which of the start and the parameters ask for one.

    Raises:
        RuntimeError: If the rule's arithmetic rounds: what the steps were given are not the rule's own parameters.
    """
    arithmetic = ARITHMETICS[task.rule.arithmetic]
    if arithmetic.rounding != "none":
        raise RuntimeError(
            f"Gradients of a rollout's gradients are not to be had in the arithmetic {arithmetic.name!r}; set "
            "GRAPHNCA_ENGINE=plain for the layer's own steps."
        )
    warnings.warn(
        "Gradients that are differentiated themselves, or asked for many at once, take the layer's own steps, which "
        "are slower.",
        stacklevel=2,
    )
    given = {name: parameter for name, parameter in zip(NAMES, parameters, strict=True) if parameter is not None}
    follow = torch.is_grad_enabled()
    with torch.enable_grad():
        step = functools.partial(_step, task, given)
        outcome = Plain(task, step).advance(x.view(task.shape), keys)
        pairs = [
            (value, gradient.view(value.shape))
            for value, gradient in zip(outcome, gradients, strict=True)
            if gradient is not None and value.requires_grad
        ]
        wanted = [tensor for tensor, asks in zip((x, *parameters), needed, strict=True) if asks and tensor is not None]
        values, pulls = zip(*pairs, strict=True)
        found = iter(torch.autograd.grad(values, wanted, pulls, create_graph=follow, allow_unused=True))
    return [next(found) if asks else None for asks in needed]


def _step(task: Task, parameters: dict[str, Tensor], *args: Tensor, **options: object) -> Tensor:
    return functional_call(task.rule, parameters, args, options)
