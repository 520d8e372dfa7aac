"""Which of a substrate's stencils a fit over two rings alone makes again: what a page need not carry."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch_geometric.data import Data

from topologies.fit import fitted_coefficients
from topologies.rings import Reads, direct_reads, narrow
from topologies.surfaces.perceived import OPERATORS, reads_on_surface

SAME = 1e-6  # of a coefficient, or of 1 if it is smaller: what rounding to float32 takes


class Refit(NamedTuple):
    """How a substrate's stencil can be fitted anew.

    Attributes:
        operators: `"fitted"` or `"averaged"`.
        others: The cells whose coefficients are other ones: they read mirror images across a border, or have a larger
            ridge.
    """

    operators: str
    others: Int[np.ndarray, " x"]


def refit(topology: Data) -> Refit | None:
    """Whether a fit over the two rings round each cell makes a substrate's stencil again, to 1e-6, and for which not.

    The cells are laid down as they lie in the plane, on a torus the shortest way round, or on a surface by the
    logarithmic map. Borders are not looked at, and width and ridge are the usual ones (`topologies.fit`).

    Returns:
        The choice of operators that serves most cells; None if it serves fewer than half, if there is no stencil or no
        direction, or on a torus so narrow that a cell is met twice.
    """
    if "stencil_index" not in topology or "edge_attr" not in topology or _is_narrow(topology):
        return None
    reads, cells = _direct_reads(topology), len(topology["pos"])
    found = []
    for operators in OPERATORS:
        made = np.column_stack(fitted_coefficients(*reads, cells, averaged=operators == "averaged"))
        others = _cells_that_differ(topology, reads.index, made)
        found.append(Refit(operators, others))
        if not others.size:
            break
    best = min(found, key=lambda one: len(one.others))
    return best if 2 * len(best.others) <= cells else None


def _is_narrow(topology: Data) -> bool:
    if "frame" in topology or not bool(topology["periodic"]):
        return False
    return narrow(topology["edge_attr"].detach().cpu().double().numpy(), topology["extent"].cpu().double().numpy()[0])


def _direct_reads(topology: Data) -> Reads:
    """The two rings round each cell, without mirror images."""
    edges = topology["edge_index"].cpu().numpy()
    pos = topology["pos"].detach().cpu().double().numpy()
    if "frame" in topology:
        normal, frame = (topology[name].detach().cpu().double().numpy() for name in ("normal", "frame"))
        return reads_on_surface(pos, normal, frame, edges)
    extent = topology["extent"].detach().cpu().double().numpy()[0]
    return direct_reads(pos, edges, extent, periodic=bool(topology["periodic"]))


def _cells_that_differ(
    topology: Data, index: Int[np.ndarray, "2 s"], made: Float[np.ndarray, "s 3"]
) -> Int[np.ndarray, " x"]:
    """The cells that read others than in the topology's own stencil, or count them otherwise."""
    cells = len(topology["pos"])
    own = topology["stencil_index"].cpu().numpy()
    fields = [topology[name].detach().cpu().double().numpy() for name in ("stencil_weight", "stencil_gradient")]
    kept = np.column_stack(fields)
    key, own_key = (rows[1] * cells + rows[0] for rows in (index, own))
    _, here, there = np.intersect1d(key, own_key, assume_unique=True, return_indices=True)
    off = (np.abs(made[here] - kept[there]) > SAME * np.maximum(np.abs(kept[there]), 1)).any(1)
    alone = np.setxor1d(key, own_key, assume_unique=True)
    return np.unique(np.r_[key[here][off], alone] // cells)
