"""Many steps on a fixed substrate as one differentiable function: the inside of `graphnca.rollout`.

What a step has to compute is the update network on the cells that live and fire. So a step here works on lists of
cells: the support (cells whose state may differ from zero), those of them that live, those of these that fire. The
perception of the firing cells is a gather-and-sum over their rows of the stencil, and the state changes in place. The
backward pass is written by hand: it keeps, for each step, the perceived vectors and the lists, computes the hidden
layer again in blocks that stay in the cache, and carries the gradient of the support alone.

Everything equals stepping `NCAConv` with the same keys, up to the order of float sums.

    plan.py      what stays the same from step to step
    network.py   the update network's two passes
    advance.py   the steps, forward
    ledger.py    the regularisers, on the cells that changed
    retreat.py   the steps, backward
    segment.py   both as one autograd function
"""

from .plan import Plan as Plan
from .segment import Segment as Segment
