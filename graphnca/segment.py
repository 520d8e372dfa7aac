"""Many steps on a fixed substrate as one differentiable function: the inside of `graphnca.rollout`.

What a step has to compute is the update network on the cells that live and fire. So a step here works on lists of
cells: the support (cells whose state may differ from zero), those of them that live, those of these that fire. The
perception of the firing cells is a gather-and-sum over their rows of the stencil, and the state changes in place. The
backward pass is written by hand: it keeps, for each step, the perceived vectors and the lists, computes the hidden
layer again in blocks that stay in the cache, and carries the gradient of the support alone.

Everything equals stepping `NCAConv` with the same keys, up to the order of float sums.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .layers import NCAConv, Perception, fires
from .layers.firing import hash_index
from .layers.life import ALPHA
from .layers.perception import NORM_FLOOR
from .stencil import Stencil, Table

BLOCK = 2048  # rows of the update network computed at a time: the hidden activations stay in the cache

QUANTUM = 256  # low-precision products come in multiples of so many rows


@dataclass(frozen=True)
class Plan:
    """A rule on `batch` copies of a substrate: all that stays the same from step to step."""

    perception: Perception
    life_mask: str | None
    alive_threshold: float
    fire_rate: float | Tensor  # Tensor: one per row
    fire_per_channel: bool
    overflow_bound: float | None  # None: neither overflow nor change is measured
    precision: torch.dtype
    batch: int
    num_cells: int
    reach: Tensor
    forward: Table
    backward: Table
    hashed: Tensor  # (rows,) or (rows, C): the cells' hashed indices

    @classmethod
    def of(
        cls,
        rule: NCAConv,
        stencil: Stencil,
        batch: int,
        *,
        fire_rate: float | Tensor | None,
        overflow_bound: float | None,
        precision: torch.dtype,
    ) -> "Plan":
        """Repeats the stencil for every sample of the batch and hashes the row numbers."""
        num_rows = batch * stencil.num_cells
        device = stencil.reach.device
        per_channel = rule.fire_per == "channel"
        index = torch.arange(num_rows * (rule.num_channels if per_channel else 1), dtype=torch.int32, device=device)
        rate = rule.fire_rate if fire_rate is None else fire_rate
        if isinstance(rate, Tensor):
            rate = rate.to(device).expand(batch, stencil.num_cells).reshape(-1)
        return cls(
            perception=rule.perception,
            life_mask=rule.life_mask,
            alive_threshold=rule.alive_threshold,
            fire_rate=rate,
            fire_per_channel=per_channel,
            overflow_bound=overflow_bound,
            precision=precision,
            batch=batch,
            num_cells=stencil.num_cells,
            reach=Table(stencil.reach, ()).repeated(batch).index,
            forward=stencil.forward.repeated(batch),
            backward=stencil.backward.repeated(batch),
            hashed=hash_index(index).view(num_rows, -1) if per_channel else hash_index(index),
        )

    def sample_of(self, rows: Tensor) -> Tensor:
        """The sample a row belongs to."""
        return torch.div(rows, self.num_cells, rounding_mode="floor")

    def sum_by_sample(self, rows: Tensor, values: Tensor) -> Tensor:
        """Sums of one value a row, (batch,), for rows in ascending order."""
        bounds = torch.arange(self.batch + 1, device=rows.device) * self.num_cells
        return torch.segment_reduce(values, "sum", offsets=torch.searchsorted(rows, bounds), initial=0.0)


@dataclass
class Step:
    """What the backward pass needs of one step."""

    support: Tensor | None  # rows that may differ from zero before the step; None: all
    kept: Tensor | None  # rows that may differ from zero after it; None: all
    active: Tensor  # rows that were updated
    perceived: Tensor
    gradient: tuple[Tensor, Tensor] | None  # d/dx and d/dy of the active rows, for the gradient norm
    fired: Tensor | None  # which channels fired, where channels fire on their own
    change_sign: Tensor | None  # sign of the step on the active rows, 0 where the life mask undid it
    died: Tensor | None
    died_sign: Tensor | None
    over: Tensor | None  # rows beyond the overflow bound after the step
    excess: Tensor | None


def to_precision(rows: Tensor, precision: torch.dtype) -> Tensor:
    """The rows in the precision of the products; for bfloat16 filled up with zero rows to a multiple of `QUANTUM`.

    The library behind low-precision products prepares a kernel for every shape it meets, which takes longer than the
    product; the number of firing cells is another one every step, so it is rounded up.
    """
    if precision == rows.dtype:
        return rows
    count = rows.shape[0]
    filled = rows.new_empty((count + QUANTUM - 1) // QUANTUM * QUANTUM, rows.shape[1], dtype=precision)
    filled[:count] = rows
    filled[count:] = 0
    return filled


class Network:
    """The update network's parameters in the precision of the products, and its two passes."""

    def __init__(self, w1: Tensor, b1: Tensor | None, w2: Tensor, b2: Tensor | None, precision: torch.dtype) -> None:
        self.w1, self.w2 = w1.detach().to(precision), w2.detach().to(precision)
        self.b1 = None if b1 is None else b1.detach().to(precision)
        self.b2 = None if b2 is None else b2.detach().to(precision)
        self.precision = precision
        self.scratch = [self.w1.new_empty(BLOCK, self.w1.shape[0]) for _ in range(2)]

    def hidden(self, perceived: Tensor) -> Tensor:
        """Activations of the hidden layer, in memory that the next call overwrites (warm memory is faster)."""
        out = self.scratch[0][: perceived.shape[0]]
        if self.b1 is None:
            torch.mm(perceived, self.w1.t(), out=out)
        else:
            torch.addmm(self.b1, perceived, self.w1.t(), out=out)
        return out.relu_()

    def forward(self, perceived: Tensor) -> Tensor:
        """The change of state, block by block."""
        out = perceived.new_empty(perceived.shape[0], self.w2.shape[0])
        for start in range(0, perceived.shape[0], BLOCK):
            block = slice(start, start + BLOCK)
            hidden = self.hidden(perceived[block])
            if self.b2 is None:
                torch.mm(hidden, self.w2.t(), out=out[block])
            else:
                torch.addmm(self.b2, hidden, self.w2.t(), out=out[block])
        return out

    def alpha_change(self, perceived: Tensor) -> Tensor:
        """The change of alpha alone."""
        blocks = [self.hidden(rows) @ self.w2[ALPHA] for rows in perceived.split(BLOCK)]
        change = torch.cat(blocks)
        return change if self.b2 is None else change + self.b2[ALPHA]

    def start_gradients(self) -> None:
        """Zeroes the parameters' gradients, in float32 at least."""
        wide = torch.promote_types(self.precision, torch.float32)
        self.grad_w1, self.grad_w2 = (torch.zeros_like(w, dtype=wide) for w in (self.w1, self.w2))
        self.grad_b1 = None if self.b1 is None else torch.zeros_like(self.b1, dtype=wide)
        self.grad_b2 = None if self.b2 is None else torch.zeros_like(self.b2, dtype=wide)

    def backward(self, perceived: Tensor, grad: Tensor) -> Tensor:
        """Adds to the parameters' gradients and returns that of the perceived vectors, block by block."""
        out = torch.empty_like(perceived)
        for start in range(0, perceived.shape[0], BLOCK):
            block = slice(start, start + BLOCK)
            rows, grad_rows = perceived[block], grad[block]
            hidden = self.hidden(rows)
            grad_hidden = torch.mm(grad_rows, self.w2, out=self.scratch[1][: rows.shape[0]])
            torch.ops.aten.threshold_backward.grad_input(grad_hidden, hidden, 0, grad_input=grad_hidden)
            if self.precision == self.grad_w1.dtype:
                self.grad_w2.addmm_(grad_rows.t(), hidden)
                self.grad_w1.addmm_(grad_hidden.t(), rows)
            else:
                self.grad_w2 += grad_rows.t() @ hidden
                self.grad_w1 += grad_hidden.t() @ rows
            if self.grad_b1 is not None:
                self.grad_b1 += grad_hidden.sum(0)  # accumulated in float32 inside, also for bfloat16
            if self.grad_b2 is not None:
                self.grad_b2 += grad_rows.sum(0)
            torch.mm(grad_hidden, self.w1, out=out[block])
        return out


