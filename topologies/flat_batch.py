"""Several substrates as one graph of many parts."""

from collections.abc import Iterable

import torch
from torch_geometric.data import Batch, Data

from topologies.contract import GRADIENT_GAIN, STENCIL_FIELDS


def flat_batch(topologies: Iterable[Data]) -> Data:
    """A flat PyG `Batch` of substrates, of which some may have a stencil and others none.

    `Batch.from_data_list` takes the fields of the first: squares, which have no stencil, would cost the others theirs.
    Here they get theirs written out, the coefficients of their edges: 8 M_i^-1 w_ij v_ij with M_i = sum_j w_ij v_ij
    v_ij^T, and w_ij itself.
    """
    parts = list(topologies)
    if any("stencil_index" in part for part in parts):
        parts = [part if "stencil_index" in part else _written_out(part) for part in parts]
    return Batch.from_data_list(parts)  # type: ignore[return-value, arg-type]  # a Data too, at run time


def _written_out(topology: Data) -> Data:
    other = topology.clone()
    index, weight, vectors = (topology[name] for name in ("edge_index", "edge_weight", "edge_attr"))
    outer = weight[:, None, None] * vectors[:, :, None] * vectors[:, None, :]
    moments = outer.new_zeros(len(topology["pos"]), 2, 2).index_add(0, index[1], outer)
    inverse = GRADIENT_GAIN * torch.linalg.pinv(moments, rtol=1e-5, hermitian=True)
    gradient = weight[:, None] * (inverse[index[1]] @ vectors[:, :, None]).squeeze(-1)
    other.update(dict(zip(STENCIL_FIELDS, (index, weight, gradient), strict=True)))
    return other
