"""A frame for every cell: turn what the cells of a texture perceive, and the texture lies turned.

    python experiments/texture_frames.py                              # every shipped texture, two minutes each
    python experiments/texture_frames.py --rule texture-banded
    python experiments/texture_frames.py --rule runs/photograph/rule.safetensors

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

Written to `--out`/NAME, for each rule with a direction:
    angles.png      all angles on the three kinds of cells
    fields.png      the fields, with their frames
    turning.gif     a settled texture on a mesh, the frame of all cells turned by 90 degrees while it runs
    metrics.json    the turn of every run and window, in degrees
For others only metrics.json.
"""

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from PIL import Image
from protocol.texture import Texture, texture_raster, textures_of, zero_seed
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca import rollout
from graphnca.drawing import CellCanvas, montage, save_animation, save_image
from graphnca.evaluation import frames
from graphnca.evaluation.orientation import LEAST, Gradients, turn_between, wrapped_degrees
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from topologies import substrates

ANGLES = (15, 30, 45, 90)  # degrees
FIELDS = {"polar": frames.polar, "bipolar": frames.bipolar, "halves": frames.halves, "discs": frames.discs}
GOAL = 5.0  # degrees that a texture may lie off
WINDOW = 16  # units of a window in which a field is measured: a period or two of the textures
EVEN, MOST = 20.0, 0.9  # a window is even if that share of its frames lies within so many degrees of their mean
SHOWN = 56.0  # units of a sheet that angles.png shows
SCALE, FIELD_SCALE, TURNING_SCALE = 2.0, 1.6, 3.0  # pixels a unit in angles.png, fields.png, turning.gif
TURNING = 90  # degrees in the animation
TURNING_STEPS = 15  # steps between two frames of the animation
TURNING_SHOWN = 48.0  # units that it shows


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: tuple[str, ...] = ()
    """Shipped texture rules, .safetensors files or published models; empty: every shipped texture."""
    steps: int = 800
    """Length of a run."""
    size: int = 96
    """Units along a side of the sheets."""
    runs: int = 2
    """Runs for each angle and field on each sheet."""
    seed: int = 2000
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/texture_frames"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


@torch.no_grad()
def grown(texture: Texture, topology: Data, turn: float | Tensor, config: Config) -> Tensor:
    """States `(runs, N, C)` of a texture that is to lie turned by so much: what cells perceive turns the other way."""
    start = zero_seed(texture.rule, topology)
    return rollout(
        texture.rule,
        start.expand(config.runs, *start.shape),
        topology,
        config.steps,
        generator=torch.Generator().manual_seed(config.seed),
        angle=-turn,
    )


