"""Many steps on a fixed substrate as one differentiable function: the inside of `graphnca.rollout`.

What a step has to compute is the update network on the cells that live and fire. Three engines do that, each for what
it runs on; all of them equal stepping `NCAConv` with the same keys, up to the order of float sums.

    stencil.py  the perception of a substrate as sparse operators
    base.py     what every engine is given, and gives
    choice.py   which one takes a rollout
    native/   in C++, for float32 and float64 on the CPU: nothing but the cells that act is looked at; in 8 bits too
    lists/      PyTorch's operations on lists of cells: on the CPU without a compiler, or with bfloat16 products
    patches/  PyTorch's operations on patches of fixed shape, masked: on accelerators, which must not wait for a list
"""

from .base import Engine as Engine
from .base import Task as Task
from .choice import choose_engine as choose_engine
from .choice import has_engine as has_engine
