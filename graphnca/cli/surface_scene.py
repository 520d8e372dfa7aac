"""A surface in space as `graphnca grow` shows and cuts it."""

import argparse
import math
from collections.abc import Iterable

import torch
from torch import Tensor
from torch_geometric.data import Data

from ..damage import disks, half_space, random_disks
from ..drawing import SurfaceCanvas, turntable
from ..evaluation.subject import Subject
from ..rasterizers import Camera
from ..rasterizers.surface_view import MARGIN
from .plane_scene import HOLE, PICTURE, check_picture
from .surfaces import foremost_cell, is_surface, upright_frames

AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}
SIDES = {"left": (0, -1.0), "right": (0, 1.0), "upper": (1, -1.0), "lower": (1, 1.0)}  # axis of the camera, and sign
FULL_TURN = 360.0


class SurfaceScene:
    """Cells on a surface, seen by a camera; the seed lies where the surface is nearest to the viewer.

    Frames of a surface that was made here are laid as the rule needs them: for a pattern that has an up, upright at
    the seed as the viewer sees it, and carried from there to all other cells; for all else they vary least.

    Args:
        topology: The substrate.
        subject: What grows on it.
        given: What was typed.
    """

    def __init__(self, topology: Data, subject: Subject, given: argparse.Namespace) -> None:
        azimuth, elevation = (math.radians(angle) for angle in given.view)
        self.camera = Camera(azimuth, elevation, AXES[given.up])
        self.turns = given.turn / FULL_TURN if given.turn is not None else float(subject.is_texture)
        pos = topology["pos"].double()
        self.middle = (pos.amin(0) + pos.amax(0)) / 2
        radius = float((pos - self.middle).norm(dim=1).max())
        right, down, towards = (tuple(axis) for axis in self.camera.axes.tolist())
        self._axes = right, down
        self.seed_at = foremost_cell(topology, towards)
        if is_surface(given.substrate) and subject.is_upright and not subject.is_texture:
            topology = upright_frames(topology, self.seed_at, right, operators=given.operators)
        self.topology = topology
        side = 2 * MARGIN * radius
        check_picture(given.scale or PICTURE / side, side)
        self._height = round(given.scale * side) if given.scale else PICTURE
        self.canvas = SurfaceCanvas(topology, self._height, camera=self.camera)

    def canvases(self, count: int) -> Iterable[SurfaceCanvas]:
        """One for each of so many frames, in which the surface turns."""
        return turntable(self.topology, self.camera, count, turns=self.turns, height=self._height)

    def cut(self, name: str, generator: torch.Generator) -> Tensor:
        """The cells of a cut, as a mask: halves as the viewer sees them, the hole around the seed."""
        if name in SIDES:
            axis, sign = SIDES[name]
            x, y, z = (sign * part for part in self._axes[axis])
            return half_space(self.topology, tuple(self.middle.tolist()), (x, y, z))
        if name == "middle":
            radius = HOLE / 2 * self.topology["area"].sum().sqrt()
            return disks(self.topology, torch.tensor([self.seed_at]), radius[None])[0]
        return random_disks(self.topology, 1, generator=generator)[0]
