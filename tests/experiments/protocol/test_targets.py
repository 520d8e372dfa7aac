"""Targets with their auxiliary channels."""

import pytest
import torch
from protocol.targets import auxiliary_channels, published_loss, target_with_auxiliary


def test_auxiliary_channels_follow_the_picture() -> None:
    assert len(target_with_auxiliary("heart", "binary,radial4")) == 6
    assert len(target_with_auxiliary("spiderweb", "")) == 4
    with pytest.raises(SystemExit, match="radialN"):
        target_with_auxiliary("lizard", "spiral")


def test_a_weight_is_one_unless_it_is_given() -> None:
    assert auxiliary_channels("binary,axis:2.5") == [("binary", 1.0), ("axis", 2.5)]
    assert auxiliary_channels("") == []


def test_the_published_loss_has_the_papers_channels() -> None:
    loss = published_loss("heart")
    assert torch.equal(loss.target, target_with_auxiliary("heart", "binary,radial4"))
    assert loss.variant == "published"
    assert len(published_loss("spiderweb").target) == 4
    assert len(published_loss("butterfly").target) == 5