class Segment(torch.autograd.Function):
    """`num_steps` steps from one state to the next, with the sums of the two regularisers on the way."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        plan: Plan,
        keys: list[Tensor],
        recompute: bool,
        x: Tensor,
        w1: Tensor,
        b1: Tensor | None,
        w2: Tensor,
        b2: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        needs_tape = any(ctx.needs_input_grad)
        tape: list[Step] | None = [] if needs_tape and not recompute else None
        network = Network(w1, b1, w2, b2, plan.precision)
        out = x.detach().clone(memory_format=torch.contiguous_format)
        overflow, change = advance(plan, out, keys, network, tape)
        if needs_tape:
            ctx.plan, ctx.keys, ctx.network, ctx.tape = plan, keys, network, tape
            ctx.start = x.detach() if recompute else None
            ctx.save_for_backward(w1, b1, w2, b2, x if recompute else None)  # only to notice writes in between
            ctx.set_materialize_grads(False)
        return out, overflow, change

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_x: Tensor | None, grad_overflow: Tensor | None, grad_change: Tensor | None) -> Any:  # type: ignore[override]
        tape: list[Step] | None = ctx.tape
        if tape is None and ctx.start is None:
            raise RuntimeError("The rollout's record was freed by an earlier backward pass; roll out again.")
        _ = ctx.saved_tensors  # raises if one of them was written to since the rollout
        if tape is None:
            tape = []
            advance(ctx.plan, ctx.start.clone(memory_format=torch.contiguous_format), ctx.keys, ctx.network, tape)
        ctx.tape = ctx.start = None
        network: Network = ctx.network
        network.start_gradients()
        grad = retreat(ctx.plan, tape, network, grad_x, grad_overflow, grad_change, ctx.needs_input_grad[3])
        return None, None, None, grad, network.grad_w1, network.grad_b1, network.grad_w2, network.grad_b2


def advance(
    plan: Plan, x: Tensor, keys: list[Tensor], network: Network, tape: list[Step] | None
) -> tuple[Tensor, Tensor]:
    """Steps `x` (rows, C) in place; returns overflow and change, one sum per sample, and fills the tape."""
    num_rows, channels = x.shape
    measure = plan.overflow_bound is not None
    overflow, change_sum = x.new_zeros(plan.batch), x.new_zeros(plan.batch)
    everything = torch.arange(num_rows, device=x.device)
    support = x.ne(0).any(1).nonzero().view(-1) if plan.life_mask else None
    beyond = torch.zeros(num_rows, dtype=torch.bool, device=x.device) if measure else None
    over = _rows_beyond(x, None, plan.overflow_bound).nonzero().view(-1) if measure else None
    if beyond is not None and over is not None:
        beyond[over] = True
    for key in keys:
        # which cells live, and fire
        live = _alive(plan, x, support) if plan.life_mask in ("pre", "pre_post") else None
        candidates = everything if live is None else live.nonzero().view(-1)
        active, fired = _firing(plan, key, candidates)
        # what they perceive, and do
        own, perceived, gradient = _perceive(plan, x, active)
        change = network.forward(perceived)[: len(own)].to(x.dtype)
        if fired is not None:
            change = change * fired
        # the dead cells beside them may ripen in this step: they die again, but keep a neighbour alive
        ripened = _ripen(plan, x, key, live, candidates, network) if plan.life_mask == "pre_post" else None
        before = x.index_select(0, support) if measure and support is not None else None
        after = own + change
        x.index_copy_(0, active, after)
        # who dies
        kept, died, survives = None, None, None
        if plan.life_mask:
            keep = live
            if plan.life_mask in ("post", "pre_post"):
                alive_after = _alive(plan, x, candidates, ripened)
                keep = alive_after if live is None else live & alive_after
                survives = keep[active]
                x.index_fill_(0, active[~survives], 0.0)
            assert keep is not None
            assert support is not None
            dying = ~keep[support]
            died = support[dying]
            x.index_fill_(0, died, 0.0)
            kept = candidates if plan.life_mask == "pre" else keep.nonzero().view(-1)
        # the regularisers, on the rows that changed
        sign, died_sign, excess = None, None, None
        if measure and beyond is not None and over is not None:
            sign_source = change if survives is None else change * survives[:, None]
            change_sum += plan.sum_by_sample(active, sign_source.abs().sum(1))
            exceeds = _rows_beyond(after, survives, plan.overflow_bound)
            if died is not None and before is not None:
                last = before[dying]
                change_sum += plan.sum_by_sample(died, last.abs().sum(1))
                beyond.index_fill_(0, died, False)
                died_sign = last.sign() if tape is not None else None
            beyond.index_copy_(0, active, exceeds)
            over = torch.cat([over, active[exceeds]])
            if over.numel():
                over = over[beyond[over]].unique()
                states = x.index_select(0, over)
                excess = states - states.clamp(-plan.overflow_bound, plan.overflow_bound)  # type: ignore[operator]
                overflow += plan.sum_by_sample(over, excess.square().sum(1))
            sign = sign_source.sign().to(torch.int8) if tape is not None else None
        if tape is not None:
            keeps_gradient = gradient if "gradient_norm" in plan.perception.filters else None
            here = over if excess is not None else None
            tape.append(
                Step(support, kept, active, perceived, keeps_gradient, fired, sign, died, died_sign, here, excess)
            )
        support = kept
    return overflow, change_sum / (plan.num_cells * channels)


def retreat(
    plan: Plan,
    tape: list[Step],
    network: Network,
    grad_x: Tensor | None,
    grad_overflow: Tensor | None,
    grad_change: Tensor | None,
    needs_start: bool,
) -> Tensor | None:
    """The backward pass over the tape, last step first; frees each step's record on the way."""
    num_rows, channels = plan.batch * plan.num_cells, network.w2.shape[0]
    first = tape[0].perceived
    dtype = grad_x.dtype if grad_x is not None else torch.promote_types(first.dtype, torch.float32)
    grad = torch.zeros(num_rows, channels, dtype=dtype, device=first.device)
    kept = tape[-1].kept
    if grad_x is not None:  # states that the life mask zeroed have no gradient
        if kept is None:
            grad.copy_(grad_x)
        else:
            grad.index_copy_(0, kept, grad_x.index_select(0, kept))
    scratch = [torch.zeros_like(grad) for _ in plan.backward.weights]
    if grad_change is not None:
        grad_change = grad_change / (plan.num_cells * channels)
    for number in reversed(range(len(tape))):
        step = tape.pop()
        if grad_overflow is not None and step.over is not None and step.excess is not None:
            factor = 2.0 * grad_overflow[plan.sample_of(step.over)]
            grad.index_add_(0, step.over, factor[:, None] * step.excess)
        grad_rows = grad.index_select(0, step.active)
        if grad_change is not None and step.change_sign is not None:
            grad_rows += grad_change[plan.sample_of(step.active)][:, None] * step.change_sign
        if step.fired is not None:
            grad_rows = grad_rows * step.fired
        grad_perceived = network.backward(step.perceived, to_precision(grad_rows, plan.precision))
        grad_perceived = grad_perceived[: len(step.active)].to(dtype)
        if number == 0 and not needs_start:
            return None
        grad_own, grad_bands = _split(plan.perception, grad_perceived, step.gradient, channels)
        if grad_own is not None:
            grad.index_add_(0, step.active, grad_own)
        receivers = None if number == 0 else step.support
        total = grad if receivers is None else grad.index_select(0, receivers)
        for band, (buffer, grad_band) in enumerate(zip(scratch, grad_bands, strict=True)):
            buffer.index_copy_(0, step.active, grad_band)
            total = total + plan.backward.product(buffer, receivers, band)
            buffer.index_fill_(0, step.active, 0.0)
        if receivers is None:
            grad = total
        else:
            if step.kept is not None:
                grad.index_fill_(0, step.kept, 0.0)
            grad.index_fill_(0, step.active, 0.0)
            grad.index_copy_(0, receivers, total)
        if grad_change is not None and step.died is not None and step.died_sign is not None:
            grad.index_add_(0, step.died, grad_change[plan.sample_of(step.died)][:, None] * step.died_sign)
    return grad


