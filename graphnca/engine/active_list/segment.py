"""Several steps as one autograd function."""

from typing import Any

import torch
from torch import Tensor

from ..base import StencilEngine, Steps
from ..following import followed, gradients_by_autograd
from ..start import Start
from ..task import Task
from .backward import backward
from .forward import Step, forward
from .network import Network
from .plan import Plan


class ActiveList(StencilEngine):
    """With PyTorch's operations on lists of cells, for the CPU."""

    name = "active_list"

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.plan = Plan.of(task)

    @classmethod
    def takes(cls, task: Task) -> str | None:
        """Steps in which every cell may change."""
        if task.device.type != "cpu":
            return f"on {task.device}, every step would wait for the length of its list"
        return super().takes(task) or ("some cells keep what they hold" if task.regions is not None else None)

    def steps(self, x: Tensor, keys: Tensor) -> Steps:
        """One step a key."""
        return Segment.apply(self.plan, keys, self.task, x, *self.parameters)  # type: ignore[return-value]


class Segment(torch.autograd.Function):
    """`num_steps` steps from one state to the next, with the sums of the two regularisers on the way."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        plan: Plan,
        keys: Tensor,
        task: Task,
        x: Tensor,
        w1: Tensor,
        b1: Tensor | None,
        w2: Tensor,
        b2: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The state `(rows, C)` after one step a key, and overflow and change, one per sample."""
        needs_tape = any(ctx.needs_input_grad)
        tape: list[Step] | None = [] if needs_tape and not task.recompute else None
        network = Network(w1, b1, w2, b2, plan.precision)
        out = x.detach().clone(memory_format=torch.contiguous_format)
        overflow, change = forward(plan, out, keys, network, tape)
        if needs_tape:
            ctx.task, ctx.plan, ctx.keys, ctx.network, ctx.tape, ctx.start = task, plan, keys, network, tape, Start(x)
            ctx.save_for_backward(w1, b1, w2, b2)  # only to notice writes in between
            ctx.set_materialize_grads(False)
        return out, overflow, change

    @staticmethod
    def backward(ctx: Any, grad_x: Tensor | None, grad_overflow: Tensor | None, grad_change: Tensor | None) -> Any:  # type: ignore[override]
        """Over the tape, which is written again first when the forward pass kept none, or another has used it up."""
        parameters = ctx.saved_tensors  # raises if one was written to since the rollout, or the graph was not retained
        grads, needed = (grad_x, grad_overflow, grad_change), ctx.needs_input_grad[3:]
        if followed(*grads):
            start = ctx.start.again()
            return None, None, None, *gradients_by_autograd(ctx.task, ctx.keys, start, parameters, grads, needed)
        tape: list[Step] | None = ctx.tape
        ctx.tape = None
        if tape is None:
            tape, x = [], ctx.start.again().detach().clone(memory_format=torch.contiguous_format)
            forward(ctx.plan, x, ctx.keys, ctx.network, tape)
        network: Network = ctx.network
        network.start_gradients()
        grad = backward(ctx.plan, tape, network, *grads, needed[0])
        return None, None, None, grad, network.grad_w1, network.grad_b1, network.grad_w2, network.grad_b2
