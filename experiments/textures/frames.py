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
from typing import Any

import torch
from PIL import Image

from graphnca import rollout
from graphnca.drawing import CellCanvas, montage
from graphnca.evaluation import frames
from graphnca.evaluation.orientation import LEAST
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.turned_frames import GOAL, Straight
from graphnca.results.options import OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run_each
from graphnca.results.table import Table
from topologies import substrates

ANGLES = (15, 30, 45, 90)  # degrees
FIELDS = {"polar": frames.polar, "bipolar": frames.bipolar, "halves": frames.halves, "discs": frames.discs}
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
