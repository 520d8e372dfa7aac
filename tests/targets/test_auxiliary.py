import math

import pytest
import torch

from graphnca.losses import RotationInvariantLoss
from graphnca.targets import (
    auxiliary_channels,
    axis_channel,
    binary_channel,
    load_target,
    radial_channel,
    side_channel,
    with_auxiliary,
)


def test_binary_channel_is_dark_above_and_bright_below() -> None:
    target = load_target("lizard")
    channel = binary_channel(target)
    torch.testing.assert_close(channel[:36], -0.5 * target[3, :36] ** 2)
    torch.testing.assert_close(channel[36:], 0.5 * target[3, 36:] ** 2)


def test_binary_channel_of_an_odd_height_is_zero_in_the_middle() -> None:
    channel = binary_channel(torch.ones(4, 5, 3))
    assert channel[:, 0].tolist() == [-0.5, -0.5, 0.0, 0.5, 0.5]


@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_rings_change_sign_at_the_zeros_of_their_wave(mode: int) -> None:
    channel = radial_channel(torch.ones(4, 201, 201), mode)
    ray = channel[100, 100:]  # from the middle (r = 0) to the edge (r = 1)
    radius = torch.linspace(0, 1, 101)
    wave = torch.sin(radius * mode * math.pi) if mode % 2 == 0 else torch.cos(radius * mode * math.pi)
    hard = wave.abs() >= 0.2
    torch.testing.assert_close(ray[hard], 0.5 * wave[hard].sign())
    torch.testing.assert_close(ray[~hard], 2.5 * wave[~hard], atol=1e-5, rtol=0)


def test_rings_are_round_and_weighted_by_alpha() -> None:
    target = load_target("heart")
    rings = radial_channel(target, 4)
    assert not rings[target[3] == 0].any()
    full = radial_channel(torch.ones(4, 72, 72), 4)
    torch.testing.assert_close(rings, full * target[3])
    torch.testing.assert_close(full, torch.rot90(full, 1, (0, 1)), atol=1e-5, rtol=0)
    torch.testing.assert_close(full, full.flip(1), atol=1e-5, rtol=0)


def test_rings_stay_round_on_a_wide_target() -> None:
    wide = radial_channel(torch.ones(4, 41, 81), 2)
    torch.testing.assert_close(wide[20, 20:61], wide[:, 40], atol=1e-5, rtol=0)


def test_a_target_without_alpha_channel() -> None:
    with pytest.raises(ValueError, match=r"alpha in channel 3, got shape \(3, 8, 8\)"):
        binary_channel(torch.ones(3, 8, 8))
    with pytest.raises(ValueError, match=r"alpha in channel 3"):
        radial_channel(torch.ones(3, 8, 8), 2)


def test_mode_below_one() -> None:
    with pytest.raises(ValueError, match="`mode` must be 1 or more, got 0"):
        radial_channel(torch.ones(4, 8, 8), 0)


def test_the_axis_channel_separates_the_ends_of_a_slanted_bar() -> None:
    target = torch.zeros(4, 21, 21)
    target[3] = torch.eye(21).mT  # from the upper left to the lower right
    channel = axis_channel(target)
    ends = torch.diagonal(channel)
    assert ends[:10].tolist() == [-0.5] * 10
    assert ends[11:].tolist() == [0.5] * 10
    assert channel.count_nonzero() <= 21


def test_the_side_channel_separates_the_sides_of_a_slanted_bar() -> None:
    """Split along the bar: above it and below it."""
    target = torch.zeros(4, 21, 21)
    bar = torch.eye(21) + torch.diag(torch.ones(20), 1) + torch.diag(torch.ones(20), -1)
    target[3] = bar
    channel = side_channel(target)
    assert torch.diagonal(channel, -1).tolist() == [0.5] * 20  # x right, y down: below the diagonal
    assert torch.diagonal(channel, 1).tolist() == [-0.5] * 20


def test_no_mirror_image_of_a_lizard_has_its_sides() -> None:
    """Mirrored in the body's own axis the colours hardly change, the sides change places."""
    target = load_target("lizard")
    losses = []
    for channel in (axis_channel(target), side_channel(target)):
        channels = torch.cat([target, channel[None]])
        loss = RotationInvariantLoss(channels, channel_weights=[1.0, 1.0, 1.0, 1.0, 3.0])
        losses.append(loss.landscape(channels)[1].min())
    assert losses[1] > 1.2 * losses[0]


def test_across_its_axis_a_lizard_is_nearly_its_own_mirror_image() -> None:
    target = load_target("lizard")
    losses = []
    for channel in (axis_channel(target), binary_channel(target)):
        channels = torch.cat([target, channel[None]])
        loss = RotationInvariantLoss(channels, channel_weights=[1.0, 1.0, 1.0, 1.0, 3.0])
        losses.append(loss.landscape(channels)[1].min())
    assert losses[0] < 0.7 * losses[1]


def test_channels_are_named_in_a_list() -> None:
    target = load_target("heart")
    channels = with_auxiliary(target, "binary,axis:3,side,radial4")
    assert channels.shape == (8, 72, 72) and torch.equal(channels[:4], target)
    torch.testing.assert_close(channels[4], binary_channel(target))
    torch.testing.assert_close(channels[5], axis_channel(target))
    torch.testing.assert_close(channels[6], side_channel(target))
    torch.testing.assert_close(channels[7], radial_channel(target, 4))
    assert torch.equal(with_auxiliary(target, ""), target)
    with pytest.raises(ValueError, match="radialN, separated by commas, got 'spiral'"):
        with_auxiliary(target, "binary,spiral")


def test_a_weight_is_one_unless_it_is_given() -> None:
    assert auxiliary_channels("binary,axis:2.5") == [("binary", 1.0), ("axis", 2.5)]
    assert auxiliary_channels("") == []
