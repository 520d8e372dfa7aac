"""One step of a neural cellular automaton on any graph, in the manner of a PyTorch Geometric layer."""

from .coefficients import along_edges as along_edges
from .coefficients import neighbourhood as neighbourhood
from .convert import in_8_bits as in_8_bits
from .convert import in_fixed_point as in_fixed_point
from .convert import in_float as in_float
from .firing import fire_key as fire_key
from .firing import fires as fires
from .life import alive_mask as alive_mask
from .nca_conv import NCAConv as NCAConv
from .perception import FILTERS as FILTERS
from .perception import PRESETS as PRESETS
from .perception import Perception as Perception
from .update import UpdateRule as UpdateRule

__all__ = [
    "FILTERS",
    "PRESETS",
    "NCAConv",
    "Perception",
    "UpdateRule",
    "alive_mask",
    "along_edges",
    "fire_key",
    "fires",
    "in_8_bits",
    "in_fixed_point",
    "in_float",
    "neighbourhood",
]
