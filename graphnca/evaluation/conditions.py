"""A rule under other conditions than those of its training: another Laplacian, larger cells, other gains."""

import copy

from torch_geometric.data import Data

from ..layers import NCAConv
from ..layers.coefficients import LAPLACIAN_GAIN


def with_laplacian(topology: Data, gain: float) -> Data:
    """A substrate whose Laplacian weights sum to another number; its gradients are as they were."""
    other = topology.clone()
    for name in {"edge_weight", "stencil_weight"}.intersection(topology.keys()):
        other[name] = topology[name] * (gain / LAPLACIAN_GAIN)
    return other


def magnified(topology: Data, size: float, *, same_equation: bool) -> Data:
    """A substrate whose cells are so many times as large.

    The gradients are those per unit of length, so they follow. The Laplacian is that per unit of area, which makes it
    the same equation on a coarser grid, if its weights are divided by the square of the size; otherwise the weights
    stay as they are, and a cell's neighbours, however far, count for as much.
    """
    other = topology.clone()
    for field in ("pos", "edge_attr", "extent"):
        other[field] = topology[field] * size
    other["area"] = topology["area"] * size**2
    if "stencil_gradient" in topology:
        other["stencil_gradient"] = topology["stencil_gradient"] / size
    for name in {"edge_weight", "stencil_weight"}.intersection(topology.keys()) if same_equation else ():
        other[name] = topology[name] / size**2
    return other


def with_kernels(rule: NCAConv, factor: float) -> NCAConv:
    """The rule with all gains of its perception multiplied."""
    if factor == 1.0:
        return rule
    other = copy.deepcopy(rule)
    for name in other.perception.gains:
        other.perception.gains[name] *= factor
    return other
