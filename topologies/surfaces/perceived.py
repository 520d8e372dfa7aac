"""How the cells of a surface see: the stencil, fitted in each cell's tangent plane."""

import numpy as np
from jaxtyping import Float, Int
from torch_geometric.data import Data

from topologies.contract import TopologyError
from topologies.fit import Coefficients, fitted_coefficients
from topologies.operators import merged
from topologies.rings import Reads, mirrored_at_gaps, two_rings
from topologies.surfaces.log_map import logarithmic_map
from topologies.surfaces.neighbourhoods import FACING

OPERATORS = ("fitted", "averaged")
MOST_LAPLACIAN, MOST_GRADIENT = 16.0, 20.0  # sums of a cell's absolute coefficients; flat meshes stay below
STIFFER = (1e-2, 1e-1, 1.0)  # ridges tried where a cell does: at the tip of an ear its second ring folds on itself


def stencil_on_surface(topology: Data, operators: str) -> tuple[Int[np.ndarray, "2 s"], Coefficients]:
    """The stencil of a surface, of its fields alone: whoever has them can make it again.

    Raises:
        TopologyError: If `operators` is none, or the one ring, whose law adds the gradients of neighbours.
    """
    pos, normal, frame, vectors = (
        topology[name].detach().cpu().double().numpy() for name in ("pos", "normal", "frame", "edge_attr")
    )
    return perceived(operators, pos, normal, frame, topology["edge_index"].cpu().numpy(), vectors)


def perceived(
    operators: str,
    pos: Float[np.ndarray, "n 3"],
    normal: Float[np.ndarray, "n 3"],
    frame: Float[np.ndarray, "n 3"],
    edge_index: Int[np.ndarray, "2 e"],
    vectors: Float[np.ndarray, "e 2"],
) -> tuple[Int[np.ndarray, "2 s"], Coefficients]:
    """Index and coefficients of a surface's stencil over two rings, as the logarithmic map lays them down.

    No vectors of different cells are ever added: nothing has to be transported while a rule runs. Of the second ring,
    cells whose normal is more than a right angle away are left out (the other side of a thin rim).

    Raises:
        TopologyError: If `operators` is none, or the one ring, whose law adds the gradients of neighbours.
    """
    if operators not in OPERATORS:
        wanted = " or ".join(f'"{name}"' for name in OPERATORS)
        raise TopologyError(f"`operators` must be {wanted} on a surface, got {operators!r}.")
    n = len(pos)
    index = two_rings(edge_index, n)
    other, here = index
    facing = (normal[other] * normal[here]).sum(1) > FACING
    index = index[:, facing | np.isin(here * n + other, edge_index[1] * n + edge_index[0])]
    reads = Reads(index, logarithmic_map(pos, normal, frame, index))
    reads = reads.and_also(mirrored_at_gaps(reads, edge_index, vectors, np.ones(n, dtype=bool)))
    return merged(reads.index, _fitted(reads, n, averaged=operators == "averaged"), n)


def _fitted(reads: Reads, num_cells: int, *, averaged: bool) -> Coefficients:
    """The fit, with a larger ridge in cells where it would take large coefficients of opposite signs."""
    weight, gradient = fitted_coefficients(*reads, num_cells, averaged=averaged)
    receiver = reads.index[1]
    for ridge in STIFFER:
        total = np.bincount(receiver, np.abs(weight), num_cells)
        wild_weight = (total > MOST_LAPLACIAN)[receiver]
        total = np.bincount(receiver, np.hypot(*gradient.T), num_cells)
        wild_gradient = (total > MOST_GRADIENT)[receiver]
        again = wild_weight | wild_gradient
        if not again.any():
            break
        stiffer = fitted_coefficients(
            reads.index[:, again], reads.vectors[again], num_cells, averaged=averaged, ridge=ridge
        )
        weight[wild_weight] = stiffer.weight[wild_weight[again]]
        gradient[wild_gradient] = stiffer.gradient[wild_gradient[again]]
    return Coefficients(weight, gradient)
