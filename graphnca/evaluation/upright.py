"""Turned and mirrored patterns, compared upright: what a rotation of the seed costs, and how exactly it is followed."""

import math
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor
from torch.nn.functional import grid_sample
from torch_geometric.data import Data

from ..losses import RotationInvariantLoss
from ..places import nearest_cells
from ..rasterizers import NearestCell
from ..rasterizers.locate import CellLocator
from ..seeds import StructuredSeed
from .scores import LOSS_SCALE, bounded, seeded_position

BLUR = 1.0  # pixels, one cell: what is finer than the cells cannot survive a turn that is none of the lattice's own

REACH = 2.0  # units from the middle within which a seed may be put
STEP = 0.1  # units between the places that are tried
STRAIGHT = math.radians(0.5)  # a turn of a seed that moves no cell of a pattern by half its size


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


def painted(
    target: Tensor,
    topology: Data,
    *,
    angle: float = 0.0,
    mirror: bool = False,
    centre: tuple[float, float] | None = None,
) -> Tensor:
    """States (N, 4) that show a target (4, H, W), one pixel a unit, mirrored and turned about the seed or a point.

    Between pixels it is bilinear. What a perfect rule would grow: its loss is what the size of the cells costs.
    """
    height, width = target.shape[-2:]
    offset = topology["pos"][:, :2].double() - torch.tensor(centre or seeded_position(topology), dtype=torch.float64)
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


def landing(
    seed: StructuredSeed,
    topology: Data,
    *,
    angle: float = 0.0,
    mirror: bool = False,
    at: tuple[float, float] | None = None,
) -> Landing:
    """Where a seed lands: its points take the nearest cells, so its arrangement is a little distorted."""
    wanted = seed.positions(topology, angle=angle, mirror=mirror, at=at)
    cells = nearest_cells(topology, wanted)
    offset = topology["pos"][cells, :2] - wanted
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        offset = offset - extent * torch.round(offset / extent)
    points, offset = wanted.double().numpy(), offset.double().numpy()
    turn = float(_turns(points, offset[None])[0])
    x0, y0 = seeded_position(topology) if at is None else at
    middle, landed = points.mean(0), (points + offset).mean(0)
    arm_x, arm_y = x0 - middle[0], y0 - middle[1]
    cos, sin = math.cos(turn), math.sin(turn)
    centre = (float(landed[0] + cos * arm_x - sin * arm_y), float(landed[1] + sin * arm_x + cos * arm_y))
    return Landing(turn, centre, np.hypot(*offset.T).tolist(), cells.tolist())


def straight_place(
    seed: StructuredSeed, topology: Data, *, angle: float = 0.0, mirror: bool = False
) -> tuple[float, float]:
    """Where to put a seed's centre so that the cells don't turn it: the nearest such place to the middle.

    A small seed steers a large pattern: three points four units from their centre, each moved to a cell half a unit
    off, may turn the whole by five degrees. Of the places within `REACH` units of the cell in the middle, `STEP`
    apart, this is the nearest where the turn is less than `STRAIGHT`, or else the one where it is least.
    """
    steps = np.arange(-REACH, REACH + STEP / 2, STEP)
    shifts = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 2)
    distance = np.hypot(*shifts.T)
    order = np.argsort(distance, kind="stable")
    shifts = shifts[order][distance[order] <= REACH]
    points = seed.positions(topology, angle=angle, mirror=mirror).double().numpy()
    locator = CellLocator(topology)
    moved = points + shifts[:, None]
    offset = locator.pos[locator.nearest(moved)[1][..., 0]] - moved
    if locator.periodic:
        offset -= locator.extent * np.round(offset / locator.extent)
    turns = np.abs(_turns(points, offset))
    best = int(np.argmax(turns < STRAIGHT)) if (turns < STRAIGHT).any() else int(np.argmin(turns))
    x, y = seeded_position(topology)
    return x + float(shifts[best, 0]), y + float(shifts[best, 1])


def _turns(points: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """By how much offsets (K, P, 2) of points (P, 2) turn these, in radians, by least squares."""
    before = points - points.mean(0)
    after = before + offsets - offsets.mean(1, keepdims=True)
    cross = (before[:, 0] * after[..., 1] - before[:, 1] * after[..., 0]).sum(-1)
    return np.arctan2(cross, (before * after).sum((-2, -1)))