@dataclass(frozen=True)
class Sheet:
    """A sheet with its texture under straight frames, which all others are compared with."""

    texture: Texture
    topology: Data
    config: Config
    straight: Tensor
    gradients: Gradients
    symmetry: int

    @classmethod
    def of(cls, texture: Texture, topology: Data, config: Config) -> "Sheet":
        """Runs the rule with straight frames."""
        states = grown(texture, topology, 0.0, config)
        gradients = Gradients.of(texture.image(states, texture_raster(topology, config.size)))
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
        images = self.texture.image(states, texture_raster(self.topology, self.config.size))
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
        raster = texture_raster(self.topology, self.config.size)
        images = self.texture.image(states, raster)
        axes = raster(torch.stack([turn.cos(), turn.sin()], -1)).double().numpy()
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
            "degrees off, whole sheet": round(
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


def measured(sheets: dict[str, Sheet], config: Config, name: str, out: Path) -> dict[str, Any]:
    """All angles and fields on all sheets: the numbers, and the two pictures."""
    angles: dict[str, dict[str, Any]] = {}
    fields: dict[str, dict[str, Any]] = {}
    angle_tiles, angle_captions, field_tiles, field_captions = [], [], [], []
    bar = tqdm(total=len(sheets) * (len(ANGLES) + len(FIELDS)), desc=name, unit="run")
    for sheet_name, sheet in sheets.items():
        kind, shown = sheet_name.split()[0], min(SHOWN, float(config.size))
        close = CellCanvas(sheet.topology, scale=SCALE, window=(0.0, 0.0, shown, shown))
        whole = CellCanvas(sheet.topology, scale=FIELD_SCALE)
        angles[sheet_name], fields[sheet_name] = {}, {}
        angle_tiles.append(sheet.texture.drawn(close, sheet.straight[0]))
        angle_captions.append(f"{kind}, 0°")
        for degrees in ANGLES:
            entry, states = sheet.turned(degrees)
            angles[sheet_name][str(degrees)] = entry
            angle_tiles.append(sheet.texture.drawn(close, states[0]))
            angle_captions.append(f"{degrees}°: {entry['degrees off'][0]:+.1f}° off")
            bar.update()
        for field, turn_of in FIELDS.items():
            turn = turn_of(sheet.topology)
            entry, states = sheet.bent(turn)
            fields[sheet_name][field] = entry
            picture = sheet.texture.drawn(whole, states[0])
            field_tiles.append(
                frames.with_frames(
                    picture, sheet.topology, turn, FIELD_SCALE, spacing=10.0, colour=(255, 255, 255), arrows=True
                )
            )
            field_captions.append(f"{kind}, {field}")
            bar.update()
    bar.close()
    save_image(
        out / "angles.png",
        montage(angle_tiles, captions=angle_captions, columns=len(ANGLES) + 1, pad=4, font_size=12),
    )
    save_image(
        out / "fields.png", montage(field_tiles, captions=field_captions, columns=len(FIELDS), pad=4, font_size=12)
    )
    return {"angles": angles, "fields": fields}


@torch.no_grad()
def turning(sheet: Sheet) -> list[Image.Image]:
    """Frames of a settled texture, all cells' axes turned step by step, and as many frames of what becomes of it."""
    shown = min(TURNING_SHOWN, float(sheet.config.size))
    window = (0.0, 0.0, shown, shown)
    canvas = CellCanvas(sheet.topology, scale=TURNING_SCALE, window=window)
    generator = torch.Generator().manual_seed(sheet.config.seed)
    state, pictures = sheet.straight[0], []
    for degrees in [*range(0, TURNING, 6), *[TURNING] * 3]:
        turn = torch.full((len(sheet.topology["pos"]),), math.radians(degrees))
        picture = sheet.texture.drawn(canvas, state)
        picture = frames.with_frames(
            picture,
            sheet.topology,
            turn,
            TURNING_SCALE,
            window=window,
            spacing=12.0,
            colour=(255, 255, 255),
            arrows=True,
        )
        pictures.append(montage([picture], captions=[f"{degrees}°"], pad=3, font_size=12))
        state = rollout(
            sheet.texture.rule,
            state,
            sheet.topology,
            TURNING_STEPS,
            generator=generator,
            angle=-math.radians(degrees),
        )
    return pictures


def show(name: str, sheets: dict[str, Sheet], results: dict[str, Any]) -> None:
    """Prints what was measured of a rule."""
    print(
        f"\n{name}: degrees off, the worst of the runs; of fields the median of even windows (share within {GOAL:g})."
    )
    print(f"{'cells':<14}" + "".join(f"{f'{angle}°':>8}" for angle in ANGLES) + "".join(f"{f:>16}" for f in FIELDS))
    for sheet in sheets:
        constant = "".join(f"{entry['largest degrees off']:>8.2f}" for entry in results["angles"][sheet].values())
        field = ""
        for entry in results["fields"][sheet].values():
            off, share = entry["median |degrees off|, even windows"], entry["share within goal, even windows"]
            field += f"{'none':>16}" if off is None else f"{f'{off:.1f} ({share:.0%})':>16}"
        print(f"{sheet:<14}{constant}{field}")


def main(config: Config) -> None:
    """Runs, measures, draws and prints, rule by rule."""
    topologies = substrates(size=config.size, meshes=1, seed=config.seed)
    for texture in textures_of(config.rule):
        name = texture.name
        out = Path(config.out) / name
        out.mkdir(parents=True, exist_ok=True)
        sheets = {sheet: Sheet.of(texture, topology, config) for sheet, topology in topologies.items()}
        straight = {
            sheet: {"anisotropy": round(entry.anisotropy, 3), "symmetry": entry.symmetry}
            for sheet, entry in sheets.items()
        }
        oriented = all(entry.anisotropy >= LEAST for entry in sheets.values())
        results: dict[str, Any] = {
            "config": {**asdict(config), "rule": name},
            "rule": name,
            "has a direction": oriented,
        }
        results |= {"least anisotropy": LEAST, "goal, degrees": GOAL, "straight": straight}
        if oriented:
            results |= measured(sheets, config, name, out)
            show(name, sheets, results)
            save_animation(out / "turning.gif", turning(list(sheets.values())[-1]), fps=8)
        else:
            lowest = min(entry["anisotropy"] for entry in straight.values())
            print(f"\n{name}: anisotropy {lowest} is below {LEAST}: it has no direction, and is measured no further.")
        write_metrics(out, results)
        if config.publish:
            publish(out, f"texture_frames_{name}")
        print(f"Everything is in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
