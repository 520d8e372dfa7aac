"""The kinds of arithmetic by name."""

from .base import Arithmetic
from .eight_bit import EightBit
from .fixed_point import FixedPoint
from .float import FloatingPoint

ARITHMETICS: dict[str, Arithmetic] = {kind.name: kind for kind in (FloatingPoint(), FixedPoint(), EightBit())}
"""What `NCAConv(arithmetic=...)` may be."""
