"""Names of before; what they name is in `topologies.kinds`."""

from functools import partial

from topologies import KINDS as KINDS
from topologies import first_of_each_kind as first_of_each_kind
from topologies import substrate_of_cells
from topologies import varied_meshes as varied_meshes
from topologies.kinds import CELLS as CELLS

KINDS = tuple(KINDS)
square_sheet = partial(substrate_of_cells, "square")
hex_sheet = partial(substrate_of_cells, "hex")
voronoi_sheet = partial(substrate_of_cells, "voronoi")
