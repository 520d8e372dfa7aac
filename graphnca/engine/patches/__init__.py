"""Steps on patches of fixed shape, masked, with PyTorch's operations: for accelerators.

A list of the cells that act has another length in every step, and the host must wait for it. So here a span of steps
works on a patch: the cells that the span can reach, as many in every sample, all of which are computed and then
masked. The host waits once a span, for the size of the patch. The backward pass keeps the states of the patch and takes
each step again under autograd; there is no atomic addition in it, so it is repeatable.

    patch.py     the cells that a span can reach, and the stencil among them
    step.py      one step of a patch
    segment.py   many steps as one autograd function
"""

from .segment import Patches as Patches

__all__ = [
    "Patches",
]
