"""Which engine takes a rollout."""

import os
import warnings

from .active_list import ActiveList
from .base import Engine
from .native import Native
from .patches import Patches
from .plain import Plain
from .task import Task

ENGINES: tuple[type[Engine], ...] = (Native, ActiveList, Patches, Plain)
"""The first that takes a task does it."""

SWITCH = "GRAPHNCA_ENGINE"  # environment variable with the name of the one engine to take


def choose_engine(task: Task) -> type[Engine]:
    """The engine for a task: the first that takes it, or the one that the environment names.

    Raises:
        ValueError: If the environment names an engine that there isn't, or one that does not take the task.
    """
    wanted = os.environ.get(SWITCH, "")
    if not wanted:
        found = next(engine for engine in ENGINES if engine.takes(task) is None)
        if found is Plain and task.followed:
            warnings.warn(
                f"The rollout takes the layer's own steps, which are slower, because {task.followed}.", stacklevel=4
            )
        return found
    named = {engine.name: engine for engine in ENGINES}
    if wanted not in named:
        raise ValueError(f"The environment variable {SWITCH} must be one of {sorted(named)}, got {wanted!r}.")
    if reason := named[wanted].takes(task):
        raise ValueError(f"{SWITCH}={wanted}, but this engine does not take the rollout: {reason}.")
    return named[wanted]
