"""Fates: for each a state that belongs there, and one that nearly does."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.fates import (
    CRUMBS,
    DRIFTING,
    FATES,
    OVERGROWN,
    TURNING,
    Look,
    between,
    counted,
    fates,
    looks,
    motion,
)
from graphnca.evaluation.form import Orientation, OwnForm
from graphnca.evaluation.scores import EXPLODED
from graphnca.evaluation.upright import painted
from graphnca.targets import load_target
from topologies import square_grid, substrate

SIDE = 41
SQUARE = square_grid(SIDE, SIDE)
LIZARD = load_target("lizard", size=28, padding=6, on_pixel=True)  # 41 x 41, the seed's pixel in the middle


def own(*, mirror: bool = True) -> OwnForm:
    """The lizard's target as what a rule grows."""
    mature = LIZARD[3] > 0.1
    return OwnForm(area=float(mature.sum()), picture=LIZARD, mirror=mirror, spread=0.02)


def state(angle: float = 0.0, shift: tuple[float, float] = (0.0, 0.0), topology: Data = SQUARE) -> Tensor:
    """The lizard painted on a substrate, turned and moved."""
    x, y = (topology["extent"].view(2) / 2).tolist()
    centre = (x + shift[0], y + shift[1])
    return torch.cat([painted(LIZARD, topology, angle=angle, centre=centre), torch.zeros(topology.num_nodes, 2)], 1)


def fate(one: Tensor) -> str:
    (word,) = fates(one[None], SQUARE, own())
    return word


def scaled(times: float) -> Tensor:
    """A lizard of so many times the area."""
    x, y = (((torch.arange(SIDE) + 0.5 - SIDE / 2) / math.sqrt(times)).expand(SIDE, SIDE)), None
    y = x.T
    column, row = ((value + SIDE / 2).floor().clamp(0, SIDE - 1).long() for value in (x, y))
    return torch.cat([LIZARD[:, row, column].flatten(1).T, torch.zeros(SIDE * SIDE, 2)], 1)


def crumbled(share: float) -> Tensor:
    """A lizard with single cells beside it that have that share of the whole area."""
    one = state()
    mature = (one[:, 3] > 0.1).view(SIDE, SIDE)
    free = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    free[1:3:2, 1:-1:2] = free[-2:, 1:-1:2] = True
    free &= ~mature
    number = math.floor(share / (1 - share) * float(mature.sum()))
    cells = free.flatten().nonzero()[:number, 0]
    assert len(cells) == number > 0
    one[cells, 3] = 0.11
    return one


def test_what_is_whole_stands_where_and_as_it_likes() -> None:
    """Turned, mirrored and moved on any cells, it is the same lizard."""
    for kind in ("square", "hex", "voronoi"):
        topology = substrate(kind, SIDE + 8)
        for angle, shift in ((0.0, (0.0, 0.0)), (1.0, (3.0, -2.0)), (-2.5, (0.0, 20.0))):
            one = state(angle, shift, topology)
            (look,) = looks(one[None], topology, own())
            assert look.fate(own()) == "whole", (kind, angle, look)
            assert look.form < 0.1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), EXPLODED, -2e30])
def test_exploded(value: float) -> None:
    one = state()
    one[7, 5] = value
    assert fate(one) == "exploded"
    one[7, 5] = EXPLODED - 0.1
    assert fate(one) == "whole"


def test_died() -> None:
    one = torch.full((SIDE * SIDE, 6), 0.1)
    assert fate(one) == "died"
    one[840, 3] = 0.11
    assert fate(one) == "shrunk"  # a single cell lives


@pytest.mark.parametrize(
    ("times", "word"), [(0.44, "shrunk"), (0.56, "deformed"), (1.42, "deformed"), (1.58, "overgrown")]
)
def test_shrunk_and_overgrown(times: float, word: str) -> None:
    """Nearly half and nearly one and a half of its area is neither, but it has lost its form."""
    assert fate(scaled(times)) == word


def test_a_flooded_substrate_is_overgrown() -> None:
    """Which counted as alive, and as grown where the target is large."""
    assert fate(torch.full((SIDE * SIDE, 6), 0.5)) == "overgrown"


