"""What has become of a run: the one definition, for every result that speaks of it.

A run is measured by what its own rule grows on squares (`form.own_form`): on any cells, at any step, it has one of
these fates, the first that holds.

    exploded    a number that is not finite, or a state of `EXPLODED` or more (`Subject.exploded_at`)
    died        no cell is mature
    overgrown   the mature cells cover more than one and a half times the area that they cover on squares
    shrunk      they cover less than half of it
    crumbled    more than 2 % of that area is not connected with the largest body
    deformed    a part is missing, is there twice, or is another one (`form`), where the pattern lies and as it lies
    whole       none of these

What is whole besides **stands**, or **drifts** by more than a unit, or **turns** by more than five degrees, or both,
between two looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from .bodies import bodies
from .form import Orientation, OwnForm, lying
from .scores import ALIVE, bounded

FATES = ("whole", "deformed", "crumbled", "shrunk", "overgrown", "died", "exploded")
SHRUNK, OVERGROWN = 0.5, 1.5  # times the rule's own area
CRUMBS = 0.02  # of the area of mature cells: a tip that hangs on by a cell comes off now and then
DRIFTING = 1.0  # units between two looks
TURNING = 5.0  # degrees between two looks: the match of a pattern that stands wavers by less


@dataclass(frozen=True)
class Look:
    """One run at one moment."""

    largest: float
    """|state|, at most that of an explosion."""
    area: float
    """Of the mature cells, in times of the rule's own."""
    crumbs: float
    """Share of that area that is not connected with the largest body."""
    form: float
    """The worst part: 0 is the rule's own, 1 is missing."""
    place: tuple[float, float]
    """The centroid (x, y), in units."""
    orientations: list[Orientation]
    """How the pattern may lie, the best first; several where they fit almost alike."""

    def fate(self, own: OwnForm) -> str:
        """One of `FATES`."""
        if not self.largest < own.explosion:
            return "exploded"
        if self.area == 0:
            return "died"
        if not SHRUNK <= self.area <= OVERGROWN:
            return "shrunk" if self.area < SHRUNK else "overgrown"
        if self.crumbs > CRUMBS:
            return "crumbled"
        return "whole" if self.form <= own.bound else "deformed"


@torch.no_grad()
def looks(states: Float[Tensor, "b n c"], topology: Data, own: OwnForm) -> list[Look]:
    """Every run of one moment, measured."""
    largest = bounded(states, own.explosion).abs().amax((-2, -1)).tolist()
    centres, orientations, forms = lying(states, topology, own)
    found = []
    for run, mature in enumerate(states[..., 3] > ALIVE):
        areas = bodies(mature, topology)
        whole = sum(areas)
        x, y = centres[run].tolist()
        crumbs = 1 - areas[0] / whole if areas else 0.0
        found.append(Look(largest[run], whole / own.area, crumbs, forms[run], (x, y), orientations[run]))
    return found


def fates(states: Float[Tensor, "b n c"], topology: Data, own: OwnForm) -> list[str]:
    """What has become of each run."""
    return [look.fate(own) for look in looks(states, topology, own)]


def counted(words: Sequence[str]) -> dict[str, int]:
    """How many runs have each fate, in the order of `FATES`, without those that no run has."""
    return {fate: words.count(fate) for fate in FATES if fate in words}


def motion(moved: float, turned: float) -> str:
    """How a pattern moves that is whole, in a word or two.

    Args:
        moved: Units between two looks.
        turned: Degrees between them.
    """
    words = ["drifts"] * (moved > DRIFTING) + ["turns"] * (abs(turned) > TURNING)
    return " and ".join(words) or "stands"


def between(before: Look, after: Look, topology: Data) -> tuple[float, float]:
    """Units and degrees that lie between two looks at a run, the shortest way round.

    Where a pattern fits in several orientations, it has turned by no more than it must; one that turned over, so that
    none of them fits before and after, counts as turned by 180.
    """
    move = torch.tensor(after.place) - torch.tensor(before.place)
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        move = move - extent * torch.round(move / extent)
    turns = [
        (then.angle - first.angle + 180) % 360 - 180
        for first in before.orientations
        for then in after.orientations
        if first.mirrored == then.mirrored
    ]
    return float(move.norm()), min(turns, key=abs, default=180.0)
