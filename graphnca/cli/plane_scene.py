"""A substrate of the plane as `graphnca grow` shows and cuts it."""

import argparse
import math
from collections.abc import Iterable
from itertools import repeat

import torch
from torch import Tensor
from torch_geometric.data import Data

from ..damage import disks, half_plane, random_disks
from ..drawing import CellCanvas
from ..places import Place, centre_of
from .errors import UsageError

PICTURE = 432  # pixels of the longer side, about
LARGEST_PICTURE = 16_383  # pixels on a side, what WebP can hold
HOLE = 0.25  # of the shorter side: the diameter of the hole in the middle
SIDES = {"left": math.pi, "right": 0.0, "upper": -math.pi / 2, "lower": math.pi / 2}  # y points down
CUTS = (*SIDES, "middle", "disk")


class PlaneScene:
    """Cells of the plane, seen from above.

    Args:
        topology: The substrate.
        given: What was typed.
    """

    def __init__(self, topology: Data, given: argparse.Namespace) -> None:
        self.topology = topology
        self.seed_at: Place | None = None
        self.canvas = CellCanvas(topology, scale=_scale_of(topology, given.scale))

    def canvases(self, count: int) -> Iterable[CellCanvas]:
        """One for each of so many frames."""
        return repeat(self.canvas, count)

    def cut(self, name: str, generator: torch.Generator) -> Tensor:
        """The cells of a cut, as a mask."""
        return region(name, self.topology, generator)


def region(cut: str, topology: Data, generator: torch.Generator) -> Tensor:
    """The cells of a cut, as a mask."""
    middle = centre_of(topology)
    if cut in SIDES:
        return half_plane(topology, (float(middle[0]), float(middle[1])), SIDES[cut])
    if cut == "middle":
        return disks(topology, middle[None], topology["extent"].min()[None] * HOLE / 2)[0]
    return random_disks(topology, 1, generator=generator)[0]


def check_picture(scale: float, side: float) -> None:
    """Whether a picture of so many units has room in a file.

    Raises:
        UsageError: If not.
    """
    if scale * side > LARGEST_PICTURE:
        raise UsageError(
            f"--scale {scale} makes {scale * side:,.0f} pixels of {side:,.0f} units; a picture has at most "
            f"{LARGEST_PICTURE:,} on a side."
        )


def _scale_of(topology: Data, asked: int | None) -> int:
    """Whole pixels a unit, as was asked for or for a picture of about the usual size.

    Raises:
        UsageError: If that makes a larger picture than files can hold.
    """
    side = float(topology["extent"].max())
    scale = asked or max(1, round(PICTURE / side))
    check_picture(scale, side)
    return scale
