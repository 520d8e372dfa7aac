"""How the cells of a surface see: the stencil, fitted in each cell's tangent plane."""

import numpy as np
from jaxtyping import Bool, Float, Int
from torch_geometric.data import Data

from topologies.contract import TopologyError
from topologies.fit import RIDGE, Coefficients, fitted_coefficients
from topologies.operators import merged
from topologies.rings import Reads, two_rings
from topologies.surfaces.border import mirrored_at_border
from topologies.surfaces.log_map import logarithmic_map
from topologies.surfaces.neighbourhoods import FACING

OPERATORS = ("fitted", "averaged")
MOST_LAPLACIAN, MOST_GRADIENT = 16.0, 20.0  # sums of a cell's absolute coefficients; flat meshes stay below
LEAST_LAPLACIAN = 4.0  # sum of its coefficients, 12 where nothing is mirrored: below it, a cell would not be smoothed
MOST_NOISE = 5.9  # root of the sum of a cell's squared coefficients of the gradient at a border; flat meshes stay below
MOST_SIGNS = 1.6  # sum of its absolute coefficients of the Laplacian over their sum, there; flat meshes stay below
FEWEST = 5  # cells that one at a border reads to perceive a gradient: fewer hardly tell a slope from their values
STIFFER = (1e-2, 1e-1, 1.0)  # ridges tried where a cell exceeds them


def stencil_on_surface(topology: Data, operators: str) -> tuple[Int[np.ndarray, "2 s"], Coefficients]:
    """The stencil of a surface, of its fields alone: whoever has them can make it again.

    Raises:
        TopologyError: If `operators` is none, or the one ring, whose law adds the gradients of neighbours.
    """
    names = ("pos", "normal", "frame", "edge_attr", "edge_weight")
    pos, normal, frame, vectors, weights = (topology[name].detach().cpu().double().numpy() for name in names)
    return perceived(operators, pos, normal, frame, topology["edge_index"].cpu().numpy(), vectors, weights)


def perceived(
    operators: str,
    pos: Float[np.ndarray, "n 3"],
    normal: Float[np.ndarray, "n 3"],
    frame: Float[np.ndarray, "n 3"],
    edge_index: Int[np.ndarray, "2 e"],
    vectors: Float[np.ndarray, "e 2"],
    weights: Float[np.ndarray, " e"],
) -> tuple[Int[np.ndarray, "2 s"], Coefficients]:
    """Index and coefficients of a surface's stencil over two rings, as the logarithmic map lays them down.

    No vectors of different cells are ever added: nothing has to be transported while a rule runs. Of the second ring,
    cells whose normal is more than a right angle away are left out (the other side of a thin rim).

    A cell whose coefficients would be larger than any of a flat mesh (where two rings fold on one another, as at the
    tip of an ear) has a larger ridge; if that does not do, they are made as small. A cell that the others would hardly
    draw to their mean (in a notch of a border) has the weights of its edges; so has one at a border whose Laplacian
    would be a difference of large terms. The gradient of a cell at a border is made so small that it sees no more noise
    than on a flat mesh; one that reads hardly any others perceives none.

    Raises:
        TopologyError: If `operators` is none, or the one ring, whose law adds the gradients of neighbours.
    """
    if operators not in OPERATORS:
        wanted = " or ".join(f'"{name}"' for name in OPERATORS)
        raise TopologyError(f"`operators` must be {wanted} on a surface, got {operators!r}.")
    n = len(pos)
    reads = reads_on_surface(pos, normal, frame, edge_index)
    mirrored = mirrored_at_border(reads, normal, frame, edge_index, vectors)
    at_border = np.isin(np.arange(n), mirrored.index[1])
    reads = reads.and_also(mirrored)

    def fit(part: Bool[np.ndarray, " s"], ridge: float) -> Coefficients:
        chosen = Reads(reads.index[:, part], reads.vectors[part])
        return fitted_coefficients(*chosen, n, averaged=operators == "averaged", ridge=ridge)

    weight, gradient = fit(np.ones(len(reads.vectors), dtype=bool), RIDGE)
    for ridge in STIFFER:
        excess = _excess(reads.index, Coefficients(weight, gradient), n)
        wild_weight, wild_gradient = excess.weight > 1, excess.gradient[:, 0] > 1
        again = wild_weight | wild_gradient
        if not again.any():
            break
        stiffer = fit(again, ridge)
        weight[wild_weight] = stiffer.weight[wild_weight[again]]
        gradient[wild_gradient] = stiffer.gradient[wild_gradient[again]]
    excess = _excess(reads.index, Coefficients(weight, gradient), n)
    steady = Coefficients(weight / np.maximum(excess.weight, 1), gradient / np.maximum(excess.gradient, 1))
    index, (weight, gradient) = merged(reads.index, steady, n)
    total, size = (np.bincount(index[1], values, n) for values in (weight, np.abs(weight)))
    drawn = (total > LEAST_LAPLACIAN) & ~(at_border & (size > MOST_SIGNS * total))
    along = np.zeros(len(weight))
    along[np.searchsorted(index[1] * n + index[0], edge_index[1] * n + edge_index[0])] = weights
    noise = np.sqrt(np.bincount(index[1], np.square(gradient).sum(1), n))
    perceives = np.where(np.bincount(index[1], minlength=n) < FEWEST, 0.0, MOST_NOISE / np.maximum(noise, MOST_NOISE))
    share = np.where(at_border, perceives, 1.0)
    return index, Coefficients(np.where(drawn[index[1]], weight, along), gradient * share[index[1], None])


def reads_on_surface(
    pos: Float[np.ndarray, "n 3"],
    normal: Float[np.ndarray, "n 3"],
    frame: Float[np.ndarray, "n 3"],
    edge_index: Int[np.ndarray, "2 e"],
) -> Reads:
    """Two rings as the logarithmic map lays them down, neighbours of neighbours that face the cell's way only."""
    n = len(pos)
    index = two_rings(edge_index, n)
    facing = (normal[index[0]] * normal[index[1]]).sum(1) > FACING
    index = index[:, facing | np.isin(index[1] * n + index[0], edge_index[1] * n + edge_index[0])]
    return Reads(index, logarithmic_map(pos, normal, frame, index))


def _excess(index: Int[np.ndarray, "2 s"], coefficients: Coefficients, num_cells: int) -> Coefficients:
    """How often what a cell's coefficients of Laplacian and gradient may sum to is in their sum, for every entry."""
    receiver = index[1]
    laplacian = np.bincount(receiver, np.abs(coefficients.weight), num_cells) / MOST_LAPLACIAN
    gradient = np.bincount(receiver, np.hypot(*coefficients.gradient.T), num_cells) / MOST_GRADIENT
    return Coefficients(laplacian[receiver], np.repeat(gradient[receiver, None], 2, axis=1))
