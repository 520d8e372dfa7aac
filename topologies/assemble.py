"""The one place where a substrate becomes a `Data`: sorting, stencil, rounding, and the check before and after it."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch_geometric.data import Data

from topologies.contract import TopologyError, check_topology
from topologies.fit import Coefficients
from topologies.operators import put_stencil, stencil_in_plane


def assemble(
    pos: Float[np.ndarray, "n 2"],
    edge_index: Int[np.ndarray, "2 e"],
    vectors: Float[np.ndarray, "e 2"],
    weights: Float[np.ndarray, " e"],
    area: Float[np.ndarray, " n"],
    extent: tuple[float, float],
    periodic: bool,
    operators: str | None = None,
    seen: tuple[Int[np.ndarray, "2 s"], Coefficients] | None = None,
) -> Data:
    """Builds the `Data` of a substrate from its geometry and checks the contract once.

    Edges may come in any order; they leave sorted by perceiving cell, then neighbour. The stencil is made here, in
    float64, of the geometry as it leaves: whoever has the fields can make it again (a page does).
    All laws are checked in float64, where a builder's fault shows, and again in float32, as the fields leave: there two
    cells may have fallen together, or numbers have run out of range.

    Args:
        pos: cell centres.
        edge_index: row 0 neighbour, row 1 perceiving cell; both directions of every pair.
        vectors: direction vector from the perceiving cell to the neighbour.
        weights: Laplacian weights.
        area: cell areas.
        extent: width and height of the domain.
        periodic: torus or bounded domain.
        operators: one of `topologies.operators.OPERATORS`, by which the stencil is made; None: it is `seen`.
        seen: index and coefficients of a stencil, in the order of the contract; None: cells perceive along their edges.

    Raises:
        TopologyError: if the result breaks a law of the contract.
    """
    n = len(pos)
    order = np.argsort(edge_index[1].astype(np.int64) * n + edge_index[0], kind="stable")
    edges, vectors, weights = edge_index[:, order].astype(np.int64), vectors[order], weights[order]
    data = Data(
        pos=torch.from_numpy(pos),
        edge_index=torch.from_numpy(edges),
        edge_attr=torch.from_numpy(vectors),
        edge_weight=torch.from_numpy(weights),
        area=torch.from_numpy(area),
        extent=torch.tensor([extent], dtype=torch.float64),
        periodic=torch.tensor([periodic]),
    )
    return finished(data, lambda rounded: seen if operators is None else stencil_in_plane(rounded, operators))


def finished(data: Data, see: Callable[[Data], tuple[Int[np.ndarray, "2 s"], Coefficients] | None]) -> Data:
    """Rounds a substrate to float32, gives it the stencil that `see` makes of it, and checks it before and after.

    Raises:
        TopologyError: if the result breaks a law of the contract.
    """
    check_topology(data, rounded=False)
    for name, value in list(data.items()):
        if value.dtype == torch.float64:
            data[name] = value.float()
    if (seen := see(data)) is not None:
        put_stencil(data, *seen)
    try:
        check_topology(data)
    except TopologyError as error:
        raise TopologyError(f"{str(error).removesuffix('.')} after rounding to float32.") from error
    return data
