"""The compiled functions."""

import ctypes
import functools
import warnings
from pathlib import Path

from .compiler import NoCompilerError, compiled_library, loads
from .prebuilt import prebuilt_library
from .problem import Gradients, Parameters, Problem


@functools.cache
def load_library() -> ctypes.CDLL | None:
    """The library, compiled on the first call or brought by the wheel; None where there is none, said once."""
    try:
        library = ctypes.CDLL(str(_compiled_or_prebuilt()))
    except (NoCompilerError, OSError) as error:
        warnings.warn(
            f"Rollouts on the CPU take PyTorch's operations, which are slower than compiled ones, because {error}. "
            "Set GRAPHNCA_ENGINE=active_list to hear no more of it.",
            stacklevel=2,
        )
        return None
    if not hasattr(library, "omp_get_max_threads"):  # a symbol of the OpenMP library that it is linked with
        warnings.warn(
            "Rollouts on the CPU take one thread, because the compiler has no OpenMP. With g++, or the package libomp "
            "beside clang++, they take all.",
            stacklevel=2,
        )
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    problem, parameters, gradients = map(ctypes.POINTER, (Problem, Parameters, Gradients))
    library.graphnca_start_forward.argtypes = [
        *(integer, problem, parameters, pointer, pointer, pointer, integer, integer, pointer, pointer),
        ctypes.POINTER(pointer),
    ]
    library.graphnca_start_backward.argtypes = [*(integer, *(pointer,) * 5), gradients, pointer]
    library.graphnca_go_on.argtypes = [integer, pointer, ctypes.c_double]
    library.graphnca_free.restype = None
    library.graphnca_free.argtypes = [integer, pointer]
    if library.graphnca_problem_bytes() != ctypes.sizeof(Problem):
        raise RuntimeError("source/problem.hpp and problem.py disagree about the fields of Problem.")
    return library


def _compiled_or_prebuilt() -> Path:
    """For this very processor before one for all of its generation."""
    try:
        return compiled_library()
    except (NoCompilerError, OSError):
        if (path := prebuilt_library()) and loads(path):
            return path
        raise
