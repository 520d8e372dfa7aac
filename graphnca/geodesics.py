"""A surface unrolled around one of its cells: how far every other cell is along the surface, and in which direction.

Geodesic polar coordinates (Melvaer and Reimers, "Geodesic polar coordinates on polygonal meshes", 2012). From the seed
outwards, each cell is reached through two neighbours that are known and border on each other: the triangle of the three
is laid flat beside the place where the seed must lie to be as far from the two as it is. In the plane that is exact.
"""

import heapq
import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from .arguments import checked

FULL_TURN = 2 * math.pi
BEYOND = 2.0  # units farther than asked for that ways are followed: some lead round over the border
GAIN = 1e-4  # share by which a way must be shorter than the one that is known


@checked
def unrolled(topology: Data, cell: int, reach: float | None = None) -> Float[Tensor, "n 2"]:
    """Where every cell lies as the given one sees it: (x, y) in its frame, as long as the way along the surface.

    Cells farther than `reach` units have (inf, inf). In the plane these are the positions relative to the cell, on a
    torus the shortest way round.

    Args:
        topology: A surface in space, or a substrate of the plane.
        cell: In the middle.
        reach: Units of length; all cells that are connected with it by default.

    Raises:
        ValueError: If there is no such cell.
    """
    if not 0 <= cell < len(topology["pos"]):
        raise ValueError(f"`cell` must be one of the cells 0 to {len(topology['pos']) - 1}, got {cell}.")
    if reach is None:
        reach = math.inf
    elif not reach >= 0:
        raise ValueError(f"`reach` must be 0 or more, got {reach}.")
    if "frame" not in topology:
        return _in_plane(topology, cell, reach)
    around = _Neighbours(topology)
    distance, angle = {cell: 0.0}, {cell: 0.0}
    queue = [(0.0, cell)]
    while queue:  # a cell comes again when a shorter way to it is found, through neighbours that were not known before
        far, here = heapq.heappop(queue)
        if far > distance[here] or far > reach + BEYOND:
            continue
        for other, (length, direction) in around[here].items():
            found = (length, direction) if here == cell else (far + length, angle[here])
            for third in around[here].keys() & around[other].keys() & distance.keys() - {cell, here}:
                if here != cell and other != cell:
                    sides = (around[here][third][0], length, around[other][third][0])
                    through = _across(far, distance[third], *sides)
                    if through is not None and through[0] < found[0]:
                        turn = (angle[third] - angle[here] + math.pi) % FULL_TURN - math.pi
                        found = (through[0], angle[here] + through[1] * turn)
            if found[0] < distance.get(other, math.inf) * (1 - GAIN):
                distance[other], angle[other] = found
                heapq.heappush(queue, (found[0], other))
    done = [number for number, far in distance.items() if far <= reach]
    places = torch.full((len(topology["pos"]), 2), math.inf)
    far, turn = (torch.tensor([values[number] for number in done]) for values in (distance, angle))
    places[torch.tensor(done)] = torch.stack([far * torch.cos(turn), far * torch.sin(turn)], dim=1)
    return places.to(topology["pos"])


def _in_plane(topology: Data, cell: int, reach: float) -> Float[Tensor, "n 2"]:
    offset = topology["pos"] - topology["pos"][cell]
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        offset = offset - extent * torch.round(offset / extent)
    return torch.where(offset.norm(dim=1, keepdim=True) <= reach, offset, math.inf)


class _Neighbours(dict[int, dict[int, tuple[float, float]]]):
    """Of a cell its neighbours, each with the length and direction of the way there; read when they are asked for."""

    def __init__(self, topology: Data) -> None:
        super().__init__()
        vectors = topology["edge_attr"].detach().cpu().double()
        self.lengths, self.directions = vectors.norm(dim=1), torch.atan2(vectors[:, 1], vectors[:, 0])
        neighbour, receiver = topology["edge_index"].cpu()
        self.neighbour = neighbour
        degree = torch.bincount(receiver, minlength=len(topology["pos"]))
        self.first = [0, *degree.cumsum(0).tolist()]

    def __missing__(self, cell: int) -> dict[int, tuple[float, float]]:
        part = slice(self.first[cell], self.first[cell + 1])
        values = zip(self.lengths[part].tolist(), self.directions[part].tolist(), strict=True)
        self[cell] = dict(zip(self.neighbour[part].tolist(), values, strict=True))
        return self[cell]


def _across(near: float, far: float, between: float, onward: float, opposite: float) -> tuple[float, float] | None:
    """Distance of a cell from the seed through two others, and the share of the angle between these at which it lies.

    None if the straight way does not pass between the two, or no triangle has such sides.

    Args:
        near: Distance of the first of the two from the seed.
        far: That of the second.
        between: Length from the first to the second.
        onward: From the first to the cell.
        opposite: From the second to the cell.
    """
    # The first at (0, 0), the second at (between, 0), the seed below the line, the cell above it.
    x = (near**2 - far**2 + between**2) / (2 * between)
    u = (onward**2 - opposite**2 + between**2) / (2 * between)
    depth, height = near**2 - x**2, onward**2 - u**2
    if depth <= 0 or height <= 0:
        return None
    y, v = -math.sqrt(depth), math.sqrt(height)
    crossing = x + (u - x) * -y / (v - y)
    if not 0 <= crossing <= between:
        return None
    whole = math.atan2(between - x, -y) + math.atan2(x, -y)  # angles at the seed, from the way straight up
    part = math.atan2(u - x, v - y) + math.atan2(x, -y)
    return math.hypot(u - x, v - y), part / whole
