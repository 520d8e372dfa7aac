"""Fates of textures: for each a state that belongs there, and one that nearly does."""

import pytest
import torch
from torch import Tensor

from graphnca.evaluation.named import read_subject
from graphnca.evaluation.scores import EXPLODED
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_fates import FLAT, OwnTexture, counted_textures, deviations, own_texture
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.features import load_features
from graphnca.models import texture_nca
from graphnca.templates import load_template
from topologies import square_grid

SIDE = 32
SQUARE = square_grid(SIDE, SIDE)
TEMPLATE = load_template("chequered", 128)
FEATURES = load_features("filter-bank")
SUBJECT = Subject("chequered", texture_nca())
OWN = OwnTexture(TextureMeter(FEATURES, TEMPLATE[:, :SIDE, :SIDE]), spread=0.02)


def state(picture: Tensor) -> Tensor:
    """A picture as cells, whose colours are their first channels and a half."""
    return torch.cat([picture.flatten(1).T - 0.5, torch.zeros(SIDE * SIDE, 9)], 1)


def fate(picture: Tensor) -> str:
    ((word, _),) = OWN.fates(SUBJECT, state(picture)[None], SQUARE)
    return word


def faded(share: float) -> Tensor:
    """With so much of its contrast."""
    middle = OWN.meter.template.mean((1, 2), keepdim=True)
    return middle + share * (OWN.meter.template - middle)


def test_another_piece_of_it_is_whole() -> None:
    assert fate(OWN.meter.template) == fate(TEMPLATE[:, 40 : 40 + SIDE, 56 : 56 + SIDE]) == "whole"


def test_another_texture_is_deformed() -> None:
    assert fate(load_template("dotted", 128)[:, :SIDE, :SIDE]) == "deformed"


def test_flat() -> None:
    assert fate(faded(FLAT - 0.02)) == "flat"
    assert fate(faded(FLAT + 0.02)) == "deformed"
    assert fate(faded(0.0)) == "flat"
    assert OWN.distances(faded(0.0)[None]) == pytest.approx([1.0], abs=1e-4)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), EXPLODED])
def test_exploded(value: float) -> None:
    one = state(OWN.meter.template)
    one[3, 11] = value
    ((word, distance),) = OWN.fates(SUBJECT, one[None], SQUARE)
    assert word == "exploded"
    assert distance < OWN.bound  # its colours are well, which is not enough
    one[3, 11] = EXPLODED - 0.1
    assert OWN.fates(SUBJECT, one[None], SQUARE)[0][0] == "whole"


def test_its_own_texture_is_the_median_run() -> None:
    found = own_texture(read_subject("texture-dotted"), square_grid(24, 24), FEATURES, size=24, runs=3)
    assert found.size == 24
    assert 0 <= found.spread < 0.1
    with pytest.raises(ValueError, match="of which a run exploded or is flat"):
        own_texture(Subject("still", texture_nca()), square_grid(16, 16), FEATURES, size=16, runs=2)


def test_deviations() -> None:
    assert deviations(torch.zeros(2, 3, 4, 4)).tolist() == [0, 0]


def test_fates_are_counted() -> None:
    assert counted_textures(["flat", "whole", "flat"]) == {"whole": 1, "flat": 2}
