"""Several steps as one autograd function, in C++."""

import ctypes
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...layers.arithmetic import ARITHMETICS
from ..base import StencilEngine, Steps
from ..following import followed, gradients_by_autograd
from ..start import Start
from ..task import Task
from .library import load_library
from .problem import Gradients, Parameters, Problem, address
from .record import Record, checked
from .threads import usable_threads

LINE = 64  # bytes of the cache
NUMPY_TYPES = {torch.float32: np.float32, torch.float64: np.float64}


class Native(StencilEngine):
    """In C++, for float32 and float64 on the CPU, with products in bfloat16 where the processor has them.

    The one of its kind that takes an arithmetic of whole levels: its functions are given levels, and give levels.
    """

    name = "native"
    ROUNDINGS = ("none", "levels")

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.problem = Problem.of(task)

    @classmethod
    def takes(cls, task: Task) -> str | None:
        """Products of the states' own type, where there is a compiler; in bfloat16, where the processor has them."""
        if task.device.type != "cpu":
            return f"the states are on {task.device}"
        half = task.products == torch.bfloat16
        if task.dtype not in NUMPY_TYPES or (half and task.dtype != torch.float32):
            return f"states are {task.dtype}, which must be float32 or float64, and for products in bfloat16 float32"
        if not half and task.products != task.dtype:
            return f"products are {task.products}, which must be {task.dtype} as the states or bfloat16"
        if half and ARITHMETICS[task.rule.arithmetic].rounding != "none":
            return f"the rule's arithmetic is {task.rule.arithmetic!r}, whose products can't be in bfloat16"
        if reason := super().takes(task):
            return reason
        library = load_library()
        if library is None:
            return "there is no compiled library"
        if half and not library.graphnca_has_half_products():
            return "the processor has no products in bfloat16 (AVX512-BF16)"
        return None

    def steps(self, x: Tensor, keys: Tensor) -> Steps:
        """One step a key."""
        arithmetic = ARITHMETICS[self.task.rule.arithmetic]
        *parameters, hidden_scale, output_scale = self.network
        self.problem.hidden_scale, self.problem.output_scale = float(hidden_scale), float(output_scale)
        start = arithmetic.enter(x)
        out, overflow, change = Segment.apply(self.problem, keys, self.task, start, *parameters)  # type: ignore[misc]
        if arithmetic.levels == 1.0:
            return out, overflow, change
        step = 1.0 / arithmetic.levels
        return out * step, overflow * step**2, change * step


class Segment(torch.autograd.Function):
    """One step a key from one state to the next, with the sums of the two regularisers on the way."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        problem: Problem,
        keys: Tensor,
        task: Task,
        x: Tensor,
        w1: Tensor,
        b1: Tensor | None,
        w2: Tensor,
        b2: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The state `(rows, C)` after the steps, and overflow and change, one per sample."""
        needs_tape = any(ctx.needs_input_grad)
        steps = _Steps(problem, keys, x, (w1, b1, w2, b2))
        out, overflow, change, record = steps.forward(keep_tape=needs_tape and not task.recompute)
        if needs_tape:
            ctx.task, ctx.start, ctx.steps, ctx.record = task, Start(x), steps, record
            # also to notice writes in between: the backward pass undoes the steps from `out` on
            ctx.save_for_backward(None if task.recompute else out, w1, b1, w2, b2)
            ctx.set_materialize_grads(False)
        return out, overflow, change

    @staticmethod
    def backward(ctx: Any, grad_x: Tensor | None, grad_overflow: Tensor | None, grad_change: Tensor | None) -> Any:  # type: ignore[override]
        """Undoes the steps one by one.

        They are taken again first when there is no tape: when the forward pass kept none, or an earlier backward pass
        (`retain_graph=True`) has used it up.
        """
        out, *parameters = ctx.saved_tensors  # raises where the graph was not retained
        grads, needed = (grad_x, grad_overflow, grad_change), ctx.needs_input_grad[3:]
        if followed(*grads):
            start = ctx.start.again()
            return None, None, None, *gradients_by_autograd(ctx.task, ctx.steps.keys, start, parameters, grads, needed)
        steps: _Steps = ctx.steps
        record: Record | None = ctx.record
        ctx.record = None
        if record is None or not record.is_usable:
            steps.x = ctx.start.again().detach().contiguous()
            out, _, _, record = steps.forward(keep_tape=True)
        assert record is not None
        gradients = steps.backward(record, out, *grads, needed[0])
        return None, None, None, *gradients


class _Steps:
    """The arguments of the library's functions for one segment."""

    def __init__(self, problem: Problem, keys: Tensor, x: Tensor, parameters: tuple[Tensor | None, ...]) -> None:
        library = load_library()
        assert library is not None
        self.library, self.problem = library, problem
        self.keys = keys.contiguous()
        self.x = x.detach().contiguous()
        self.parameters = [
            None if tensor is None else tensor.detach().to(x.dtype).contiguous() for tensor in parameters
        ]
        self.is_double = x.dtype == torch.float64

    def _named(self, tensors: list[Tensor | None]) -> dict[str, Tensor | None]:
        return dict(zip(("w1", "b1", "w2", "b2"), tensors, strict=True))

    def forward(self, keep_tape: bool) -> tuple[Tensor, Tensor, Tensor, Record | None]:
        """The states after the steps, overflow, change, and the tape if it is to be kept."""
        out = _zeros_like(self.x)
        overflow, change = self.x.new_empty(self.problem.batch), self.x.new_empty(self.problem.batch)
        self.problem.num_threads = usable_threads(len(self.x))
        handle = ctypes.c_void_p()
        checked(
            self.library.graphnca_start_forward(
                self.is_double,
                self.problem,
                Parameters(**self._named(self.parameters)),
                address(self.x),
                address(out),
                address(self.keys),
                len(self.keys),
                keep_tape,
                address(overflow),
                address(change),
                handle,
            )
        )
        assert handle.value is not None
        record = Record(self.library, self.is_double, handle.value, self.problem.num_threads)
        record.finish()
        return out, overflow, change, record if keep_tape else None

    def backward(
        self,
        record: Record,
        out: Tensor,
        grad_x: Tensor | None,
        grad_overflow: Tensor | None,
        grad_change: Tensor | None,
        needs_start: bool,
    ) -> list[Tensor | None]:
        """Gradients of the start (None unless needed) and of the parameters."""
        incoming = [None if grad is None else grad.contiguous() for grad in (grad_x, grad_overflow, grad_change)]
        gradients = [None if tensor is None else torch.empty_like(tensor) for tensor in self.parameters]
        start = _zeros_like(self.x) if needs_start else None
        checked(
            self.library.graphnca_start_backward(
                self.is_double,
                record.handle,
                address(out),
                *map(address, incoming),
                Gradients(**self._named(gradients)),
                address(start),
            )
        )
        record.finish()
        return [start, *gradients]


def _zeros_like(x: Tensor) -> Tensor:
    """NumPy's zeros take no memory until they are written to: most cells of a large substrate never are.

    They begin where a line of the cache does: a row that lay across two would cost two.
    """
    spare = LINE // x.element_size()
    memory = np.zeros(x.numel() + spare, NUMPY_TYPES[x.dtype])
    first = -(memory.ctypes.data // x.element_size()) % spare
    return torch.from_numpy(memory[first : first + x.numel()].reshape(x.shape))  # no view: autograd minds
