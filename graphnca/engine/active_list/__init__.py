"""Steps on lists of cells, with PyTorch's operations.

A step works on the support (cells whose state may differ from zero), those of them that live, those of these that
fire. The perception of the firing cells is a gather-and-sum over their rows of the stencil, and the state changes in
place. The backward pass is written by hand: it keeps, for each step, the perceived vectors and the lists, computes the
hidden layer again in blocks that stay in the cache, and carries the gradient of the support alone.

    plan.py          what stays the same from step to step
    network.py       the update network's two passes
    forward.py       the steps, forward
    regularisers.py  overflow and change, on the cells that changed
    backward.py      the steps, backward
    segment.py       both as one autograd function
"""

from .segment import ActiveList as ActiveList

__all__ = [
    "ActiveList",
]
