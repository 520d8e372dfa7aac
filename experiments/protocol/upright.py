"""Turned and mirrored patterns, compared upright: what a rotation of the seed costs, and how exactly it is followed."""

import math
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn.functional import grid_sample
from torch_geometric.data import Data

from graphnca.losses import RotationInvariantLoss
from graphnca.rasterizers import NearestCell
from graphnca.seeds import StructuredSeed, nearest_cells
from protocol.scores import bounded, seeded_position
from protocol.structured import LOSS_SCALE

BLUR = 1.0  # pixels, one cell: what is finer than the cells cannot survive a turn that is none of the lattice's own


def upright(
    topology: Data,
    height: int,
    width: int,
    *,
    angle: float = 0.0,
    mirror: bool = False,
    centre: tuple[float, float] | None = None,
) -> NearestCell:
    """A raster in which a pattern that grew from a seed turned and mirrored by as much stands upright.

    One pixel per unit of length around the seed or another point, 2x2 samples a pixel.
    """
    middle = seeded_position(topology) if centre is None else centre
    return NearestCell(topology, height, width, centre=middle, samples=2, angle=angle, mirror=mirror)


class UprightLoss:
    """1000 times the mean squared error of RGBA, within the disc that a turned raster shares with one that is not.

    The corners of a turned raster reach beyond half the torus and would show parts of the pattern twice, so only pixels
    within half the shorter side of the middle count; targets have nothing outside. The sum is divided by all pixels, as
    in training.

    `smoothed` blurs image and target alike (a Gaussian of `BLUR` pixels) before it compares them. A raster that is
    turned against the lattice must interpolate, one that is not need not; after the blur both pay the same.

    Args:
        target: (4, H, W).
    """

    def __init__(self, target: Tensor) -> None:
        height, width = target.shape[-2:]
        row = torch.arange(height)[:, None] - height // 2
        column = torch.arange(width) - width // 2
        self.disc = row.square() + column.square() <= ((min(height, width) - 1) / 2) ** 2
        self.target = target * self.disc

    def plain(self, images: Tensor) -> Tensor:
        """One loss for each of the images (B, C, H, W)."""
        difference = images[:, : len(self.target)] * self.disc - self.target
        return LOSS_SCALE * difference.square().mean((1, 2, 3))

    def smoothed(self, images: Tensor) -> Tensor:
        """One loss for each of the images (B, C, H, W), after the blur."""
        difference = (images[:, : len(self.target)] * self.disc - self.target).numpy()
        blurred = gaussian_filter(difference, BLUR, axes=(-2, -1), mode="constant")
        return LOSS_SCALE * torch.from_numpy(np.square(blurred).mean((1, 2, 3)))


def painted(target: Tensor, topology: Data, *, angle: float = 0.0, mirror: bool = False) -> Tensor:
    """States (N, 4) that show a target (4, H, W), one pixel a unit, mirrored and turned about the seed.

    Between pixels it is bilinear. What a perfect rule would grow: its loss is what the size of the cells costs.
    """
    height, width = target.shape[-2:]
    offset = topology["pos"][:, :2].double() - torch.tensor(seeded_position(topology), dtype=torch.float64)
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2).double()
        offset = offset - extent * torch.round(offset / extent)
    x = offset[:, 0] * math.cos(angle) + offset[:, 1] * math.sin(angle)
    y = offset[:, 1] * math.cos(angle) - offset[:, 0] * math.sin(angle)
    column, row = (-x if mirror else x) + width // 2 + 0.5, y + height // 2 + 0.5
    where = torch.stack([2 * column / width - 1, 2 * row / height - 1], -1).to(target.dtype)
    return grid_sample(target[None], where[None, None], align_corners=False)[0, :, 0].T.contiguous()


def pattern_angles(images: Tensor, loss: RotationInvariantLoss) -> tuple[Tensor, Tensor]:
    """By how many radians the target lies turned in images (B, C, H, W), and whether mirrored, as seeds count it.

    The best of the loss' angles, refined by the parabola through it and its two neighbours. A mirrored target is one
    whose x is negated before it is turned (`RotationInvariantLoss.match` negates y, half a turn away).
    """
    landscape = loss.landscape(bounded(images)).double()
    best = landscape.flatten(1).argmin(1)
    mirrored, k = best >= loss.num_angles, best % loss.num_angles
    ring = landscape[torch.arange(len(images)), mirrored.long()]
    left, middle, right = (ring.gather(1, (k[:, None] + d) % loss.num_angles)[:, 0] for d in (-1, 0, 1))
    curvature = left - 2 * middle + right
    refined = k + torch.where(curvature > 0, 0.5 * (left - right) / curvature.clamp_min(1e-12), 0.0)
    angle = refined * loss.step + torch.where(mirrored, math.pi, 0.0)
    return wrapped(angle), mirrored


def wrapped(angle: Tensor) -> Tensor:
    """Radians in [-pi, pi)."""
    return (angle + math.pi) % (2 * math.pi) - math.pi


class Landing(NamedTuple):
    """How the cells that a structured seed took lie, compared with its points.

    Attributes:
        turn: radians by which they are turned beyond the angle asked for, by least squares.
        centre: where the seed's centre (x, y) is to them.
        distances: units between each point and the centre of its cell.
        cells: the cells.
    """

    turn: float
    centre: tuple[float, float]
    distances: list[float]
    cells: list[int]


def landing(seed: StructuredSeed, topology: Data, *, angle: float = 0.0, mirror: bool = False) -> Landing:
    """Where a seed lands: its points take the nearest cells, so its arrangement is a little distorted."""
    wanted = seed.positions(topology, angle=angle, mirror=mirror)
    cells = nearest_cells(topology, wanted)
    offset = topology["pos"][cells, :2] - wanted
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        offset = offset - extent * torch.round(offset / extent)
    before, after = (points - points.mean(0) for points in (wanted.double(), (wanted + offset).double()))
    cross = (before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]).sum()
    turn = float(torch.atan2(cross, (before * after).sum()))
    centre = torch.tensor(seeded_position(topology), dtype=torch.float64)
    arm = centre - wanted.double().mean(0)
    cos, sin = math.cos(turn), math.sin(turn)
    x, y = (wanted + offset).double().mean(0).tolist()
    moved = (x + cos * float(arm[0]) - sin * float(arm[1]), y + sin * float(arm[0]) + cos * float(arm[1]))
    return Landing(turn, moved, offset.double().norm(dim=1).tolist(), cells.tolist())
