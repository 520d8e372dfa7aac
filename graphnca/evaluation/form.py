"""The form of a pattern: whether every part of it is what the same rule grows on squares.

A loss over the whole picture hardly sees a lizard that has lost its head, and a disc has less than half of an empty
substrate's. So a pattern is laid upon the rule's own one, as it lies turned (`RotationInvariantLoss`, closed ring),
moved by whole units to where both fit best, and the two are compared window by window: a Gaussian of `WINDOW` units, in
which parts may lie a unit off. The **form** is the worst window's squared difference of RGBA, in times of what a window
of the rule's own tissue weighs: 0 is the rule's own pattern, 1 is a part that is missing, or is there twice.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import conv2d
from torch_geometric.data import Data

from ..losses import RotationInvariantLoss
from .motion import centroid
from .scores import ALIVE, EXPLODED, bounded, seeded_position
from .subject import NAIVE, STEPS, STEPS_ISOTROPIC, Subject, SubjectError
from .upright import upright

PART = 0.1  # times its own tissue: how much worse a window may be, besides what two runs on squares differ by
WINDOW = 3.0  # units: the standard deviation of a window, about half a head
BLUR = 1.0  # units: what is finer than the cells is no form
OFF = 1  # units by which a part may lie off
REACH = 4  # units by which two patterns are moved upon each other, from centroid upon centroid
ALIKE = 0.05  # of empty: orientations that differ by less are not told apart, as of a web whose spokes are alike
RUNS = 7  # on squares, of which the median one is the rule's own pattern
OWN_SEED = 900  # of these; no result uses it for anything else


class Orientation(NamedTuple):
    """How a pattern lies."""

    angle: float
    """Degrees by which it lies turned from the rule's own one."""
    mirrored: bool


@dataclass(frozen=True, eq=False)
class OwnForm:
    """What a rule grows on squares, by which all of its runs are measured."""

    area: float
    """Square units of mature cells."""
    picture: Float[Tensor, "4 h w"]
    """The median run around its centroid, one pixel a unit."""
    mirror: bool
    """Whether the mirrored pattern is as good: of isotropic rules alone."""
    spread: float
    """The median form of the rule's other runs on squares."""
    explosion: float = EXPLODED
    """|state| from which on a run has exploded."""

    @property
    def bound(self) -> float:
        """The worst form of a pattern that has all of its parts."""
        return self.spread + PART

    @cached_property
    def loss(self) -> RotationInvariantLoss:
        """Finds how a pattern lies."""
        return RotationInvariantLoss(self.picture, mirror=self.mirror)

    @cached_property
    def tissue(self) -> float:
        """What a window of it weighs, in the median over its mature pixels."""
        weight = windows(blurred(self.picture, BLUR).square().sum(0))
        return float(weight[self.picture[3] > ALIVE].median())

    def orientations(self, pictures: Float[Tensor, "b 4 h w"]) -> list[list[Orientation]]:
        """How each pattern may lie, the best first; several where they fit almost alike."""
        landscapes = self.loss.landscape(pictures) / float(self.loss(torch.zeros_like(self.picture)))
        return [_fitting(landscape if self.mirror else landscape[:1]) for landscape in landscapes]

    def worst_part(self, pictures: Float[Tensor, "b 4 h w"]) -> list[float]:
        """The form of patterns that lie as the rule's own one does, about the middle."""
        own, smooth = blurred(self.picture, BLUR), blurred(pictures, BLUR)
        near = [(y, x) for y in range(-OFF, OFF + 1) for x in range(-OFF, OFF + 1) if math.hypot(y, x) <= OFF]
        found = []
        for picture in smooth:
            span = range(-REACH, REACH + 1)
            places = {(y, x): float((_moved(picture, y, x) - own).square().sum()) for y in span for x in span}
            row, column = min(places, key=places.__getitem__)
            moved = torch.stack([_moved(picture, row + y, column + x) for y, x in near])
            difference = windows((moved - own).square().sum(1)).amin(0)
            found.append(float(difference.max()) / self.tissue)
        return found


