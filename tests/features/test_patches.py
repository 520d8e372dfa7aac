"""Patches are what windows see; as features they know a texture wherever it lies, and a flat image from it."""

import pytest
import torch

from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.features import Patches, load_features
from graphnca.templates import load_template


def test_every_window_is_a_column() -> None:
    images = torch.rand(2, 3, 9, 12, generator=torch.Generator().manual_seed(0))
    (patches,) = Patches(4)(images)
    assert patches.shape == (2, 48, 6, 9)
    torch.testing.assert_close(patches[1, :, 2, 5], images[1, :, 2:6, 5:9].flatten())


def test_a_moved_texture_is_the_same_and_another_is_not() -> None:
    templates = {name: load_template(name, 64) for name in ("banded", "chequered", "dotted")}
    meters = {name: TextureMeter(Patches(), template) for name, template in templates.items()}
    for name, template in templates.items():
        moved = template.roll((17, 9), (1, 2))
        shares = {other: float(meter.shares(moved)) for other, meter in meters.items()}
        assert min(shares, key=shares.__getitem__) == name
        assert shares[name] < 0.1 * min(share for other, share in shares.items() if other != name)


def test_a_flat_image_is_its_own_measure() -> None:
    template = load_template("dotted", 48)
    meter = TextureMeter(Patches(), template)
    flat = template.mean((1, 2), keepdim=True).expand(-1, 48, 48)
    assert float(meter.shares(flat)) == pytest.approx(1.0)
    assert float(meter.shares(template)) == 0.0
    assert meter.scale(48)["one colour"] == pytest.approx(float(meter(flat)), abs=0.1)


def test_of_one_colour_everything_is_finite() -> None:
    flat = torch.full((3, 32, 32), 0.25)
    shares = TextureMeter(Patches(), flat).shares(torch.stack([flat, load_template("dotted", 32)]))
    assert shares[0] == 0.0 and shares[1] > 1.0 and shares.isfinite().all()


def test_it_has_a_word_and_limits() -> None:
    assert "no trained weights" in load_features("patches").description
    with pytest.raises(ValueError, match="`side`"):
        Patches(0)
    with pytest.raises(ValueError, match="`images` must be 11 pixels"):
        Patches()(torch.zeros(1, 3, 8, 20))
