"""A patch of hexagonal cells that is a hexagon itself."""

from functools import partial

import networkx as nx
from torch_geometric.data import Data

from topologies.arguments import checked
from topologies.contract import TopologyError
from topologies.networks import from_networkx


@partial(checked, error=TopologyError)
def hexagonal_patch(cells: int) -> Data:
    """A bounded patch of hexagonal cells of about that many, itself a hexagon, with a cell in the middle.

    It has the twelve symmetries of a hexagon, which the torus of `hex_grid`, a rectangle, has not. Of r rings round the
    cell in the middle it has 3 r (r + 1) + 1 cells; r is at least 1. Its cells see one ring of neighbours, all with the
    same weight: coefficients that are fitted are symmetric up to rounding alone.
    """
    rings = max(1, round((cells / 3) ** 0.5 - 0.5))
    patch, reach = nx.Graph(), range(-rings, rings + 1)
    for q in reach:
        for r in reach:
            if abs(q + r) <= rings:
                patch.add_node((q, r), pos=(q + r / 2, r * 3**0.5 / 2))
    for q, r in list(patch):
        patch.add_edges_from(((q, r), near) for near in ((q + 1, r), (q, r + 1), (q + 1, r - 1)) if near in patch)
    return from_networkx(patch, operators="one_ring")
