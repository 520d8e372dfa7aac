"""A frame for every cell: turn what the cells of a texture perceive, and the texture lies turned.

    python experiments/textures/frames.py                              # every shipped texture, two minutes each
    python experiments/textures/frames.py --rule texture-banded
    python experiments/textures/frames.py --rule runs/photograph/rule.safetensors

A texture rule is trained on squares whose axes all point the same way. Self-Organising Textures (Niklasson et al. 2021)
turns the axes of the cells, without retraining. Here on squares, hexagons and a Voronoi mesh, by one angle for all of
them or by one for each:

    15, 30, 45, 90   degrees, all cells alike
    polar            down is away from the middle
    bipolar          down is along the field of two poles of opposite sign
    halves           the right half by 60 degrees
    discs            two discs, by 45 and by 90 degrees

How a texture lies is read off the directions of its gradients: a histogram weighted by their size, which for bands
repeats after half a turn and for a chequerboard after a quarter. By how much it has turned is where the circular
cross-correlation with the histogram of the run with straight frames is highest. Under a field the gradients are first
seen in the frame of the cell they lie in; then the histogram of every window should be that of the straight run.
Expect the angle that was asked for, within five degrees. A texture without a direction (anisotropy below 0.15 in the
straight run) can't tell: it is measured no further.

Written to `--out`/NAME, for each rule:
    figure.webp     all angles on the three kinds of cells; below, the fields, with their frames
    animation.webp  a settled texture on a mesh, the frame of all cells turned by 90 degrees while it runs
    metrics.json    the turn of every run and window, in degrees
    tables.json     the directions, the angles and the fields
For a rule without a direction metrics and tables alone.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.drawing import CellCanvas, montage
from graphnca.evaluation import frames
from graphnca.evaluation.orientation import LEAST, Gradients, turn_between, wrapped_degrees
from graphnca.evaluation.subject import Subject
from graphnca.results.options import OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import substrates

ANGLES = (15, 30, 45, 90)  # degrees
FIELDS = {"polar": frames.polar, "bipolar": frames.bipolar, "halves": frames.halves, "discs": frames.discs}
GOAL = 5.0  # degrees that a texture may lie off
WINDOW = 16  # units of a window in which a field is measured: a period or two of the textures
EVEN, MOST = 20.0, 0.9  # a window is even if that share of its frames lies within so many degrees of their mean
SHOWN = 56.0  # units that pictures of angles show
SCALE, FIELD_SCALE, TURNING_SCALE = 2.0, 1.6, 3.0  # pixels a unit of angles, of fields, of the animation
TURNING = 90  # degrees in the animation
TURNING_STEPS = 15  # steps between two frames of the animation
TURNING_SHOWN = 48.0  # units that it shows


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, Options):
    """What the command line can change."""

    steps: int = 800
    """Length of a run."""
    size: int = 96
    """Units along a side of the substrates."""
    meshes: int = 1
    seed: int = 2000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_frames"


@torch.no_grad()
def grown(texture: Subject, topology: Data, turn: float | Tensor, config: Config) -> Tensor:
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
    config: Config
    straight: Tensor
    gradients: Gradients
    symmetry: int

    @classmethod
    def of(cls, texture: Subject, topology: Data, config: Config) -> "Straight":
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


def measured(straights: dict[str, Straight], config: Config, result: Result) -> None:
    """All angles and fields on all substrates: the numbers, and the figure."""
    angles: dict[str, dict[str, Any]] = {}
    fields: dict[str, dict[str, Any]] = {}
    angle_tiles, angle_captions, field_tiles, field_captions = [], [], [], []
    look = {"spacing": 10.0, "colour": (255, 255, 255), "arrows": True}
    for name, straight in result.progress(straights.items()):
        texture, topology = straight.texture, straight.topology
        kind, shown = name.split()[0], min(SHOWN, float(config.size))
        close = CellCanvas(topology, scale=SCALE, window=(0.0, 0.0, shown, shown))
        whole = CellCanvas(topology, scale=FIELD_SCALE)
        angles[name], fields[name] = {}, {}
        angle_tiles.append(texture.picture(close, straight.straight[0]))
        angle_captions.append(f"{kind}, 0°")
        for degrees in ANGLES:
            entry, states = straight.turned(degrees)
            angles[name][str(degrees)] = entry
            angle_tiles.append(texture.picture(close, states[0]))
            angle_captions.append(f"{degrees}°: {entry['degrees off'][0]:+.1f}° off")
        for field, turn_of in FIELDS.items():
            turn = turn_of(topology)
            fields[name][field], states = straight.bent(turn)
            picture = texture.picture(whole, states[0])
            field_tiles.append(frames.with_frames(picture, topology, turn, FIELD_SCALE, **look))
            field_captions.append(f"{kind}, {field}")
    result.record({"angles": angles, "fields": fields})
    result.figure(
        montage(angle_tiles, captions=angle_captions, columns=len(ANGLES) + 1, pad=4, font_size=12),
        montage(field_tiles, captions=field_captions, columns=len(FIELDS), pad=4, font_size=12),
    )


@torch.no_grad()
def turning(straight: Straight) -> list[Image.Image]:
    """Frames of a settled texture, all cells' axes turned step by step, and some frames of what becomes of it."""
    texture, topology = straight.texture, straight.topology
    shown = min(TURNING_SHOWN, float(straight.config.size))
    window = (0.0, 0.0, shown, shown)
    canvas = CellCanvas(topology, scale=TURNING_SCALE, window=window)
    look = {"window": window, "spacing": 12.0, "colour": (255, 255, 255), "arrows": True}
    generator = torch.Generator().manual_seed(straight.config.seed)
    state, pictures = straight.straight[0], []
    for degrees in [*range(0, TURNING, 6), *[TURNING] * 3]:
        turn = torch.full((len(topology["pos"]),), math.radians(degrees))
        picture = frames.with_frames(texture.picture(canvas, state), topology, turn, TURNING_SCALE, **look)
        pictures.append(montage([picture], captions=[f"{degrees}°"], pad=3, font_size=12))
        angle = -math.radians(degrees)
        state = rollout(texture.rule, state, topology, TURNING_STEPS, generator=generator, angle=angle)
    return pictures


