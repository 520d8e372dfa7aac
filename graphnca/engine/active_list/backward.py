"""The steps, backward."""

import torch
from torch import Tensor

from ...layers import Perception
from ...layers.perception import ALONG, FULL_SLOPE, NONE, NORM_FLOOR, OWN, PARTS
from .forward import Step
from .network import Network, to_precision
from .plan import Plan


def backward(
    plan: Plan,
    tape: list[Step],
    network: Network,
    grad_x: Tensor | None,
    grad_overflow: Tensor | None,
    grad_change: Tensor | None,
    needs_start: bool,
) -> Tensor | None:
    """The backward pass over the tape, last step first; frees each step's record on the way.

    The gradient of a state is right on the rows kept after the step under way. Other rows hold what later steps left
    there: nothing reads them, but for those that the life mask zeroed, which are zeroed here too.
    """
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
        measured = step.measured
        if grad_overflow is not None and measured and measured.over:
            rows, excess = measured.over
            grad.index_add_(0, rows, 2.0 * grad_overflow[plan.sample_of(rows)][:, None] * excess)
        if step.zeroed is not None:
            grad.index_fill_(0, step.zeroed, 0.0)
        grad_after = grad_rows = grad.index_select(0, step.active)
        if grad_change is not None and measured:
            grad_rows = grad_rows + grad_change[plan.sample_of(step.active)][:, None] * measured.change_sign
        if step.fired is not None:
            grad_rows = grad_rows * step.fired
        grad_perceived = network.backward(step.perceived, to_precision(grad_rows, plan.precision))
        grad_perceived = grad_perceived[: len(step.active)].to(dtype)
        if number == 0 and not needs_start:
            return None
        grad_own, grad_bands = _split(plan.perception, grad_perceived, step.operated, channels)
        if grad_own is not None:
            grad.index_copy_(0, step.active, grad_own.add_(grad_after))
        receivers = None if number == 0 else step.support
        if receivers is not None:
            total = grad.index_select(0, receivers)
        elif step.kept is None:
            total = grad
        else:  # the start of the segment: all of its rows have a gradient
            total = torch.zeros_like(grad).index_copy_(0, step.kept, grad.index_select(0, step.kept))
        for band, (buffer, grad_band) in enumerate(zip(scratch, grad_bands, strict=True)):
            buffer.index_copy_(0, step.active, grad_band)
            total = plan.backward.product(buffer, receivers, band).add_(total)
            buffer.index_fill_(0, step.active, 0.0)
        if receivers is None:
            grad = total
        else:
            grad.index_copy_(0, receivers, total)
        if grad_change is not None and measured and measured.died:
            rows, sign = measured.died
            grad.index_add_(0, rows, grad_change[plan.sample_of(rows)][:, None] * sign)
    return grad


def _split(
    perception: Perception, grad: Tensor, operated: list[Tensor], channels: int
) -> tuple[Tensor | None, list[Tensor]]:
    """The gradient of the perceived vector as that of the cell's own state and of what each operator makes."""
    own: Tensor | None = None
    rows: list[Tensor | None] = [None for _ in perception.operators]

    def add(row: int, part: Tensor) -> None:
        before = rows[row]
        rows[row] = part if before is None else before + part

    for (first, second, gain, part), piece in zip(perception.program(), grad.split(channels, dim=1), strict=True):
        if first == OWN:
            own = piece if own is None else own + piece
        elif second == NONE:
            add(first, gain * piece)
        elif part == 0:
            one, other = gain * operated[first], gain * operated[second]
            length = torch.sqrt(one**2 + other**2 + NORM_FLOOR)
            add(first, gain * one / length * piece)
            add(second, gain * other / length * piece)
        else:
            for row, share in zip(
                (first, second), _through_guide(operated[first], operated[second], part, gain * piece), strict=True
            ):
                add(row, share)
    return own, [torch.zeros_like(grad[:, :channels]) if row is None else row for row in rows]


def _through_guide(x: Tensor, y: Tensor, part: int, grad: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of both operators, from that of a part of their vector along or across the guide."""
    guide = torch.stack([x[:, -1], y[:, -1]])
    size = guide.norm(dim=0)
    full = size >= FULL_SLOPE
    size = torch.where(full, size, FULL_SLOPE)
    guide = guide / size
    pull = torch.stack([(grad * x).sum(1), (grad * y).sum(1)])  # of the factors of x and y
    if PARTS[part] == ALONG:
        factors = guide
    else:
        factors, pull = torch.stack([-guide[1], guide[0]]), torch.stack([pull[1], -pull[0]])
    pull = (pull - torch.where(full, (pull * guide).sum(0), 0.0) * guide) / size  # a full guide only turns
    to_x, to_y = factors[0, :, None] * grad, factors[1, :, None] * grad
    to_x[:, -1] += pull[0]
    to_y[:, -1] += pull[1]
    return to_x, to_y
