"""Places on a substrate: points in units, and the cells that lie there."""

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch_geometric.data import Data

from .arguments import checked

Place = int | tuple[float, float] | tuple[float, float, float] | Shaped[Tensor, " d"]
"""A point (x, y) in the plane, in units; on a surface the cell nearest to a point (x, y, z) in space; or a cell."""


@checked
def centre_of(topology: Data) -> Float[Tensor, " 2"]:
    """The middle of the domain, in units; of a substrate without extent, the middle of its cells."""
    if "extent" in topology:
        return topology["extent"].view(2) / 2
    return (topology["pos"].amin(0) + topology["pos"].amax(0))[:2] / 2


@checked
def nearest_cells(topology: Data, positions: Float[Tensor, "p d"]) -> Int[Tensor, " p"]:
    """The cell nearest to each position, on a torus by the shortest way round; of several, the last.

    So the middle of a square grid of even size is the cell at index size // 2, as in the published code. On a surface
    positions are points (x, y, z) in space.
    """
    pos, size = topology["pos"], 3 if "frame" in topology else 2
    if positions.shape[1] != size:
        wanted = "(x, y, z) on a surface in space" if size == 3 else "(x, y) in the plane"
        raise ValueError(f"`positions` must be {wanted}, got shape {tuple(positions.shape)}.")
    offset = pos[None, :, :size] - positions.to(pos.device)[:, None]
    if size == 2 and bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        offset = offset - extent * torch.round(offset / extent)
    distance = offset.double().square().sum(-1)
    nearest = distance.amin(1, keepdim=True)
    close = distance <= nearest + 1e-6
    number = torch.arange(distance.shape[1], device=distance.device)
    return torch.where(close, number, -1).amax(1)


@checked
def cell_at(topology: Data, place: Place | None) -> int:
    """The cell at a place; by default that in the middle of the domain, and on a surface, which has none, cell 0.

    Raises:
        ValueError: If there is no such cell, or the place lies outside a bounded domain.
    """
    if place is None:
        return 0 if "frame" in topology else int(nearest_cells(topology, centre_of(topology)[None])[0])
    if isinstance(place, int):
        if not 0 <= place < len(topology["pos"]):
            raise ValueError(f"`at` must be one of the cells 0 to {len(topology['pos']) - 1}, got {place}.")
        return place
    point = torch.as_tensor(place, dtype=torch.float32).view(-1)
    return int(nearest_cells(topology, (point if len(point) == 3 else _inside(topology, point))[None])[0])


@checked
def point_in_plane(topology: Data, place: Place) -> Float[Tensor, " 2"]:
    """The point (x, y) that a place of a substrate of the plane is; of a cell its centre.

    Raises:
        ValueError: If there is no such cell, the place is one in space, or it lies outside a bounded domain.
    """
    if isinstance(place, int):
        return topology["pos"][cell_at(topology, place), :2]
    point = torch.as_tensor(place, dtype=torch.float32)
    if len(point) != 2:
        raise ValueError(f"`at` must be (x, y) in the plane, got {point.tolist()}.")
    return _inside(topology, point)


def _inside(topology: Data, point: Float[Tensor, " 2"]) -> Float[Tensor, " 2"]:
    """The point itself: on a torus there is none outside, in a bounded domain one outside has no cell.

    Raises:
        ValueError: If it has none.
    """
    if "extent" not in topology or bool(topology["periodic"]):
        return point
    extent = topology["extent"].view(2).cpu()
    if bool(((point < 0) | (point > extent)).any()):
        raise ValueError(
            f"`at` must lie in the bounded domain, (0, 0) to {tuple(extent.tolist())}, got {tuple(point.tolist())}."
        )
    return point