def measure(texture: Subject, config: Config, result: Result) -> None:
    """Runs, measures and draws one rule."""
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    straights = {name: Straight.of(texture, topology, config) for name, topology in topologies.items()}
    oriented = all(straight.anisotropy >= LEAST for straight in straights.values())
    result.record(
        {
            "has a direction": oriented,
            "least anisotropy": LEAST,
            "goal, degrees": GOAL,
            "straight": {
                name: {"anisotropy": round(straight.anisotropy, 3), "symmetry": straight.symmetry}
                for name, straight in straights.items()
            },
        }
    )
    if oriented:
        measured(straights, config, result)
        result.animation(turning(list(straights.values())[-1]), fps=8)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """How much of a direction the texture has; the worst run at each angle; the windows of each field."""
    straight, goal = metrics["straight"], metrics["goal, degrees"]
    first = next(iter(straight.values()))
    repeats = f"repeats after 1/{first['symmetry']} turn" if metrics["has a direction"] else "left out"
    row = [*(f"{entry['anisotropy']:.2f}" for entry in straight.values()), repeats]
    angles, fields = [], []
    for name, entries in metrics.get("angles", {}).items():
        worst = max(entry["largest degrees off"] for entry in entries.values())
        values = (max(entry["degrees off"], key=abs) for entry in entries.values())
        angles.append([name.split()[0], *(f"{value:+.1f}°" for value in values), "yes" if worst <= goal else "no"])
    for name, entries in metrics.get("fields", {}).items():
        values = []
        for entry in entries.values():
            off, share = entry["median |degrees off|, even windows"], entry["share within goal, even windows"]
            local = "no even window" if off is None else f"{off:.1f}° ({share:.0%})"
            values.append(f"{local}; {abs(entry['degrees off, whole substrate']):.1f}°")
        fields.append([name.split()[0], *values])
    return {
        "directions": Table([*(name.split()[0] for name in straight), ""], [row]),
        "angles": Table(["cells", *(f"{angle}°" for angle in ANGLES), f"all within {goal:g}°"], angles),
        "fields": Table(["cells", *FIELDS], fields),
    }


if __name__ == "__main__":
    run_each(measure, Config, __doc__, subjects="texture", tables=tables)
