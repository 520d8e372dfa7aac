"""By how much a texture lies turned whose cells perceive in turned frames, as a whole and in windows."""

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from ..engine.rollout import rollout
from .orientation import Gradients, turn_between, wrapped_degrees
from .runs import Runs
from .subject import Subject

GOAL = 5.0  # degrees that a texture may lie off
WINDOW = 16  # units of a window in which a field is measured: a period or two of the textures
EVEN, MOST = 20.0, 0.9  # a window is even if that share of its frames lies within so many degrees of their mean


@torch.no_grad()
def grown(texture: Subject, topology: Data, turn: float | Tensor, config: Runs) -> Tensor:
    """States `(runs, N, C)` of a texture that is to lie turned by so much: what cells perceive turns the other way."""
    start = texture.seed(topology)
    return rollout(
        texture.rule,
        start.expand(config.runs, *start.shape),
        topology,
        config.steps,
        generator=torch.Generator().manual_seed(config.seed),
        angle=-turn,
    )


@dataclass(frozen=True)
class Straight:
    """A texture on a substrate under straight frames, which all others are compared with."""

    texture: Subject
    topology: Data
    config: Runs
    straight: Tensor
    gradients: Gradients
    symmetry: int

    @classmethod
    def of(cls, texture: Subject, topology: Data, config: Runs) -> "Straight":
        """Runs the rule with straight frames."""
        states = grown(texture, topology, 0.0, config)
        gradients = Gradients.of(texture.images(states, texture.view(topology, size=config.size)))
        return cls(texture, topology, config, states, gradients, gradients.symmetry())

    @property
    def anisotropy(self) -> float:
        """How much of a direction the texture has."""
        return self.gradients.anisotropy(self.symmetry)

    @property
    def histogram(self) -> np.ndarray:
        """Of its directions."""
        return self.gradients.histogram(self.symmetry)

    def turned(self, degrees: float) -> tuple[dict[str, Any], Tensor]:
        """A constant angle: what was measured, and the states."""
        states = grown(self.texture, self.topology, math.radians(degrees), self.config)
        images = self.texture.images(states, self.texture.view(self.topology, size=self.config.size))
        turns, strengths = [], []
        for image in images:
            gradients = Gradients.of(image)
            turns.append(turn_between(self.histogram, gradients.histogram(self.symmetry), self.symmetry))
            strengths.append(gradients.anisotropy(self.symmetry))
        off = [wrapped_degrees(turn - degrees, self.symmetry) for turn in turns]
        entry = {
            "degrees": degrees,
            "turned by": [round(turn, 2) for turn in turns],
            "degrees off": [round(value, 2) for value in off],
            "largest degrees off": round(max(map(abs, off)), 2),
            "anisotropy": [round(strength, 3) for strength in strengths],
            "largest |x|": round(float(states.abs().max()), 3),
        }
        return entry, states

    def bent(self, turn: Tensor) -> tuple[dict[str, Any], Tensor]:
        """A field: what was measured in windows, and the states."""
        states = grown(self.texture, self.topology, turn, self.config)
        view = self.texture.view(self.topology, size=self.config.size)
        images = self.texture.images(states, view)
        axes = view(torch.stack([turn.cos(), turn.sin()], -1)).double().numpy()
        local = np.arctan2(axes[1], axes[0])
        seen = Gradients.of(images).relative_to(local)
        off, even = [], []
        for rows in windows(self.config.size):
            for columns in windows(self.config.size):
                part = seen.within(rows, columns)
                off.append(turn_between(self.histogram, part.histogram(self.symmetry), self.symmetry))
                even.append(spread(local[rows, columns]) < EVEN)
        calm = [abs(value) for value, flat in zip(off, even, strict=True) if flat]
        entry = {
            "windows": len(off),
            "even windows": len(calm),
            "degrees off": [round(value, 2) for value in off],
            "median |degrees off|, even windows": round(median(calm), 2) if calm else None,
            "share within goal, even windows": share_within(calm),
            "median |degrees off|": round(median(map(abs, off)), 2),
            "share within goal": share_within([abs(value) for value in off]),
            "degrees off, whole substrate": round(
                turn_between(self.histogram, seen.histogram(self.symmetry), self.symmetry), 2
            ),
            "largest |x|": round(float(states.abs().max()), 3),
        }
        return entry, states


def share_within(values: list[float]) -> float | None:
    """The share of angles within the goal."""
    return round(sum(value <= GOAL for value in values) / len(values), 3) if values else None


def windows(size: int) -> list[slice]:
    """The rows or columns of the windows of a raster of so many pixels; all windows are of about one size."""
    count = max(1, round(size / WINDOW))
    edges = [round(number * size / count) for number in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(edges)]


def spread(angles: np.ndarray) -> float:
    """Within how many degrees of their mean direction `MOST` of some angles lie."""
    mean = np.exp(1j * angles).mean()
    distance = np.abs(np.angle(np.exp(1j * angles) * np.conj(mean)))
    return float(np.degrees(np.quantile(distance, MOST))) if abs(mean) > 0 else 180.0
