"""How the cells of a substrate see: the choice of their stencils."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch_geometric.data import Data

from topologies.contract import GRADIENT_GAIN, TopologyError, check_topology, shortest_image
from topologies.fit import FINE_RIDGE, LAPLACIAN_OF_MONOMIALS, RIDGE, WIDTH, Coefficients, fitted_coefficients
from topologies.noise_gain import one_ring_stencil
from topologies.rings import Reads, are_fine, reads_in_plane

EXACT = 1e-3  # share of the kernel's gain: rounding takes less
OPERATORS = ("fitted", "averaged", "one_ring")
"""The choices: gradients fitted to the square grid's kernel in each cell's own frame, fitted to its average over all
directions, or taken over one ring under the noise-gain law."""


def stencil(
    operators: str,
    edge_index: Int[np.ndarray, "2 e"],
    vectors: Float[np.ndarray, "e 2"],
    weights: Float[np.ndarray, " e"],
    reads: Reads,
    num_cells: int,
    *,
    width: float = WIDTH,
    ridge: float = RIDGE,
) -> tuple[Int[np.ndarray, "2 s"], Coefficients]:
    """Index and coefficients of a substrate's stencil, in the order of the contract.

    Args:
        operators: One of `OPERATORS`.
        edge_index: Sorted by perceiving cell, then neighbour.
        vectors: Direction vectors of the edges, in units of length.
        weights: Laplacian weights.
        reads: The cells that a fit may read, with mirror images across borders.
        num_cells: Number of cells.
        width: See `fitted_coefficients`.
        ridge: See `fitted_coefficients`.

    Raises:
        TopologyError: If there is no such choice.
    """
    if operators not in OPERATORS:
        raise TopologyError(f"`operators` must be one of {', '.join(OPERATORS)}, got {operators!r}.")
    if operators == "one_ring":
        return one_ring_stencil(edge_index, vectors, weights, num_cells)
    fitted = fitted_coefficients(*reads, num_cells, averaged=operators == "averaged", width=width, ridge=ridge)
    return merged(reads.index, fitted, num_cells)


def merged(
    index: Int[np.ndarray, "2 s"], coefficients: Coefficients, num_cells: int
) -> tuple[Int[np.ndarray, "2 t"], Coefficients]:
    """Every cell read once, in the order of the contract; a cell's own mirror image counts nothing: x_i - x_i."""
    source, receiver = index
    others = source != receiver
    key, place = np.unique(receiver[others] * num_cells + source[others], return_inverse=True)
    weight, *gradient = (
        np.bincount(place, values[others], len(key)) for values in (coefficients.weight, *coefficients.gradient.T)
    )
    return np.stack([key % num_cells, key // num_cells]), Coefficients(weight, np.stack(gradient, axis=1))


def with_operators(topology: Data, operators: str, *, width: float = WIDTH, ridge: float | None = None) -> Data:
    """A substrate of the plane whose cells see otherwise: a new `Data`, the same cells and edges.

    Args:
        topology: A substrate of the plane that keeps the contract; a square grid may be given a stencil by it.
        operators: One of `OPERATORS`.
        width: See `fitted_coefficients`.
        ridge: See `fitted_coefficients`; None: `topologies.fit.RIDGE`, or `FINE_RIDGE` where cells are as dense as on
            the square grid or denser.

    Raises:
        TopologyError: If there is no such choice, or the substrate does not lie in the plane.
    """
    if "extent" not in topology or topology["extent"].shape[0] != 1:
        raise TopologyError("`topology` must be one substrate of the plane.")
    index, coefficients = stencil_in_plane(topology, operators, width=width, ridge=ridge)
    other = put_stencil(topology.clone(), index, coefficients)
    check_topology(other)
    return other


def stencil_in_plane(
    topology: Data, operators: str, *, width: float = WIDTH, ridge: float | None = None
) -> tuple[Int[np.ndarray, "2 s"], Coefficients]:
    """Index and coefficients for one substrate of the plane; arguments and errors as of `with_operators`."""
    pos, vectors, weights, extent = (
        topology[name].detach().cpu().double().numpy() for name in ("pos", "edge_attr", "edge_weight", "extent")
    )
    edges, periodic = topology["edge_index"].cpu().numpy(), bool(topology["periodic"])
    reads = reads_in_plane(pos, edges, vectors, extent[0], periodic=periodic)
    if ridge is None:
        ridge = FINE_RIDGE if are_fine(len(pos), extent[0]) else RIDGE
    return stencil(operators, edges, vectors, weights, reads, len(pos), width=width, ridge=ridge)


def put_stencil(topology: Data, index: Int[np.ndarray, "2 s"], coefficients: Coefficients) -> Data:
    """Gives a substrate a stencil, in the type and on the device of its positions; returns it."""
    pos = topology["pos"]
    topology["stencil_index"] = torch.from_numpy(index).to(pos.device)
    topology["stencil_weight"] = torch.from_numpy(coefficients.weight).to(pos)
    topology["stencil_gradient"] = torch.from_numpy(coefficients.gradient).to(pos)
    return topology


def operators_of(topology: Data) -> str | None:
    """By which choice the stencil of a substrate of the plane was made; None: by none of them, or there is none."""
    if "stencil_index" not in topology or "extent" not in topology or topology["extent"].shape[0] != 1:
        return None
    for operators in OPERATORS:
        made = with_operators(topology, operators)
        if torch.equal(made["stencil_index"], topology["stencil_index"]) and all(
            torch.allclose(made[name], topology[name], rtol=1e-4, atol=1e-4)
            for name in ("stencil_weight", "stencil_gradient")
        ):
            return operators
    return None


def cells_of_lower_order(topology: Data) -> int:
    """How many cells of a substrate of the plane have a Laplacian that is not exact on quadratic fields.

    At a border, with few neighbours or with neighbours on a line a fit takes the best lower order; over one ring no
    cell of a mesh is exact. On a small torus, where two rings meet a cell twice, all are counted.
    """
    index, weight = topology["stencil_index"].cpu().numpy(), topology["stencil_weight"].cpu().double().numpy()
    pos, extent = topology["pos"].cpu().double().numpy(), topology["extent"].cpu().double().numpy()[0]
    x, y = shortest_image(pos[index[0]] - pos[index[1]], extent, bool(topology["periodic"])).T
    made = np.stack([np.bincount(index[1], weight * field, len(pos)) for field in (x, y, x * x, x * y, y * y)])
    wanted = np.array(LAPLACIAN_OF_MONOMIALS[1:])[:, None]
    return int((np.abs(made - wanted).max(0) > EXACT * GRADIENT_GAIN).sum())
