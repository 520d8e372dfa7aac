"""Seeds that do not lie in the middle of what they grow."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch_geometric.data import Data

from graphnca.evaluation.scores import raster, seeded_position
from graphnca.rasterizers import NearestCell
from graphnca.seeds import nearest_cells, point_seed


def planting_offset(seed_at: Sequence[float], size: int) -> Float[Tensor, " 2"]:
    """From the middle of a picture to its seed, in whole pixels; `seed_at` is (0, 0) in its top left corner."""
    return ((torch.tensor(seed_at, dtype=torch.float32) - 0.5) * size).round()


def planted_seed(topology: Data, num_channels: int, seed_at: Sequence[float], size: int) -> Float[Tensor, "n c"]:
    """The seed of a picture of `size` pixels whose middle is to lie about in the middle of the substrate."""
    middle = torch.tensor(seeded_position(topology))
    return point_seed(topology, num_channels, at=middle + planting_offset(seed_at, size))


def planted_raster(topology: Data, height: int, width: int, seed_at: Sequence[float], size: int) -> NearestCell:
    """The raster on which the picture's seed lies where the cell that got it really is."""
    middle = torch.tensor(seeded_position(topology))
    offset = planting_offset(seed_at, size)
    cell = topology["pos"][nearest_cells(topology, (middle + offset).view(1, 2))[0], :2]
    x, y = (cell - offset).tolist()
    return raster(topology, height, width, centre=(x, y))