def _alive(plan: Plan, x: Tensor, rows: Tensor | None, more: Tensor | None = None) -> Tensor:
    """Life flags of all rows, given the rows that may be mature and more that are."""
    alpha = x[:, ALPHA]
    if rows is None:
        mature = (alpha > plan.alive_threshold).nonzero().view(-1)
    else:
        mature = rows[alpha.index_select(0, rows) > plan.alive_threshold]
    if more is not None:
        mature = torch.cat([mature, more])
    return _flags(plan, plan.reach.index_select(0, mature).view(-1))


def _flags(plan: Plan, rows: Tensor) -> Tensor:
    return torch.zeros(plan.batch * plan.num_cells, dtype=torch.bool, device=rows.device).index_fill_(0, rows, True)


def _firing(plan: Plan, key: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor | None]:
    """The rows among the candidates that fire, and which of their channels where channels fire on their own."""
    rate = plan.fire_rate[candidates] if isinstance(plan.fire_rate, Tensor) else plan.fire_rate
    hashed = plan.hashed.index_select(0, candidates)
    if plan.fire_per_channel:
        return candidates, fires(key, hashed, rate[:, None] if isinstance(rate, Tensor) else rate)
    return candidates[fires(key, hashed, rate)], None


def _perceive(plan: Plan, x: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor] | None]:
    """Own state, perceived vector and raw gradient of the given rows."""
    own = x.index_select(0, rows)
    bands = [plan.forward.product(x, rows, band) for band in range(len(plan.forward.weights))]
    laplacian = bands[0] if plan.perception.uses_laplacian else None
    gradient = (bands[-2], bands[-1]) if plan.perception.uses_gradient else None
    return own, to_precision(plan.perception(own, laplacian, gradient), plan.precision), gradient


