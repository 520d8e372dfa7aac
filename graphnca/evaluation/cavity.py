"""Which cells lie in the cavity of a hollow pattern, or in any other part of its picture, and how many of them live."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy import ndimage
from torch import Tensor
from torch_geometric.data import Data

from .scores import ALIVE, seeded_position
from .subject import SubjectError


def cavity_of(target: Float[Tensor, "c h w"]) -> Bool[Tensor, "h w"]:
    """The empty pixels that hang together with the one in the middle, where the seed lies, but those at the bone.

    There a cell of another substrate than squares may well be half in the bone.

    Raises:
        SubjectError: If these reach the border of the picture, or the middle is not empty: then it is not hollow.
    """
    empty = (target[3] <= ALIVE).numpy()
    label: Any = ndimage.label  # its stub doesn't know that it returns two things
    labels, _ = label(empty)
    height, width = empty.shape
    middle = labels[height // 2, width // 2]
    if middle == 0 or middle == labels[0, 0]:
        raise SubjectError("rule: expected one whose target is hollow around its middle, this one is not.")
    return torch.from_numpy(ndimage.binary_erosion(labels == middle, np.ones((3, 3))))


def cells_in(mask: Bool[Tensor, "h w"], topology: Data) -> Bool[Tensor, " n"]:
    """The cells whose centres lie in the marked pixels of a picture around the seed."""
    height, width = mask.shape
    place = topology["pos"][:, :2] - torch.tensor(seeded_position(topology))
    column = torch.floor(place[:, 0] + width // 2 + 0.5).long()
    row = torch.floor(place[:, 1] + height // 2 + 0.5).long()
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    return inside & mask[row.clamp(0, height - 1), column.clamp(0, width - 1)]


def living_share(states: Float[Tensor, "b n c"], cells: Bool[Tensor, " n"]) -> Float[Tensor, " b"]:
    """Which part of these cells is alive, in every run."""
    return (states[:, cells, 3] > ALIVE).float().mean(-1)
