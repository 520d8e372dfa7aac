"""The bodies of a texture over time: bubbles, dots or eyes found, followed, and what becomes of them counted.

A texture knows no life, so a body is a piece of cells whose colour lies on one side of a threshold (`Contrast`), and
that hang together through edges. Between two looks a body of before and one of after are kin if their cells overlap by
a quarter of the smaller one. Then a body

    goes on     one of before has one of after, and the other way round
    divides     it has two or more of after
    merges      it has two or more of before
    vanishes    it has none of after
    appears     it has none of before
"""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor
from torch_geometric.data import Data

KIN = 0.25  # of the smaller body's cells
LEAST_AREA = 4.0  # square units of a body: less is noise at its rim
SMOOTHING = 2  # times that a cell's value is averaged with its neighbours' before it is compared
LEVELS = 64  # thresholds that are tried
COPIES = 3  # copies of a torus in which a body that goes around is found


@dataclass(frozen=True)
class Contrast:
    """What tells bodies from their ground.

    Attributes:
        colour: Weights of red, green and blue; bodies have more of it.
        threshold: Above which a cell belongs to a body.
    """

    colour: tuple[float, float, float]
    threshold: float

    @classmethod
    def of(cls, colour: tuple[float, float, float], states: Float[Tensor, "*b n c"], topology: Data) -> "Contrast":
        """The threshold that splits the cells' values into the two groups that differ most (Otsu 1979)."""
        values = smoothed(states, topology, colour).flatten()
        low, high = values.quantile(torch.tensor([0.01, 0.99]).to(values)).tolist()
        best, threshold = -1.0, low
        for level in torch.linspace(low, high, LEVELS + 2)[1:-1].tolist():
            above = values > level
            share = float(above.float().mean())
            if 0 < share < 1:
                between = share * (1 - share) * float(values[above].mean() - values[~above].mean()) ** 2
                best, threshold = max((best, threshold), (between, level))
        return cls(colour, threshold)

    def inside(self, states: Float[Tensor, "*b n c"], topology: Data) -> Bool[Tensor, "*b n"]:
        """Which cells belong to bodies."""
        return smoothed(states, topology, self.colour) > self.threshold


def smoothed(
    states: Float[Tensor, "*b n c"], topology: Data, colour: tuple[float, float, float]
) -> Float[Tensor, "*b n"]:
    """How much each cell has of a colour, the mean of it and its neighbours, twice."""
    source, cell = topology["edge_index"]
    values = states[..., :3] @ torch.tensor(colour).to(states)
    count = torch.bincount(cell, minlength=values.shape[-1]).to(values) + 1
    for _ in range(SMOOTHING):
        values = values.index_add(-1, cell, values[..., source]) / count
    return values


@dataclass(frozen=True)
class Bodies:
    """The bodies of one run at one moment, those of `LEAST_AREA` and more.

    Attributes:
        labels: Of each cell, its body's number, or -1.
        areas: In square units.
        places: Their centroids (x, y), in units.
    """

    labels: Int[Tensor, " n"]
    areas: Float[Tensor, " k"]
    places: Float[Tensor, "k 2"]

    def __len__(self) -> int:
        """How many."""
        return len(self.areas)


def bodies_of(inside: Bool[Tensor, " n"], topology: Data) -> Bodies:
    """The pieces of the cells that are inside, on a torus or an open plane."""
    source, cell = topology["edge_index"]
    joined = inside[source] & inside[cell]
    pairs = (source[joined].numpy(), cell[joined].numpy())
    graph = coo_array((joined[joined].numpy(), pairs), shape=(len(inside), len(inside)))
    pieces = torch.from_numpy(connected_components(graph, directed=False)[1]).long()
    area = topology["area"] * inside
    areas = torch.zeros(int(pieces.max()) + 1).index_add(0, pieces, area.float())
    kept = areas >= LEAST_AREA
    numbers = torch.where(kept, kept.cumsum(0) - 1, -1)
    labels = torch.where(inside, numbers[pieces], -1)
    return Bodies(labels, areas[kept], _centroids(labels, int(kept.sum()), topology))


