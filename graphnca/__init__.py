"""Neural cellular automata on any cell topology.

Names are loaded when they are asked for, so that `graphnca --help` does not wait for torch.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from .engine.rollout import Trajectory as Trajectory
    from .engine.rollout import rollout as rollout
    from .engine.rollout import trajectory as trajectory
    from .rules import load_rule as load_rule
    from .rules import save_rule as save_rule

    __version__: str
else:
    HOMES = {
        "Trajectory": "engine.rollout",
        "load_rule": "rules",
        "rollout": "engine.rollout",
        "save_rule": "rules",
        "trajectory": "engine.rollout",
    }

    def __getattr__(name: str) -> object:
        """A public name out of its module, as PEP 562 has it."""
        if name == "__version__":
            return importlib.import_module("importlib.metadata").version(__name__)
        if name not in HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f".{HOMES[name]}", __name__), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = ["Trajectory", "load_rule", "rollout", "save_rule", "trajectory"]