def test_crumbled() -> None:
    assert fate(crumbled(1.3 * CRUMBS)) == "crumbled"
    assert fate(crumbled(0.7 * CRUMBS)) == "whole"


def test_a_disc_has_no_form() -> None:
    """Which has less than half of an empty substrate's loss against many targets, and passed as grown."""
    x, y = (SQUARE.pos - SIDE / 2).unbind(-1)
    inside = torch.hypot(x, y) < math.sqrt(own().area / math.pi)
    one = torch.zeros(SIDE * SIDE, 6)
    one[inside, :4] = LIZARD[:, LIZARD[3] > 0.1].mean(1)
    assert fate(one) == "deformed"


def without(*, beyond: float) -> Tensor:
    """A lizard without what lies higher than so many units above the middle: the head lies there."""
    one = state()
    one[SQUARE.pos[:, 1] - SIDE / 2 < -beyond] = 0
    return one


def test_a_lizard_that_has_lost_its_head_is_deformed() -> None:
    """Which counted as grown; a tip that is missing is none of its parts."""
    lost = without(beyond=7.0)
    assert 0.7 < float((lost[:, 3] > 0.1).sum()) / own().area < 1  # neither shrunk
    assert fate(lost) == "deformed"
    assert fate(without(beyond=13.0)) == "whole"


def test_a_limb_too_many_is_no_part_of_it() -> None:
    """One of its own colour that hangs on by a thread."""
    one = state()
    x, y = (SQUARE.pos - SIDE / 2).unbind(-1)
    limb, thread = torch.hypot(x - 11, y + 9) < 4, ((x + y - 2).abs() < 1.1) & (x > 2) & (x < 11)
    one[(limb | thread) & (one[:, 3] < 0.1), :4] = LIZARD[:, LIZARD[3] > 0.1].mean(1)
    (look,) = looks(one[None], SQUARE, own())
    assert look.crumbs < CRUMBS
    assert look.area < OVERGROWN
    assert look.fate(own()) == "deformed"


def test_a_mirrored_pattern_is_another_form_for_upright_rules() -> None:
    mirrored = state().view(SIDE, SIDE, 6).flip(1).flatten(0, 1)[None]
    assert fates(mirrored, SQUARE, own()) == ["whole"]
    assert fates(mirrored, SQUARE, own(mirror=False)) == ["deformed"]


@pytest.mark.parametrize(("angle", "shift", "word"), [
    (0.0, (0.0, 0.0), "stands"),
    (0.0, (0.8, 0.0), "stands"),
    (0.0, (-1.2, 0.0), "drifts"),
    (math.radians(3), (0.0, 0.0), "stands"),
    (math.radians(-8), (0.0, 0.0), "turns"),
    (math.radians(170), (3.0, -3.0), "drifts and turns"),
])  # fmt: skip
def test_motion(angle: float, shift: tuple[float, float], word: str) -> None:
    """Over the seam of a torus, from one look to the next."""
    first, then = looks(
        torch.stack([state(shift=(20, 20)), state(angle, (20 + shift[0], 20 + shift[1]))]), SQUARE, own()
    )
    assert motion(*between(first, then, SQUARE)) == word


def test_the_limits_of_motion() -> None:
    assert motion(DRIFTING, -TURNING) == "stands"
    assert motion(DRIFTING + 0.01, 0) == "drifts"
    assert motion(0, -TURNING - 0.01) == "turns"


def test_what_looks_alike_has_not_turned() -> None:
    """A cross that lies a quarter turned is as it was; what turned over is not, unless it is its own mirror image."""
    look = Look(1.0, 1.0, 0.0, 0.0, (0.0, 0.0), [Orientation(angle, False) for angle in (0, 90, 180, -90)])
    assert between(look, replace(look, orientations=[Orientation(91.0, False)]), SQUARE)[1] == pytest.approx(1)
    assert between(look, replace(look, orientations=[Orientation(0.0, True)]), SQUARE)[1] == 180
    both = replace(look, orientations=[Orientation(0.0, True), Orientation(2.0, False)])
    assert between(look, both, SQUARE)[1] == pytest.approx(2)


def test_fates_are_counted_in_order() -> None:
    assert counted(["died", "whole", "died"]) == {"whole": 1, "died": 2}
    assert list(counted([*FATES][::-1])) == list(FATES)
