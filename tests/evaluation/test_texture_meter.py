"""Pictures are measured in the same directions, whatever is measured beside them."""

import torch

from graphnca.evaluation.texture_meter import BATCH, TextureMeter, halved
from graphnca.features import FilterBank
from graphnca.templates import load_template


def meter() -> TextureMeter:
    return TextureMeter(FilterBank(scales=2), load_template("dotted", 64))


def test_a_picture_has_one_loss_whatever_is_measured_with_it() -> None:
    images = torch.rand(BATCH + 2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    measure = meter()
    together = measure(images)
    torch.testing.assert_close(together[-1:], measure(images[-1:]), rtol=1e-5, atol=0)
    torch.testing.assert_close(together, measure(images), rtol=0, atol=0)
    torch.testing.assert_close(together.view(2, -1), measure(images.view(2, -1, 3, 32, 32)))
    assert measure(images[0]).shape == ()


def test_the_template_has_none_and_one_colour_has_more_than_its_pieces() -> None:
    measure = meter()
    assert float(measure(measure.template)) < 1e-2
    scale = measure.scale(32)
    assert len(scale["pieces of the template"]) == 4
    assert 0 < max(scale["pieces of the template"]) < scale["one colour"]


def test_pictures_larger_than_the_template_are_scaled_by_the_whole_of_it() -> None:
    assert max(meter().scale(128)["pieces of the template"]) < 1e-2


def test_half_the_resolution_sees_means_of_four_pixels() -> None:
    """Noise that is the same in no two pixels but adds up to nothing in every square of four is not seen there."""
    measure = meter()
    chequers = 0.1 * (1.0 - 2.0 * ((torch.arange(64)[:, None] + torch.arange(64)) % 2))
    picture = measure.template + chequers
    torch.testing.assert_close(halved(picture), halved(measure.template))
    assert halved(picture[None, None]).shape == (1, 1, 3, 32, 32)
    torch.testing.assert_close(measure.half.template, halved(measure.template))
    assert float(measure.half(halved(picture))) < 1e-2
    assert float(measure(picture)) > 100.0