def _ripen(
    plan: Plan, x: Tensor, key: Tensor, live: Tensor | None, candidates: Tensor, network: Network
) -> Tensor | None:
    """Dead neighbours of living cells whose alpha would exceed the threshold after this step."""
    assert live is not None
    rim = (_flags(plan, plan.reach.index_select(0, candidates).view(-1)) & ~live).nonzero().view(-1)
    rows, fired = _firing(plan, key, rim)
    own, perceived, _ = _perceive(plan, x, rows)
    change = network.alpha_change(perceived)[: len(own)].to(x.dtype)
    if fired is not None:
        change = change * fired[:, ALPHA]
    return rows[own[:, ALPHA] + change > plan.alive_threshold]


def _rows_beyond(states: Tensor, survives: Tensor | None, bound: float) -> Tensor:
    """Flags of the rows with a value beyond the bound; a look at the largest value spares the rest when none has."""
    smallest, largest = states.aminmax() if states.numel() else (states.sum(), states.sum())
    if not (largest > bound or smallest < -bound):
        return torch.zeros(states.shape[0], dtype=torch.bool, device=states.device)
    exceeds = states.abs().amax(1) > bound
    return exceeds if survives is None else exceeds & survives


def _split(
    perception: Perception, grad: Tensor, gradient: tuple[Tensor, Tensor] | None, channels: int
) -> tuple[Tensor | None, list[Tensor]]:
    """The gradient of the perceived vector as that of the cell's own state and of each linear band of the stencil."""
    own, laplacian, along = None, None, [None, None]
    pieces = iter(grad.split(channels, dim=1))
    for name in perception.filters:
        piece = next(pieces)
        if name == "identity":
            own = piece
        elif name == "laplacian":
            laplacian = perception.gains[name] * piece
        elif name == "gradient":
            gain = perception.gains[name]
            parts = [gain * piece, gain * next(pieces)]
            along = [part if old is None else old + part for old, part in zip(along, parts, strict=True)]
        else:
            assert gradient is not None
            gain = perception.gains[name]
            scaled = [gain * part for part in gradient]
            length = torch.sqrt(scaled[0] ** 2 + scaled[1] ** 2 + NORM_FLOOR)
            parts = [gain * part / length * piece for part in scaled]
            along = [part if old is None else old + part for old, part in zip(along, parts, strict=True)]
    bands = [part for part in (laplacian, *along) if part is not None]
    return own, bands