def own_form(subject: Subject, square: Data, *, runs: int = RUNS, seed: int = OWN_SEED) -> OwnForm:
    """What a rule grows on squares: of several runs, the one from which the others are least far.

    Args:
        subject: The rule, no texture.
        square: A square torus of the size that it was trained on.
        runs: How many, at least two.
        seed: Of their firing.

    Raises:
        SubjectError: A run died or exploded: such a rule has no form of its own.
    """
    step, most = grown_at(subject), subject.exploded_at
    states = subject.grow(square, runs, (step,), seed)[step]
    mature = states[..., 3] > ALIVE
    if not bool(mature.any(-1).all()) or not float(bounded(states, most).abs().max()) < most:
        raise SubjectError(f"`subject` must grow on squares, got {subject.name}, of which a run died or exploded.")
    area, mirror = (
        median((mature * square["area"]).sum(-1).tolist()),
        not (subject.is_upright or subject.rule.perception.is_steered),
    )
    candidates = []
    side = min(subject.usual_size, int(square["extent"].min())) | 1  # an odd number: one pixel is in the middle
    for picture in around(states, square, centroid(states, square), side):
        own = OwnForm(area, picture, mirror, 0.0, most)
        _, _, forms = lying(states, square, own)
        candidates.append(OwnForm(area, picture, mirror, median(sorted(forms)[1:]), most))  # but for its own
    return min(candidates, key=lambda own: own.spread)


def grown_at(subject: Subject) -> int:
    """The step at which a rule's own pattern is taken."""
    trained = subject.card.get("configuration", {}).get("steps")
    if trained and subject.card.get("regime") == NAIVE:
        return int(trained[1])
    return STEPS if subject.is_upright else STEPS_ISOTROPIC


def lying(
    states: Float[Tensor, "b n c"], topology: Data, own: OwnForm
) -> tuple[Float[Tensor, "b 2"], list[list[Orientation]], list[float]]:
    """Where each run's pattern lies (its centroid; the seed where nothing lives), how it lies, and its form."""
    states = bounded(states)
    centres = centroid(states, topology)
    centres = torch.where(centres.isfinite(), centres, torch.tensor(seeded_position(topology)))
    side = own.picture.shape[-1]
    orientations = own.orientations(around(states, topology, centres, side))
    pictures = [
        _picture(state, topology, centre, side, angle=math.radians(best.angle), mirror=best.mirrored)
        for state, centre, (best, *_) in zip(states, centres, orientations, strict=True)
    ]
    return centres, orientations, own.worst_part(torch.stack(pictures))


def around(
    states: Float[Tensor, "b n c"], topology: Data, centres: Float[Tensor, "b 2"], side: int
) -> Float[Tensor, "b 4 h w"]:
    """RGBA of each run around a point of its own, one pixel a unit."""
    return torch.stack(
        [_picture(state, topology, centre, side) for state, centre in zip(bounded(states), centres, strict=True)]
    )


def windows(weight: Float[Tensor, "*b h w"]) -> Float[Tensor, "*b h w"]:
    """The mean of a map over the window around each pixel; there is nothing beyond its borders."""
    return blurred(weight, WINDOW)


def blurred(pictures: Float[Tensor, "*b h w"], deviation: float) -> Float[Tensor, "*b h w"]:
    """Pictures under a Gaussian of so many pixels; there is nothing beyond their borders."""
    reach = math.ceil(2.5 * deviation)
    weight = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / deviation).square())
    weight = (weight / weight.sum()).to(pictures)
    flat = pictures.reshape(-1, 1, *pictures.shape[-2:])
    flat = conv2d(flat, weight[None, None, :, None], padding=(reach, 0))
    return conv2d(flat, weight[None, None, None, :], padding=(0, reach)).view_as(pictures)


def _fitting(landscape: Float[Tensor, "m a"]) -> list[Orientation]:
    """The orientations whose distance is the least around them, and almost the least of all."""
    step = 360 / landscape.shape[1]
    fits = (landscape <= landscape.roll(1, 1)) & (landscape <= landscape.roll(-1, 1))
    places = (fits & (landscape <= landscape.min() + ALIKE)).nonzero().tolist()
    places.sort(key=lambda place: float(landscape[tuple(place)]))
    # a target that the loss flips upside down is one whose x is negated, half a turn away
    return [Orientation((k * step + 180 * mirrored + 180) % 360 - 180, bool(mirrored)) for mirrored, k in places]


def _picture(
    state: Float[Tensor, "n c"], topology: Data, centre: Tensor, side: int, *, angle: float = 0.0, mirror: bool = False
) -> Float[Tensor, "4 h w"]:
    x, y = centre.tolist()
    return upright(topology, side, side, angle=angle, mirror=mirror, centre=(x, y))(state[:, :4])


def _moved(picture: Float[Tensor, "4 h w"], down: int, right: int) -> Float[Tensor, "4 h w"]:
    return picture.roll((down, right), (-2, -1))
