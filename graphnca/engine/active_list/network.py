"""The update network's forward and backward pass over lists of cells."""

import torch
from torch import Tensor

from ...layers.life import ALPHA

BLOCK = 2048  # rows computed at a time: the hidden activations stay in the cache
QUANTUM = 256  # low-precision products come in multiples of so many rows


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
