"""What takes the steps of a rollout, and what those have in common that take them through a stencil."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..layers import UpdateRule
from ..layers.arithmetic import ARITHMETICS, ScaledNetwork
from .task import Task

Steps = tuple[Tensor, Tensor, Tensor]
"""The states after some steps, and overflow and change on the way, one of each per sample."""
MOST_ROWS = 2**31 - 1  # that an int32 counts
MOST_STEPS = 1 << 20  # taken at once: their keys take 4 MB
Parameters = tuple[Tensor, Tensor | None, Tensor, Tensor | None]
"""Weights and biases of the update network's layers."""


class Engine(ABC):
    """Takes the steps of a task: equal to calling the layer with the same generator, in value and gradient."""

    name: ClassVar[str]

    def __init__(self, task: Task) -> None:
        self.task = task

    @classmethod
    @abstractmethod
    def takes(cls, task: Task) -> str | None:
        """Why the engine can't take a task, as a sentence without its full stop; None if it can."""

    def __call__(self, x: Float[Tensor, "*b n c"], num_steps: int) -> Steps:
        """The next steps, from the states where the last call ended; their keys are drawn beforehand."""
        if num_steps <= MOST_STEPS:
            return self.advance(x, self.task.keys(num_steps))
        overflow = change = x.new_zeros(x.shape[:-2])
        for taken in range(0, num_steps, MOST_STEPS):
            x, more_overflow, more_change = self.advance(x, self.task.keys(min(MOST_STEPS, num_steps - taken)))
            overflow, change = overflow + more_overflow, change + more_change
        return x, overflow, change

    @abstractmethod
    def advance(self, x: Float[Tensor, "*b n c"], keys: Int[Tensor, " s"]) -> Steps:
        """One step a key."""


class StencilEngine(Engine):
    """Steps on all samples' cells in one row, perceived through the stencil of a substrate."""

    ROUNDINGS: ClassVar[tuple[str, ...]] = ("none",)  # kinds of `Arithmetic.rounding` that it knows

    @classmethod
    def takes(cls, task: Task) -> str | None:
        """What no stencil and no network by hand can do."""
        if type(task.rule.update_rule) is not UpdateRule:
            return f"the update network is of the type {type(task.rule.update_rule).__name__}, not `UpdateRule`"
        if ARITHMETICS[task.rule.arithmetic].rounding not in cls.ROUNDINGS:
            return f"the rule's arithmetic is {task.rule.arithmetic!r}"
        if isinstance(task.angle, Tensor) and (task.angle.dim() > 1 or task.angle.requires_grad):
            return "the frame of gradients differs between samples or is trained"
        if task.rule.life_mask and not task.rule.alive_threshold >= 0:
            return "with a negative threshold of life, cells live that hold nothing"
        if max(task.batch * task.num_cells, task.rule.num_channels) >= MOST_ROWS:
            return "there are more cells in all samples than 32 bits count"
        if task.shape.numel() == 0:
            return "there are no states"
        if not task.known.pads_well:
            return "a few cells of the graph have very many neighbours"
        return task.followed

    def advance(self, x: Float[Tensor, "*b n c"], keys: Int[Tensor, " s"]) -> Steps:
        """In one row."""
        rows = x.reshape(-1, x.shape[-1])
        out, overflow, change = self.steps(rows if torch.is_grad_enabled() else rows.detach(), keys)
        lead = x.shape[:-2]
        return out.view(x.shape), overflow.view(lead), change.view(lead)

    @abstractmethod
    def steps(self, x: Float[Tensor, "rows c"], keys: Int[Tensor, " s"]) -> Steps:
        """One step a key."""

    @property
    def network(self) -> ScaledNetwork:
        """The rule's, as autograd is to see it: where gradients are off, a function must keep no record."""
        found = ARITHMETICS[self.task.rule.arithmetic].network(self.task.rule.update_rule)
        if torch.is_grad_enabled():
            return found
        return ScaledNetwork(*(p.detach() if isinstance(p, Tensor) else p for p in found))  # type: ignore[arg-type]

    @property
    def parameters(self) -> Parameters:
        """Its weights and biases."""
        return self.network[:4]
