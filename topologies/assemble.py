"""The one place where a substrate becomes a `Data`: sorting, smoothing, rounding, and the check before and after it."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch_geometric.data import Data

from topologies.contract import TopologyError, check_topology
from topologies.noise_gain import noise_quadratic, smoothing_share


def assemble(
    pos: Float[np.ndarray, "n 2"],
    edge_index: Int[np.ndarray, "2 e"],
    vectors: Float[np.ndarray, "e 2"],
    weights: Float[np.ndarray, " e"],
    area: Float[np.ndarray, " n"],
    extent: tuple[float, float],
    periodic: bool,
) -> Data:
    """Builds the `Data` of a substrate from its geometry and checks the contract once.

    Edges may come in any order; they leave sorted by perceiving cell, then neighbour. `smoothing` is computed here.
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
        smoothing=torch.from_numpy(smoothing_share(noise_quadratic(edges, vectors, weights, n))),
        area=torch.from_numpy(area),
        extent=torch.tensor([extent], dtype=torch.float64),
        periodic=torch.tensor([periodic]),
    )
    check_topology(data, rounded=False)
    for name, value in list(data.items()):
        if value.dtype == torch.float64:
            data[name] = value.float()
    try:
        check_topology(data)
    except TopologyError as error:
        raise TopologyError(f"{str(error).removesuffix('.')} after rounding to float32.") from error
    return data
