"""Targets with their auxiliary channels."""

import pytest
import torch

from graphnca.evaluation.published_loss import isotropic_loss, perfect_loss, published_loss, target_with_auxiliary
from graphnca.evaluation.scores import empty_loss


def test_auxiliary_channels_follow_the_picture() -> None:
    assert len(target_with_auxiliary("heart", "binary,radial4")) == 6
    assert len(target_with_auxiliary("spiderweb", "")) == 4
    with pytest.raises(ValueError, match="radialN"):
        target_with_auxiliary("lizard", "spiral")


def test_the_published_loss_has_the_papers_channels() -> None:
    loss = published_loss("heart")
    assert torch.equal(loss.target, target_with_auxiliary("heart", "binary,radial4"))
    assert loss.variant == "published"
    assert len(published_loss("spiderweb").target) == 4
    assert len(published_loss("butterfly").target) == 5


def test_thin_lines_that_stand_on_their_seed_cannot_reach_a_low_loss_as_published() -> None:
    """The published rings lie half a pixel off the seed in both directions; the rings around the seed do not."""
    for target, as_published, around in (("spiderweb", 0.2, 0.08), ("heart", 0.03, 0.02)):
        assert perfect_loss(target, published=True) > as_published * empty_loss(published_loss(target))
        assert perfect_loss(target) < around * empty_loss(isotropic_loss(target))


def test_the_measure_is_closed_and_has_the_seed_in_the_middle_pixel() -> None:
    """A target that lies turned by a quarter, or flipped, costs nothing; by the published convention it costs some."""
    loss = isotropic_loss("lizard")
    assert (loss.variant, loss.target.shape) == ("closed", (5, 73, 73))
    turned = torch.stack([torch.rot90(loss.target, 1, (-2, -1)), loss.target.flip(-1)])
    assert float(loss(turned).max()) < 1e-3
    published = published_loss("lizard")
    assert float(published(torch.rot90(published.target, 1, (-2, -1)))) > 0.2
