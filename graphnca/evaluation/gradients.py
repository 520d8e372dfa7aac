"""The ways in which cells may perceive a gradient on the same substrate: under the noise-gain law, or without it."""

from collections.abc import Callable

import torch
from torch_geometric.data import Data

from ..layers import moment_correction


def as_it_is(topology: Data) -> Data:
    """The substrate under the law."""
    return topology


def smoothed_by(topology: Data, share: float) -> Data:
    """The substrate with one share of smoothing for all cells."""
    other = topology.clone()
    other["smoothing"] = torch.full_like(topology["smoothing"], share)
    return other


def unsmoothed(topology: Data) -> Data:
    """The substrate without smoothing."""
    return smoothed_by(topology, 0.0)


def uncorrected(topology: Data) -> Data:
    """A substrate on which the layer's gradient is the raw sum b_i = sum_j w_ij v_ij (x_j - x_i).

    The layer multiplies by 8 / M_i. With direction vectors v' = 8 M_i^-1 v its moments are M' = 64 M_i^-1, and
    8 M'^-1 sum_j w_ij v'_ij (x_j - x_i) = 8 (M_i / 64) (8 M_i^-1) b_i = b_i.
    """
    edges, weights, vectors = (
        topology[field].double() if field != "edge_index" else topology[field]
        for field in ("edge_index", "edge_weight", "edge_attr")
    )
    correction = moment_correction(edges, weights, vectors, int(topology.num_nodes or 0))
    other = unsmoothed(topology)
    turned = (correction[edges[1]] @ vectors[..., None]).squeeze(-1)
    other["edge_attr"] = turned.to(topology["edge_attr"])
    return other


WAYS: dict[str, Callable[[Data], Data]] = {"law": as_it_is, "corrected": unsmoothed, "raw": uncorrected}
"""The ways to perceive a gradient that are compared."""
