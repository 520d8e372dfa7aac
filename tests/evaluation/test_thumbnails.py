"""Thumbnails lie in rows in the order of the names; a picture is nearest to what it shows."""

from collections.abc import Callable

import pytest
import torch
from PIL import Image

from graphnca.drawing import montage
from graphnca.drawing.images import to_picture
from graphnca.evaluation.subject import SubjectError
from graphnca.evaluation.thumbnails import Thumbnails
from graphnca.templates import load_template

NAMES = ("banded", "chequered", "dotted", "bubbly")
SIDE = 64


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return montage([to_picture(load_template(name, SIDE)) for name in NAMES], columns=2, pad=0)


def test_each_texture_is_nearest_to_its_own(picture: Image.Image) -> None:
    thumbnails = Thumbnails(NAMES, picture, side=SIDE)
    assert [thumbnails.pictures[name].size for name in NAMES] == [(SIDE, SIDE)] * 4
    moved = torch.stack([load_template(name, SIDE).roll((9, 21), (1, 2)) for name in NAMES])
    assert thumbnails.nearest(moved) == list(NAMES)
    shares = thumbnails.shares("dotted", moved)
    assert shares.argmin() == 2 and shares[2] < 0.1 < shares[[0, 1, 3]].min()


def test_colours_count_as_they_are_seen(picture: Image.Image) -> None:
    thumbnails = Thumbnails(NAMES, picture, side=SIDE)
    template = load_template("dotted", SIDE)
    brighter = torch.where(template > 0.999, template + 2.0, template)
    torch.testing.assert_close(thumbnails.shares("dotted", brighter), thumbnails.shares("dotted", template))


@pytest.mark.parametrize("change", [lambda names, side: (names[:3], side), lambda names, side: (names, side + 1)])
def test_as_many_as_there_are_names(picture: Image.Image, change: Callable) -> None:
    names, side = change(NAMES, SIDE)
    with pytest.raises(SubjectError, match="thumbnails of .* pixels are expected, .*128 x 128"):
        Thumbnails(names, picture, side=side)
