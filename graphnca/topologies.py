"""The package `topologies` under a name that is nobody else's.

Other projects have a package of that name too, and Python takes the one that it finds first. This module takes ours or
says what is in its place: `from graphnca.topologies import square_grid`.
"""

from typing import Any

import topologies

OURS = "check_topology"  # a name that another project's package would hardly have

if OURS not in getattr(topologies, "__all__", ()):
    raise ImportError(
        f"The package `topologies` that Python finds here, {topologies.__file__ or [*topologies.__path__]}, is another "
        "project's. Remove it, or its folder from the path, and install graphnca again."
    )

__all__ = []
__all__ += topologies.__all__


def __getattr__(name: str) -> Any:
    """A public name of `topologies`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(topologies, name)


def __dir__() -> list[str]:
    return sorted(__all__)
