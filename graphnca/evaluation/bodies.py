"""The bodies of a state: pieces of mature cells that hang together through edges."""

import numpy as np
from jaxtyping import Bool
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor
from torch_geometric.data import Data


def bodies(mature: Bool[Tensor, " n"], topology: Data) -> list[float]:
    """The area of each body in square units, the largest first; none where nothing lives.

    Args:
        mature: Which cells are.
        topology: The substrate; neighbours are in one body.
    """
    neighbour, cell = topology["edge_index"].numpy()
    lives = mature.numpy()
    joined = lives[neighbour] & lives[cell]
    pairs = (neighbour[joined], cell[joined])
    graph = coo_array((np.ones(int(joined.sum()), dtype=bool), pairs), shape=(len(lives), len(lives)))
    _, labels = connected_components(graph, directed=False)
    areas = np.bincount(labels[lives], weights=topology["area"].numpy()[lives])
    return sorted(areas[areas > 0].tolist(), reverse=True)
