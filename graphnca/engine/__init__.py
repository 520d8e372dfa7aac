"""Many steps on a fixed substrate as one differentiable function: the inside of `graphnca.rollout`.

What a step has to compute is the update network on the cells that live and fire. Three engines do that, each for what
it runs on, and a fourth takes whatever they don't; all of them equal stepping `NCAConv` with the same keys, up to the
order of float sums. A new one is a subclass of `Engine` and a place in `ENGINES`.

    task.py       what a rollout asks for
    base.py       what an engine is
    choice.py     which one takes a rollout
    graph.py      what a graph must be before its numbers are trusted
    stencil.py    the perception of a substrate as sparse operators
    stencil_cache.py  those that were built, for all threads
    following.py  what follows the steps besides a backward pass: second gradients, `torch.func`
    start.py      the states that steps began with, from which they can be taken again
    native/       in C++, on the CPU: nothing but the cells that act is looked at; in bfloat16 and 8 bits too
    active_list/  PyTorch on lists of the cells that act: on the CPU without a compiler, or without bfloat16's unit
    patches/      PyTorch on patches of fixed shape, masked: on accelerators, which must not wait for a list
    plain.py      the layer, step by step
"""

from .base import Engine as Engine
from .choice import ENGINES as ENGINES
from .choice import choose_engine as choose_engine
from .task import Task as Task

__all__ = [
    "ENGINES",
    "Engine",
    "Task",
    "choose_engine",
]
