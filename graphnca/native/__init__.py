"""The engine in C++, for rollouts on the CPU: `graphnca.engine` without a pass over anything but the cells that act.

The sources in `source/` are compiled on the first rollout by whatever C++ compiler the machine has (a few seconds), for
its own processor, and kept in the user's cache. Without a compiler, or with the environment variable
`GRAPHNCA_NATIVE=0`, rollouts take PyTorch's operations instead (`graphnca.engine`), with the same results to rounding.

    compile.py   finds the compiler, and keeps what it made
    library.py   the compiled functions
    problem.py   rule and stencil as these functions want them
    segment.py   several steps as one autograd function
"""

from .library import load_library as load_library
from .problem import Problem as Problem
from .segment import NativeSegment as NativeSegment