def _centroids(labels: Int[Tensor, " n"], count: int, topology: Data) -> Float[Tensor, "k 2"]:
    """Of each body, of its cells as they lie around one of them, so that it may lie across a seam."""
    cells = (labels >= 0).nonzero().view(-1)
    of, pos, area = labels[cells], topology["pos"][cells, :2].float(), topology["area"][cells].float()
    first = torch.zeros(count, 2).index_copy(0, of, pos)
    offset = across(pos - first[of], topology)
    weight = torch.zeros(count).index_add(0, of, area)
    middle = torch.zeros(count, 2).index_add(0, of, offset * area[:, None])
    return first + middle / weight[:, None]


def across(offset: Float[Tensor, "*b 2"], topology: Data) -> Float[Tensor, "*b 2"]:
    """The same offset the shortest way round a torus."""
    if not bool(topology["periodic"]):
        return offset
    extent = topology["extent"].view(2).float()
    return offset - extent * torch.round(offset / extent)


def going_round(found: Bodies, topology: Data) -> Bool[Tensor, " k"]:
    """Which bodies go around a torus, as a straight stripe does that has no end.

    The torus is laid out three times side by side, with each edge across the seam leading into the next copy: a body
    goes around if two of its three copies hang together (or if it goes around three times, which none does).
    """
    source, cell = topology["edge_index"]
    kept = (found.labels[source] >= 0) & (found.labels[source] == found.labels[cell])
    source, cell = source[kept], cell[kept]
    offset = (topology["pos"][cell] - topology["pos"][source]).float()[:, :2]
    wraps = torch.round(offset / topology["extent"].view(2).float()).long()
    count, found_round = len(found.labels), torch.zeros(len(found), dtype=torch.bool)
    for across_seam in wraps.unbind(1):
        copies = [(copy * count + source, (copy - across_seam) % COPIES * count + cell) for copy in range(COPIES)]
        one, other = (torch.cat(ends).numpy() for ends in zip(*copies, strict=True))
        graph = coo_array((one >= 0, (one, other)), shape=(COPIES * count, COPIES * count))
        pieces = torch.from_numpy(connected_components(graph, directed=False)[1])
        around = (pieces[:count] == pieces[count : 2 * count]) & (found.labels >= 0)
        found_round[found.labels[around]] = True
    return found_round


@dataclass
class Census:
    """What has become of the bodies of a run.

    Attributes:
        counts: How many there were at each look.
        appeared: How many, over all looks; so the others.
        crowded: Of those that vanished, how many had a neighbour nearer than three of four bodies have theirs.
        speeds: Units a step, one for each body at each look that goes on until the next.
    """

    counts: list[int] = field(default_factory=list)
    appeared: int = 0
    vanished: int = 0
    crowded: int = 0
    merged: int = 0
    divided: int = 0
    speeds: list[float] = field(default_factory=list)

    def note(self, before: Bodies, after: Bodies, topology: Data, steps: int) -> None:
        """Adds what happened between two looks that lie so many steps apart."""
        kin = kinship(before, after)
        children, parents = kin.sum(1), kin.sum(0)
        self.appeared += int((parents == 0).sum())
        self.divided += int((children > 1).sum())
        self.merged += int((parents > 1).sum())
        gone = children == 0
        self.vanished += int(gone.sum())
        if gone.any() and len(before) > 1:
            near = nearest(before, topology)
            self.crowded += int((near[gone] <= near.quantile(0.25)).sum())
        one, other = (kin & (children == 1)[:, None] & (parents == 1)[None]).nonzero(as_tuple=True)
        moved = across(after.places[other] - before.places[one], topology).norm(dim=-1) / steps
        self.speeds += moved.tolist()


def kinship(before: Bodies, after: Bodies) -> Bool[Tensor, "k l"]:
    """Which bodies of before and of after share cells: a quarter of the smaller one's at least."""
    both = (before.labels >= 0) & (after.labels >= 0)
    shared = torch.zeros(len(before), len(after))
    shared.index_put_((before.labels[both], after.labels[both]), torch.ones(int(both.sum())), accumulate=True)
    sizes = [torch.bincount(one.labels[one.labels >= 0], minlength=len(one)).float() for one in (before, after)]
    return shared >= KIN * torch.minimum(sizes[0][:, None], sizes[1][None]).clamp_min(1)


def nearest(found: Bodies, topology: Data) -> Float[Tensor, " k"]:
    """From each body's centroid to the nearest other's, in units."""
    apart = across(found.places[:, None] - found.places[None], topology).norm(dim=-1)
    apart.fill_diagonal_(torch.inf)
    return apart.amin(1)
