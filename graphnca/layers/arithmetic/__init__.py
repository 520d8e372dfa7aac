"""How a step computes: in floating point, in fixed point, in 8 bits; one object each behind one interface.

base.py         what a step leaves to its arithmetic
float.py        nothing is rounded
fixed_point.py  every factor of a sum is rounded, so that sums are exact
eight_bit.py    every computed number is a whole number of levels
registry.py     all of them by name
"""

from .base import Arithmetic as Arithmetic
from .base import ScaledNetwork as ScaledNetwork
from .registry import ARITHMETICS as ARITHMETICS

__all__ = ["ARITHMETICS", "Arithmetic", "ScaledNetwork"]
