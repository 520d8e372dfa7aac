import math

import pytest
import torch
from torch_geometric.data import Data

from graphnca.losses.rings import Rings
from graphnca.losses.sharpening import sharpening_matrix
from graphnca.rasterizers import Barycentric, NearestCell
from graphnca.rasterizers.polar import Polar


@pytest.fixture
def polar() -> Polar:
    angles = torch.arange(20, dtype=torch.float64) * (math.pi / 10)
    return Polar(9, 11, torch.linspace(0.05, 1, 5, dtype=torch.float64), angles)


@pytest.mark.parametrize("sharpen", [True, False])
@pytest.mark.parametrize("batch", [(), (3,), (2, 3), (0,)])
def test_equals_sharpening_and_sampling_one_after_the_other(
    polar: Polar, sharpen: bool, batch: tuple[int, ...]
) -> None:
    images = torch.randn(*batch, 2, 9, 11, dtype=torch.float64)
    matrix = torch.from_numpy(sharpening_matrix(9, 11).toarray())
    sharp = (images.flatten(-2) @ matrix.T).view_as(images) if sharpen else images
    rings = Rings(polar, sharpen=sharpen)(images.flatten(-2).transpose(-1, -2))
    assert rings.shape == (20, 5, math.prod(batch), 2)
    expected = polar(sharp).reshape(-1, 2, 5, 20).permute(3, 2, 0, 1)
    torch.testing.assert_close(rings, expected)


@pytest.mark.parametrize("sharpen", [True, False])
@pytest.mark.parametrize("rasterizer", [NearestCell, Barycentric])
def test_equals_drawing_first(topology: Data, polar: Polar, sharpen: bool, rasterizer: type) -> None:
    raster = rasterizer(topology, 9, 11, origin=(0.3, -0.7))
    states = torch.randn(2, topology.num_nodes or 0, 3, dtype=torch.float64)
    drawn = Rings(polar, sharpen=sharpen)(raster(states).flatten(-2).transpose(-1, -2))
    at_once = Rings(polar, sharpen=sharpen, drawing=raster.sampling)(states)
    torch.testing.assert_close(at_once, drawn)
