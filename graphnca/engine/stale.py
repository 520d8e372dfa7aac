"""Whether a substrate is still of one piece: who changes cells, edges or positions by hand leaves the rest behind."""

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.utils import scatter

from ..layers.coefficients import GRADIENT_GAIN

FITS_IN_PLANE = 0.01  # share of the gain by which the median cell may be off: rounding takes less
FITS_IN_SPACE = 0.25  # curvature takes less
MOVED = 1e-3  # share of the longest edge by which the median vector may be off
ROUNDED = 1e-6  # share of the extent that rounding may take of positions
REMEDY = (
    "Positions, edges or cells were changed since the substrate was made: build it anew, or give it another stencil "
    "(topologies.with_operators)."
)


def check_belongs(topology: Data, cells: int) -> None:
    """Refuses edges and a stencil that were made for other cells or positions; what has none of a substrate passes.

    On a substrate of the plane no cell is its own neighbour, and vectors are the differences of positions. A gradient
    is exact on linear fields, so that of the positions is 8 away from borders: along the two axes, or along the frame
    of a surface; and less where frames that turn round a point make it fade (`topologies.with_frames`).

    Args:
        topology: The substrate.
        cells: How many cells it has.

    Raises:
        ValueError: For an edge of a cell to itself, vectors of which most are no difference of their cells' positions,
            indices beyond the cells, or gradients of the positions that are another thing in most cells.
    """
    _check_edges(topology)
    if "stencil_index" not in topology:
        return
    index = topology["stencil_index"]
    if index.numel() and not 0 <= int(index.min()) <= int(index.max()) < cells:
        raise ValueError(
            f"`stencil_index` must hold cells 0 to {cells - 1}, got {int(index.min())} to {int(index.max())}. {REMEDY}"
        )
    if not {"pos", "stencil_gradient", "edge_attr"} <= set(topology.keys()) or not index.numel():
        return
    pos, gradient = topology["pos"].double(), topology["stencil_gradient"].double()
    moved, judged = pos[index[0]] - pos[index[1]], torch.ones(cells, dtype=torch.bool, device=pos.device)
    if pos.shape[1] == 2 and "extent" in topology and topology["extent"].shape[0] == 1:
        extent, periodic, fits = topology["extent"].double()[0], topology["periodic"].view(()), FITS_IN_PLANE
        moved = _shortest(moved, extent, periodic)
        furthest = scatter(moved.norm(dim=1), index[1], 0, cells, "max")
        inside = torch.minimum(pos, extent - pos).amin(1) > furthest
        wide = 4 * topology["edge_attr"].norm(dim=1).max() < extent.min()  # else two rings go round a torus
        judged = torch.where(periodic, wide, inside)
    elif pos.shape[1] == 3 and {"frame", "normal"} <= set(topology.keys()):
        frame, normal, fits = topology["frame"].double()[index[1]], topology["normal"].double()[index[1]], FITS_IN_SPACE
        second = torch.linalg.cross(frame, normal)
        moved = torch.stack([(moved * frame).sum(1), (moved * second).sum(1)], dim=1)
        _check_lengths(topology, pos)
    else:
        return
    seen = moved.new_zeros(cells, 2, 2).index_add(0, index[1], gradient[:, :, None] * moved[:, None, :])
    gain = torch.full((cells,), GRADIENT_GAIN, dtype=torch.float64, device=pos.device)
    if pos.shape[1] == 3:
        gain = seen.diagonal(dim1=1, dim2=2).mean(1).clamp(0.0, GRADIENT_GAIN)  # the rest has faded
    axes = torch.eye(2, dtype=torch.float64, device=pos.device)
    off = (seen - gain[:, None, None] * axes).abs().amax((1, 2))[judged]
    if len(off) and not float(off.median()) <= fits * GRADIENT_GAIN:
        raise ValueError(
            "`stencil_gradient` must make 8 of the slope of the positions, as it does where it was made; in the median "
            f"cell it is off by {float(off.median()):.3g}. {REMEDY}"
        )


def _check_edges(topology: Data) -> None:
    """Whether the edges of one substrate of the plane are those of its positions."""
    if not {"pos", "edge_attr", "extent", "periodic"} <= set(topology.keys()) or topology["extent"].shape != (1, 2):
        return
    index, vectors, pos = topology["edge_index"], topology["edge_attr"].detach().double(), topology["pos"].double()
    if (
        pos.shape[1:] != (2,)
        or vectors.shape != (index.shape[1], 2)
        or not index.numel()
        or int(index.max()) >= len(pos)
    ):
        return  # `graphnca.engine.graph` says what is wrong
    if bool((index[0] == index[1]).any()):
        raise ValueError(f"`edge_index` must not lead from a cell to itself on a substrate. {REMEDY}")
    extent, periodic = topology["extent"].double()[0], topology["periodic"].view(())
    near = vectors.norm(dim=1) > 0  # `topologies.with_long_range` gives far cells no direction
    off = _shortest(pos[index[0]] - pos[index[1]] - vectors, extent, periodic).norm(dim=1)[near]
    allowed = MOVED * vectors.norm(dim=1).max() + ROUNDED * extent.max()
    if len(off) and not bool(off.median() <= allowed):
        raise ValueError(
            "`edge_attr` must be the differences of the positions, in the median it is off by "
            f"{float(off.median()):.3g}. {REMEDY}"
        )


def _check_lengths(topology: Data, pos: Tensor) -> None:
    """Whether the edges of a surface are as long as their cells are apart."""
    index, lengths = topology["edge_index"], topology["edge_attr"].detach().double().norm(dim=1)
    apart = (pos[index[0]] - pos[index[1]]).norm(dim=1)
    off = (lengths - apart).abs()
    if len(off) and not bool(off.median() <= FITS_IN_SPACE * apart.median()):
        raise ValueError(
            f"`edge_attr` must be as long as cells are apart, in the median it is off by {float(off.median()):.3g}. "
            f"{REMEDY}"
        )


def _shortest(moved: Tensor, extent: Tensor, periodic: Tensor) -> Tensor:
    """Differences of positions, on a torus the shortest way."""
    return torch.where(periodic, moved - extent * (moved / extent).round(), moved)
