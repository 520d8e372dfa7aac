"""Eye and flank as the picture has them, on every grid."""

import pytest
import torch

from graphnca.evaluation.anatomy import Anatomy
from graphnca.evaluation.upright import painted
from graphnca.targets import load_target
from graphnca.targets.newt import EYE_LOWER, EYE_UPPER, SKIN
from topologies import substrates

ANATOMY = Anatomy(40, 4)
TARGET = load_target("newt", size=40, padding=4)
SUBSTRATES = substrates(cells=48 * 48, meshes=1)


def near(colours: torch.Tensor, colour: tuple[int, int, int]) -> torch.Tensor:
    """How many of the colours (k, 3) are this one, but for smooth edges."""
    return ((colours - torch.tensor(colour) / 255).abs().amax(1) < 0.15).float().mean()


@pytest.mark.parametrize("name", SUBSTRATES)
def test_the_upper_half_is_bright(name: str) -> None:
    topology = SUBSTRATES[name]
    colours = painted(TARGET, topology)[ANATOMY.upper_half(topology)][:, :3]
    assert len(colours) > 15
    assert near(colours, EYE_UPPER) > 0.5
    assert near(colours, EYE_LOWER) == 0


@pytest.mark.parametrize("name", SUBSTRATES)
def test_the_lower_half_and_skin_are_around_it(name: str) -> None:
    topology = SUBSTRATES[name]
    mask = ANATOMY.around_eye(topology, 1.0)
    assert near(painted(TARGET, topology)[mask][:, :3], EYE_LOWER) > 0.4
    wide = ANATOMY.around_eye(topology, 1.7)
    assert not (wide & ANATOMY.upper_half(topology)).any()
    assert (mask & ~wide).sum() == 0 and near(painted(TARGET, topology)[wide][:, :3], SKIN) > 0.3


def test_the_lower_half_is_dark_and_its_place_on_the_flank_is_skin() -> None:
    half = ANATOMY.lower_half()
    assert int(half.sum()) > 12
    assert near(TARGET[:3, half].T, EYE_LOWER) > 0.8
    assert near(TARGET[:3, ANATOMY.moved(half)].T, SKIN) == 1


def test_it_follows_the_size() -> None:
    assert Anatomy(40, 16).side == 72
    assert Anatomy(40, 16).eye == pytest.approx(Anatomy(40, 4).eye)
    assert Anatomy(80, 8).eye[2] == pytest.approx(2 * Anatomy(40, 4).eye[2])
