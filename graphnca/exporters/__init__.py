"""Rules for whoever runs them without this library."""

from .c_source import CellCost as CellCost
from .c_source import c_header as c_header
from .c_source import cell_cost as cell_cost
from .c_source import export_c as export_c

__all__ = ["CellCost", "c_header", "cell_cost", "export_c"]
