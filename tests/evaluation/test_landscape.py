"""The landscape: its valleys and scores on patterns whose symmetry is known."""

import pytest
import torch
from torch import Tensor

from graphnca.evaluation.landscape import (
    aligned,
    centred,
    deepest_valley,
    degrees,
    half_turn,
    landscape,
    symmetry,
    valleys,
)
from graphnca.evaluation.published_loss import PADDING, SIZE, target_with_auxiliary
from graphnca.losses import RotationInvariantLoss

ANGLES = torch.arange(360) * torch.pi / 180


def loss_of(target: str, auxiliary: str, *, size: int = SIZE, padding: int = PADDING) -> RotationInvariantLoss:
    return RotationInvariantLoss(target_with_auxiliary(target, auxiliary, size=size, padding=padding))


def lizard() -> Tensor:
    return loss_of("lizard", "", size=24, padding=6).target


def test_a_target_costs_nothing_where_it_is_and_as_much_as_nothing_where_it_is_not() -> None:
    loss = loss_of("lizard", "binary", size=24, padding=6)
    values = landscape(loss, loss.target)
    assert values[0, 0] == pytest.approx(0.0, abs=1e-5)
    torch.testing.assert_close(landscape(loss, torch.zeros_like(loss.target)), torch.ones_like(values))


def test_what_lies_halfway_to_the_half_turn_costs_a_quarter_of_it() -> None:
    loss = loss_of("lizard", "", size=24, padding=6)
    values = landscape(loss, loss.target)[0]
    halfway = (loss.target + loss.target.rot90(2, (-2, -1))) / 2
    torch.testing.assert_close(landscape(loss, halfway)[0, 0], values[len(values) // 2] / 4)


def test_the_binary_channel_lifts_the_half_turn_out_of_its_valley() -> None:
    """Figure 7: strong without the channel, flattened with it."""
    entries = []
    for auxiliary in ("", "binary"):
        loss = loss_of("lizard", auxiliary)
        entries.append(valleys(landscape(loss, loss.target)))
    without, binary = entries
    assert without["half turn"]["angle"] == pytest.approx(180, abs=5)
    assert without["half turn"]["loss"] < 0.7 * without["median"]
    assert binary["half turn"]["loss"] > 0.9 * binary["median"]
    assert binary["half turn"]["barrier"] < 0.5 * without["half turn"]["barrier"]


def test_a_valley_is_measured_by_what_must_be_climbed_to_leave_it() -> None:
    values = 1 - ANGLES.cos() - 1.5 * (2 * ANGLES).cos()  # -1.5 at 0, +0.5 at 180, highest in between
    valley = half_turn(values)
    assert valley["angle"] == 180.0
    assert valley["loss"] == pytest.approx(0.5, abs=1e-3)
    assert valley["barrier"] == pytest.approx(float(values.max()) - 0.5, abs=1e-3)


def test_the_lower_of_the_two_ways_round_counts() -> None:
    values = torch.full((360,), 2.0)
    values[180], values[90], values[270], values[0] = 1.0, 5.0, 3.0, 0.0
    assert half_turn(values)["barrier"] == 2.0
    assert half_turn(values.flip(0).roll(1))["barrier"] == 2.0


def test_a_slope_has_no_valley() -> None:
    valley = half_turn(1 - ANGLES.cos())  # highest at 180
    assert valley == {"angle": 180.0, "loss": 2.0, "barrier": 0.0}
    assert deepest_valley(1 - ANGLES.cos()) is None


def test_the_deepest_valley_is_the_one_that_is_hardest_to_leave() -> None:
    """One at 100 degrees with a pass of 2 before it, a lower one at 180 with next to none."""
    values = torch.zeros(360)
    values[:101] = torch.cat([torch.linspace(0, 5, 51), torch.linspace(5, 3, 51)[1:]])
    values[100:181] = torch.cat([torch.linspace(3, 3.2, 41), torch.linspace(3.2, 2.9, 41)[1:]])
    values[180:] = torch.cat([torch.linspace(2.9, 3.05, 31), torch.linspace(3.05, 0, 151)[1:-1]])
    assert half_turn(values)["loss"] == pytest.approx(2.9)
    assert half_turn(values)["barrier"] == pytest.approx(0.15, abs=1e-3)
    valley = deepest_valley(values)
    assert valley is not None
    assert valley["angle"] == 100.0
    assert valley["barrier"] == pytest.approx(0.2, abs=1e-3)  # by 180 degrees, not over the pass at 50


def test_landscapes_are_aligned_to_the_best_angle_and_chirality() -> None:
    values = torch.stack([1 - ANGLES.cos(), 3 - ANGLES.cos()])
    turned = torch.stack([values.roll(50, 1), values.flip(0).roll(70, 1)])
    torch.testing.assert_close(aligned(turned), torch.stack([values, values]))


@pytest.mark.parametrize("count", [228, 227])
def test_the_middle_of_a_chart_is_angle_zero(count: int) -> None:
    values = torch.arange(float(count))
    assert int(centred(values)[list(degrees(count)).index(0.0)]) == 0


def test_symmetry_is_one_for_what_is_symmetric_and_less_for_the_lizard() -> None:
    image = lizard()
    turned = (image + image.rot90(2, (-2, -1))) / 2
    mirrored = (image + image.flip(-1)) / 2
    scores = symmetry(torch.stack([image, turned, mirrored]))
    assert scores[0]["half turn"] < 0.7 and scores[0]["mirror image"] < 0.7
    assert scores[1]["half turn"] == pytest.approx(1.0, abs=1e-3)
    assert scores[1]["mirror image"] < 0.9
    assert scores[2]["mirror image"] == pytest.approx(1.0, abs=1e-3)
    assert scores[2]["half turn"] < 0.9


def test_only_the_colours_are_scored() -> None:
    image = lizard()
    assert symmetry(torch.cat([image, torch.rand(2, 36, 36)])[None]) == symmetry(image[None])


def test_nothing_has_no_symmetry() -> None:
    scores = symmetry(torch.zeros(2, 16, 36, 36))
    assert scores[0] == {"half turn": None, "mirror image": None}
