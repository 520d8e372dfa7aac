"""What a training has come to, in numbers and in words: whether its rule grows the picture, keeps it, and heals.

The runs' fates are those of `fates`, with the target itself as the form that they are measured by.
"""

import math
from collections import Counter
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.ndimage import label
from torch import Tensor
from torch_geometric.data import Data

from ..damage import half_plane
from ..losses import RotationInvariantLoss
from .drift import error_where_it_lies
from .fates import Look, between, looks, motion
from .form import REACH, OwnForm, around, grown_at, lying
from .runs import walk
from .scores import ALIVE, bounded, seeded_position
from .subject import NAIVE, Subject
from .upright import upright

RUNS = 4
RUN_SEED = 700  # of their firing; no result uses it for anything else
GROWN = 500  # steps
LONG = 2000  # steps to which a pattern that lasts must last
HEALING = 500  # steps after half of it is cut away
RECOGNISABLE, GOOD = 0.1, 0.02  # of an empty substrate's squared error
BODIES = ("whole", "deformed")  # fates of one body
LOOSE = 0.3  # besides `form.PART`, how far a part may be from the target's: a rule's picture is a little soft
TURN = 60.0  # degrees: from so far on, a pattern that fits on itself turned has two heads
DOUBLE, SINGLE = 0.1, 0.3  # of its own square: how far it is from itself then, and how far the target is


@dataclass(frozen=True)
class Verdict:
    """What has become of a rule that was trained to grow a picture."""

    error: float
    """Squared error of RGBA at step `GROWN`, in shares of an empty substrate's: the median run, where it lies, and of
    isotropic rules in its best orientation."""
    grown: dict[str, int]
    """How many runs have which fate then."""
    lasting: dict[str, int]
    """Likewise at step `LONG`; empty for a rule that was never meant to last."""
    error_at_last: float
    """The error then."""
    healed: float
    """The error `HEALING` steps after the left half was cut away at step `GROWN`."""
    moves: str
    """Whether it stands, drifts or turns between the two steps."""
    two_headed: bool
    """Whether it is much the same as itself turned or mirrored, and the target is not."""

    @property
    def fate(self) -> str:
        """The most frequent at step `GROWN`."""
        return _most(self.grown)

    @property
    def recognisable(self) -> bool:
        """Whether the picture can be recognised in it, and it is one body."""
        return self.error <= RECOGNISABLE and self.fate in BODIES

    @property
    def persists(self) -> bool:
        """Whether it is still recognisable at step `LONG`."""
        return self.error_at_last <= RECOGNISABLE and _most(self.lasting) in BODIES

    @property
    def word(self) -> str:
        """One of good, recognisable, unfinished, failed."""
        if self.fate in ("died", "exploded"):
            return "failed"
        if not self.recognisable:
            return "unfinished"
        return "good" if self.error <= GOOD and self.persists else "recognisable"

    def sentences(self) -> list[str]:
        """The verdict, in words."""
        share = f"{self.error:.1%} of an empty substrate's error at step {GROWN}"
        if self.fate == "died":
            return ["failed: what it grows dies."]
        if self.fate == "exploded":
            return ["failed: what it grows explodes."]
        if self.two_headed:
            first = (
                f"two-headed: it is its own mirror image, or the same half a turn on, and the picture is not ({share})."
            )
        elif self.word == "unfinished":
            first = f"not converged: {_shape(self.fate)} ({share}); it is recognisable below {RECOGNISABLE:.0%}."
        elif self.word == "good":
            first = f"good: it grows the picture ({share})."
        else:
            first = f"recognisable: it grows the picture, softly or with a part that is off ({share})."
        return [first, *self._later()]

    def _later(self) -> list[str]:
        if not self.lasting:
            return []
        found = []
        last = _most(self.lasting)
        if self.persists:
            found.append(f"It lasts: at step {LONG:,} it {self.moves}.")
        elif last in ("died", "exploded"):
            found.append(f"It does not last: by step {LONG:,} it has {last}.")
        else:
            found.append(f"It does not last: at step {LONG:,} it is {last} ({self.error_at_last:.0%} of empty).")
        if self.recognisable:
            found.append(
                "It heals: half of it cut away, it grows again."
                if self.healed <= RECOGNISABLE
                else f"It does not heal: {HEALING} steps after a half is cut away it is {self.healed:.0%} of empty off."
            )
        return found

    def card(self) -> dict[str, Any]:
        """For the rule's card."""
        return {
            "word": self.word,
            "error": round(self.error, 4),
            f"error at {LONG}": round(self.error_at_last, 4),
            "error after a half": round(self.healed, 4),
            "fates": self.grown,
            f"fates at {LONG}": self.lasting,
            "moves": self.moves,
            "two-headed": self.two_headed,
        }


def _asked(
    subject: Subject, topology: Data, target: Float[Tensor, "4 h w"]
) -> tuple[Subject, OwnForm, Float[Tensor, "b n c"], int]:
    """The rule beside the picture, the form of that, what all runs begin with, and when they have grown."""
    subject = replace(subject, picture_of_goal=target)
    grown = grown_at(subject) if subject.card.get("regime") == NAIVE else GROWN
    return subject, form_of(target, mirror=not subject.is_upright), subject.seed(topology).expand(RUNS, -1, -1), grown


@torch.no_grad()
def is_recognised(subject: Subject, topology: Data, target: Float[Tensor, "4 h w"]) -> bool:
    """Whether the picture can be recognised in what a rule has grown, in one body: what `Verdict.recognisable` asks.

    Args:
        subject: The rule, no texture.
        topology: A substrate as it was trained on.
        target: What it was trained to grow, RGBA, one pixel a unit.
    """
    subject, own, start, moment = _asked(subject, topology, target)
    generator = torch.Generator().manual_seed(RUN_SEED)
    ((_, states),) = walk(subject.rule, start, topology, [moment], generator=generator)
    fate = _most(_fates(looks(states, topology, own), own, 1 - _largest_share(target)))
    return fate in BODIES and _error(subject, states, topology, own) <= RECOGNISABLE


