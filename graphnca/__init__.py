"""Neural cellular automata on any cell topology."""

from .rollout import Trajectory as Trajectory
from .rollout import rollout as rollout
from .rollout import trajectory as trajectory
from .rules import load_rule as load_rule
from .rules import save_rule as save_rule

__all__ = ["Trajectory", "load_rule", "rollout", "save_rule", "trajectory"]
