"""Seeds that lie elsewhere than in the middle."""

import pytest
import torch
from protocol.planted import planted_raster, planted_seed, planting_offset

from graphnca.evaluation.scores import seeded_position
from graphnca.rasterizers import NearestCell
from topologies import substrates

SHEETS = substrates(cells=400, meshes=1)
AT, SIZE = (0.6, 0.8), 10


def test_the_offset_is_in_pixels_from_the_middle() -> None:
    assert planting_offset((0.5, 0.5), 64).tolist() == [0, 0]
    assert planting_offset((0.0, 1.0), 64).tolist() == [-32, 32]
    assert planting_offset((0.6, 0.8), 64).tolist() == [6, 19]


@pytest.mark.parametrize("name", SHEETS)
def test_the_seed_lies_there_on_every_sheet(name: str) -> None:
    """And on the raster in the pixel that the picture says, as near as the raster's samples can tell."""
    topology = SHEETS[name]
    seed = planted_seed(topology, 5, AT, SIZE)
    assert int((seed[:, 3] > 0).sum()) == 1
    place = topology["pos"][seed[:, 3].argmax(), :2]
    wanted = torch.tensor(seeded_position(topology)) + torch.tensor([1.0, 3.0])
    assert (place - wanted).norm() < 1
    image = planted_raster(topology, 16, 16, AT, SIZE)(seed)[3]
    row, column = divmod(int(image.argmax()), 16)
    assert (row, column) == (8 + 3, 8 + 1)


def test_in_the_middle_of_squares_it_is_the_usual_raster() -> None:
    topology, states = SHEETS["square"], torch.rand(400, 4)
    usual = NearestCell(topology, 16, 16, centre=seeded_position(topology), samples=2)
    for at in ((0.5, 0.5), AT):
        assert torch.equal(planted_raster(topology, 16, 16, at, SIZE)(states), usual(states))
