"""One step of a patch."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from ...layers import Perception, fires
from ...layers.life import ALPHA, is_mature
from ..stencil import Table, gather_sum
from .patch import Patch


@dataclass(frozen=True)
class Settings:
    """What stays the same from step to step."""

    perception: Perception
    life_mask: str | None
    alive_threshold: float
    overflow_bound: float | None
    precision: torch.dtype


def step(
    settings: Settings,
    patch: Patch,
    fire_rate: float | Tensor,
    hashed: Tensor,
    key: Tensor,
    x: Tensor,
    parameters: tuple[Tensor, Tensor | None, Tensor, Tensor | None],
    kept: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """The states `(batch * size + 1, C)` after one step, and overflow and sum of |change|, one per sample.

    `kept` is the number of channels that each cell keeps, `(batch * size + 1, 1)`.
    """
    rows = range(len(patch.forward.weights))
    operated = [_Operator.apply(x, patch.forward, patch.backward, row) for row in rows]
    perceived = settings.perception(x, operated)  # type: ignore[arg-type]
    w1, b1, w2, b2 = (None if parameter is None else parameter.to(settings.precision) for parameter in parameters)
    hidden = torch.relu(functional.linear(perceived.to(settings.precision), w1, b1))  # type: ignore[arg-type]
    change = functional.linear(hidden, w2, b2).to(x.dtype)  # type: ignore[arg-type]
    fired = fires(key, hashed, fire_rate)
    nothing = x.new_zeros(())
    keeps = None if kept is None else torch.arange(x.shape[1], device=x.device) < kept
    after = x + torch.where(fired if keeps is None else fired & ~keeps, change, nothing)
    alive = torch.ones_like(x[:, 0], dtype=torch.bool)
    alive[-1] = False  # the padding cell
    if settings.life_mask in ("pre", "pre_post"):
        alive = alive & _alive(settings, patch, x)
    if settings.life_mask in ("post", "pre_post"):
        alive = alive & _alive(settings, patch, after)
    after = torch.where(alive[:, None] if keeps is None else alive[:, None] | keeps, after, nothing)
    if settings.overflow_bound is None:
        return after, x.new_zeros(patch.batch), x.new_zeros(patch.batch)
    excess = after - after.clamp(-settings.overflow_bound, settings.overflow_bound)
    overflow, moved = (
        states[:-1].view(patch.batch, -1, x.shape[1]).sum((1, 2)) for states in (excess.square(), (after - x).abs())
    )
    return after, overflow, moved


def _alive(settings: Settings, patch: Patch, x: Tensor) -> Tensor:
    return is_mature(x[:, ALPHA], settings.alive_threshold)[patch.heard].any(1)


class _Operator(torch.autograd.Function):
    """What an operator makes of states; its gradient is a gather too, through the transposed table."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, forward: Table, backward: Table, row: int) -> Tensor:  # type: ignore[override]
        ctx.table = (backward.index, backward.weights[row])
        return gather_sum(x, forward.index, forward.weights[row])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # type: ignore[override]
        return gather_sum(grad.contiguous(), *ctx.table), None, None, None