@torch.no_grad()
def verdict_on(subject: Subject, topology: Data, target: Float[Tensor, "4 h w"]) -> Verdict:
    """Grows a rule several times, lets it live on, cuts it, and says what it is.

    Args:
        subject: The rule, no texture.
        topology: A substrate as it was trained on.
        target: What it was trained to grow, RGBA, one pixel a unit.
    """
    subject, own, start, grown = _asked(subject, topology, target)
    generator = torch.Generator().manual_seed(RUN_SEED)
    naive = subject.card.get("regime") == NAIVE
    moments = (grown,) if naive else (grown, LONG)
    states = dict(walk(subject.rule, start, topology, moments, generator=generator))
    cut = {0: half_plane(topology, seeded_position(topology), math.pi)}
    ((_, healed),) = walk(subject.rule, states[grown], topology, [HEALING], generator=generator, damage=cut)
    first, last = (looks(states[moment], topology, own) for moment in (grown, moments[-1]))
    pieces = 1 - _largest_share(target)
    return Verdict(
        error=_error(subject, states[grown], topology, own),
        grown=_fates(first, own, pieces),
        lasting={} if naive else _fates(last, own, pieces),
        error_at_last=_error(subject, states[moments[-1]], topology, own),
        healed=_error(subject, healed, topology, own),
        moves=_motion(first, last, topology, own),
        two_headed=_is_double(states[grown], topology, own),
    )


def form_of(target: Float[Tensor, "4 h w"], *, mirror: bool) -> OwnForm:
    """A picture as the form that patterns are measured by."""
    mature = target[3] > ALIVE
    rows, columns = mature.nonzero().float().mean(0).round().int().tolist()
    side = 2 * max(rows, columns, mature.shape[0] - rows, mature.shape[1] - columns) + 1
    middle = side // 2
    picture = target.new_zeros(4, side, side)
    y, x = middle - rows, middle - columns
    picture[:, y : y + mature.shape[0], x : x + mature.shape[1]] = target
    return OwnForm(float(mature.sum()), picture, mirror, LOOSE)


def _error(subject: Subject, states: Float[Tensor, "b n c"], topology: Data, own: OwnForm) -> float:
    """The median run's squared error where and as it lies, in shares of an empty substrate's."""
    if subject.is_upright:
        x, y = subject.planting_offset.int().tolist()
        about_seed = subject.target[:4].roll((-y, -x), (-2, -1))  # a torus knows no border
        errors, _ = error_where_it_lies(states, topology, about_seed)
        return median((errors / about_seed.square().mean()).tolist())
    side = own.picture.shape[-1]
    centres, orientations, _ = lying(states, topology, own)
    found = []
    for state, centre, (best, *_) in zip(bounded(states), centres.tolist(), orientations, strict=True):
        view = upright(topology, side, side, angle=math.radians(best.angle), mirror=best.mirrored, centre=tuple(centre))
        picture = view(state[:, :4])
        places = [picture.roll((y, x), (-2, -1)) for y in range(-REACH, REACH + 1) for x in range(-REACH, REACH + 1)]
        least = min(float((moved - own.picture).square().sum()) for moved in places)
        found.append(least / float(own.picture.square().sum()))
    return median(found)


def _fates(seen: list[Look], own: OwnForm, pieces: float) -> dict[str, int]:
    """How many runs have which fate; pieces that the target itself is made of are no crumbs."""
    return dict(Counter(replace(look, crumbs=look.crumbs - pieces).fate(own) for look in seen).most_common())


def _most(fates: dict[str, int]) -> str:
    return next(iter(fates), "")


def _motion(first: list[Look], last: list[Look], topology: Data, own: OwnForm) -> str:
    moved = [between(one, other, topology) for one, other in zip(first, last, strict=True)]
    turned = median(abs(degrees) for _, degrees in moved) if own.mirror else 0.0
    return motion(median(units for units, _ in moved), turned)


def _is_double(states: Float[Tensor, "b n c"], topology: Data, own: OwnForm) -> bool:
    side = own.picture.shape[-1]
    pictures = around(bounded(states), topology, lying(states, topology, own)[0], side)
    return _doubled(own.picture) > SINGLE and median(map(_doubled, pictures)) < DOUBLE


def _doubled(picture: Float[Tensor, "4 h w"]) -> float:
    """How far a picture is from itself turned by `TURN` degrees or more, or mirrored, in shares of its square."""
    loss = RotationInvariantLoss(picture)
    as_it_is, mirrored = loss.landscape(picture[None])[0] / loss(torch.zeros_like(picture))
    degrees = torch.arange(len(as_it_is)) * 360 / len(as_it_is)
    far = (degrees >= TURN) & (degrees <= 360 - TURN)
    return min(float(as_it_is[far].min()), float(mirrored.min()))


def _shape(fate: str) -> str:
    return {"whole": "it is a blur of the picture", "deformed": "a part is missing, or is there twice"}.get(
        fate, f"what it grows is {fate}"
    )


def _largest_share(target: Float[Tensor, "4 h w"]) -> float:
    """The part of a picture's mature pixels that is in its largest body, corners joined."""
    labels = np.zeros(target.shape[-2:], dtype=int)
    label(target[3].numpy() > ALIVE, np.ones((3, 3)), output=labels)
    return float(np.bincount(labels[labels > 0]).max() / (labels > 0).sum())
