"""Many steps as one autograd function."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...layers.firing import hash_index
from ..base import Parameters, StencilEngine, Steps
from ..following import followed, gradients_by_autograd
from ..start import Start
from ..task import Task
from .patch import Patch, patch_of, reached
from .step import Settings, step

SPAN = 16  # steps on one patch: the longer, the larger the patch; the shorter, the more often the host waits


@dataclass
class Record:
    """What the backward pass needs of a span."""

    patch: Patch
    rate: float | Tensor
    hashed: Tensor
    kept: Tensor | None
    keys: Tensor
    states: list[Tensor]  # before each step


class Patches(StencilEngine):
    """With PyTorch's operations on patches of fixed shape, for accelerators."""

    name = "patches"

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        rule = task.rule
        self.stencil, self.batch = task.stencil, task.batch
        self.settings = Settings(
            rule.perception, rule.life_mask, rule.alive_threshold, task.overflow_bound, task.products
        )
        self.channels = rule.num_channels if rule.fire_per == "channel" else 1
        self.rate = task.rate
        self.kept = task.kept
        self.whole: Patch | None = None

    def steps(self, x: Tensor, keys: Tensor) -> Steps:
        """One step a key."""
        return _Segment.apply(self, keys, x, *self.parameters)  # type: ignore[return-value]

    def forward(
        self, x: Tensor, keys: Tensor, parameters: Parameters, tape: list[Record] | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The states after the steps, overflow and mean change; fills the tape."""
        overflow, change = x.new_zeros(self.batch), x.new_zeros(self.batch)
        for some in keys.split(SPAN):
            patch = self.patch(x, len(some))
            rate, hashed = self.firing(patch)
            kept = self.kept_channels(patch)
            record = Record(patch, rate, hashed, kept, some, [])
            states = patch.take(x)
            for key in some:
                record.states.append(states)
                states, more_overflow, more_change = step(
                    self.settings, patch, rate, hashed, key, states, parameters, kept
                )
                overflow, change = overflow + more_overflow, change + more_change
                if tape is None:
                    record.states.clear()
            x = patch.put(states, len(x))
            if tape is not None:
                tape.append(record)
        return x, overflow, change / x[0].numel() / self.stencil.num_cells

    def backward(
        self, tape: list[Record], num_rows: int, parameters: Parameters, grads: list[Tensor | None]
    ) -> list[Tensor | None]:
        """Gradients of the start and of the parameters; frees each span's record on the way."""
        grad_x, grad_overflow, grad_change = grads
        like = tape[0].states[0]
        sums = [None if parameter is None else torch.zeros_like(parameter) for parameter in parameters]
        grad_x = like.new_zeros(num_rows, like.shape[1]) if grad_x is None else grad_x
        zero = like.new_zeros(self.batch)
        grad_sums = [
            zero if grad_overflow is None else grad_overflow,
            zero if grad_change is None else grad_change / like.shape[1] / self.stencil.num_cells,
        ]
        while tape:
            record = tape.pop()
            grad = record.patch.take(grad_x)
            for key in record.keys.flip(0):
                states = record.states.pop().requires_grad_()
                with torch.enable_grad():
                    outcome = step(
                        self.settings, record.patch, record.rate, record.hashed, key, states, parameters, record.kept
                    )
                pairs = [pair for pair in zip(outcome, (grad, *grad_sums), strict=True) if pair[0].requires_grad]
                values, pulls = zip(*pairs, strict=True)
                wanted = [states, *(parameter for parameter in parameters if parameter is not None)]
                grad, *found = torch.autograd.grad(values, wanted, pulls)
                for total, more in zip((total for total in sums if total is not None), found, strict=True):
                    total += more
            grad_x = record.patch.put(grad, num_rows)
        return [grad_x, *sums]

    def patch(self, x: Tensor, num_steps: int) -> Patch:
        """What the coming steps can reach; without a mask that makes cells die before they act, all cells."""
        everywhere = self.settings.life_mask not in ("pre", "pre_post")
        if everywhere and self.whole is not None:
            return self.whole
        states = x.view(self.batch, self.stencil.num_cells, -1)
        if everywhere:
            flags = torch.ones(states.shape[:2], dtype=torch.bool, device=x.device)
        else:
            flags = reached(self.stencil, states, self.settings.alive_threshold, num_steps)
            if self.kept is not None:
                flags = flags | (self.kept > 0)
        patch = patch_of(self.stencil, flags)
        if everywhere:
            self.whole = patch
        return patch

    def firing(self, patch: Patch) -> tuple[float | Tensor, Tensor]:
        """The rate and the hashed index of every cell of the patch, or of every channel of it."""
        padding = self.batch * self.stencil.num_cells
        rows = torch.cat([patch.rows, patch.rows.new_full((1,), padding)])
        rate = self.rate
        if isinstance(rate, Tensor):
            rate = torch.cat([rate.reshape(-1), rate.new_zeros(1)])[rows][:, None]
        index = rows[:, None] * self.channels + torch.arange(self.channels, device=rows.device)
        return rate, hash_index(index)

    def kept_channels(self, patch: Patch) -> Tensor | None:
        """How many channels every cell of the patch keeps, `(size, 1)`; None where no cell keeps any."""
        if self.kept is None:
            return None
        return torch.cat([self.kept.reshape(-1), self.kept.new_zeros(1)])[
            torch.cat([patch.rows, patch.rows.new_full((1,), self.kept.numel())])
        ][:, None]


class _Segment(torch.autograd.Function):
    """One step a key from one state to the next, with the sums of the two regularisers on the way."""

    @staticmethod
    def forward(ctx: Any, engine: Patches, keys: Tensor, x: Tensor, *parameters: Tensor | None) -> tuple[Tensor, ...]:  # type: ignore[override]
        """The state `(rows, C)` after the steps, and overflow and change, one per sample."""
        needs_tape = any(ctx.needs_input_grad)
        tape: list[Record] | None = [] if needs_tape and not engine.task.recompute else None
        given: Parameters = tuple(None if p is None else p.detach() for p in parameters)  # type: ignore[assignment]
        result = engine.forward(x.detach(), keys, given, tape)
        if needs_tape:
            ctx.engine, ctx.keys, ctx.tape, ctx.start = engine, keys, tape, Start(x)
            ctx.save_for_backward(*parameters)  # only to notice writes in between
            ctx.set_materialize_grads(False)
        return result

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:  # type: ignore[override]
        """Over the tape, which is written again first when the forward pass kept none, or another has used it up."""
        parameters = ctx.saved_tensors  # raises if one was written to since the rollout, or the graph was not retained
        if followed(*grads):
            start, needed = ctx.start.again(), ctx.needs_input_grad[2:]
            return None, None, *gradients_by_autograd(ctx.engine.task, ctx.keys, start, parameters, grads, needed)
        given = tuple(None if p is None else p.detach().requires_grad_() for p in parameters)
        engine, tape = ctx.engine, ctx.tape
        ctx.tape = None
        if tape is None:
            tape = []
            with torch.no_grad():
                engine.forward(ctx.start.again().detach(), ctx.keys, given, tape)
        return None, None, *engine.backward(tape, len(ctx.start.x), given, list(grads))
