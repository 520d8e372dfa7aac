"""Steps in C++, for rollouts on the CPU: without a pass over anything but the cells that act.

The sources in `source/` are compiled on the first rollout by whatever C++ compiler the machine has (a few seconds), for
its own processor, and kept in the user's cache; a wheel may bring them compiled for most processors. With neither, or
with the environment variable `GRAPHNCA_ENGINE=active_list`, rollouts take PyTorch's operations instead, with the same
results to rounding.

    compiler.py  finds the compiler
    cache.py     keeps what it made, and takes nothing else
    prebuilt.py  what a wheel brings along
    library.py   the compiled functions
    problem.py   rule and stencil as these functions want them
    threads.py   how many threads they may take
    record.py    a rollout in their memory
    segment.py   several steps as one autograd function
"""

from .library import load_library as load_library
from .segment import Native as Native

__all__ = [
    "Native",
    "load_library",
]
