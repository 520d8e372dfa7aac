"""One rule, eight angles: turn what the cells perceive, and the pattern turns; bend it, and the pattern bends.

    python experiments/rotated_perception.py                          # the shipped lizard, a few minutes on one core
    python experiments/rotated_perception.py --rule growing-butterfly
    python experiments/rotated_perception.py --rule ex3_butterfly.json --target butterfly    # a published model file

Growing NCA's last experiment: the Sobel pair is turned by an angle and the pattern grows turned the other way, without
retraining (Mordvintsev et al. 2020). Here on squares, hexagons and a Voronoi mesh, at eight angles, scored by log10 of
the mean squared error of RGBA to the target after the raster has been turned back. Turning pixels costs something by
itself: `painted` is the error of the target itself, painted onto the cells at the same angle and seen the same way.
Expect on squares the pattern's own error at 0, 90, 180 and 270 degrees, which are symmetries of the grid, and a little
more between them; on hexagons and meshes about the same at every angle.

Then every cell gets a frame of its own:

    bent      as if the pattern lay around a point 30 units below the seed: rows follow circles, columns point away
    twisted   by a quarter of a turn for every 30 units from the seed

A bent pattern is scored as it is and unbent, which takes the circles back to rows.

Written to `--out`/NAME, for each rule:
    angles.png      eight angles on the three kinds of cells, the median run
    fields.png      the two fields, their frames as they lie, and the bent pattern unbent
    growth.gif      the eight angles growing on a Voronoi mesh, and the fields
    metrics.json    the errors of every run
"""

import math
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image
from protocol.growing import Growing, growing_of
from torch import Tensor
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca import trajectory
from graphnca.drawing import CellCanvas, montage, save_animation, save_image, to_picture
from graphnca.evaluation import frames
from graphnca.evaluation.pixel_error import log10_error
from graphnca.evaluation.scores import bounded, fates, seeded_position
from graphnca.evaluation.upright import painted
from graphnca.rasterizers.locate import CellLocator
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from graphnca.seeds import point_seed
from topologies import KINDS, substrates
from topologies.kinds import CELLS

ANGLES = tuple(range(0, 360, 45))  # degrees
DISTANCE = 30.0  # units from the seed down to the point that a bent pattern lies around
TWIST = 30.0  # units from the seed for each quarter turn of a twisted pattern
SHOWN = 60  # units of the window that pictures show
FRAME_EVERY = 8  # steps between two frames of the animation
ANIMATED = 200  # steps that it shows


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: tuple[str, ...] = ("growing-lizard",)
    """Shipped rules, .safetensors files or published models."""
    target: str = ""
    """What they grow; empty: what their cards say."""
    steps: int = 500
    """Length of a run."""
    cells: int = CELLS
    """Cells of each sheet, about."""
    runs: int = 5
    """Runs for each angle on each sheet."""
    seed: int = 2000
    """Of the runs; the mesh has the number after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/rotated_perception"
    """Folder for the results, one folder in it a rule."""
    publish: bool = False
    """Also copy them into docs/results."""


def from_seed(topology: Data) -> Tensor:
    """Where each cell `(N, 2)` lies from the seed, in units; on a torus the shortest way."""
    offset = topology["pos"][:, :2] - torch.tensor(seeded_position(topology))
    if bool(topology["periodic"]):
        extent = topology["extent"].view(2)
        offset = offset - extent * torch.round(offset / extent)
    return offset


def bent(topology: Data) -> Tensor:
    """By how many radians a bent pattern lies turned at every cell `(N,)`, from x towards y."""
    x, y = from_seed(topology).unbind(-1)
    return torch.atan2(x, DISTANCE - y)


def twisted(topology: Data) -> Tensor:
    """By how many radians a twisted pattern lies turned at every cell `(N,)`."""
    return from_seed(topology).norm(dim=-1) / TWIST * (math.pi / 2)


FIELDS = {"bent": bent, "twisted": twisted}


def grown(growing: Growing, topology: Data, turn: float | Tensor, config: Config) -> Tensor:
    """States `(runs, N, C)` of a pattern that is to lie turned by so much: what cells perceive turns the other way."""
    start = point_seed(topology, growing.rule.num_channels)
    with torch.no_grad():
        return trajectory(
            growing.rule,
            start.expand(config.runs, *start.shape),
            topology,
            config.steps,
            regularisers=False,
            generator=torch.Generator().manual_seed(config.seed),
            angle=-turn,
        ).final


def unbent(states: Tensor, topology: Data, height: int, width: int) -> Tensor:
    """Images `(runs, 4, H, W)` in which circles around the point are rows again.

    The pixel at (u, v) from the seed shows the point at the angle u / DISTANCE on the circle of radius DISTANCE - v, so
    lengths are kept on the seed's own circle. 2x2 samples a pixel; nothing where that radius is negative.
    """
    fine = torch.tensor([-0.25, 0.25], dtype=torch.float64)
    v = (torch.arange(height)[:, None] - height // 2 + fine).flatten()
    u = (torch.arange(width)[:, None] - width // 2 + fine).flatten()
    v, u = torch.meshgrid(v, u, indexing="ij")
    radius, angle = DISTANCE - v, u / DISTANCE
    offset = torch.stack([radius * angle.sin(), DISTANCE - radius * angle.cos()], -1)
    places = (offset + torch.tensor(seeded_position(topology), dtype=torch.float64)).reshape(-1, 2).numpy()
    cells = torch.from_numpy(CellLocator(topology).nearest(places)[1][:, 0])
    images = bounded(states)[..., :4][:, cells].movedim(-1, 1).unflatten(-1, (2 * height, 2 * width))
    images = images * (radius > 0)
    return torch.nn.functional.avg_pool2d(images, 2)


def rounded(errors: Tensor) -> list[float]:
    """Errors for `metrics.json`."""
    return [round(error, 3) for error in errors.tolist()]


def middle_run(errors: list[float]) -> int:
    """The run whose error is the median."""
    return sorted(range(len(errors)), key=errors.__getitem__)[len(errors) // 2]


def window(topology: Data, scale: float) -> CellCanvas:
    """What draws the surroundings of the seed."""
    x, y = seeded_position(topology)
    half = SHOWN / 2
    return CellCanvas(topology, scale=scale, window=(x - half, y - half, x + half, y + half))


def with_frames(picture: Image.Image, topology: Data, turn: Tensor, scale: float) -> Image.Image:
    """A picture of the window with a short line from a dot, every few units: where the cells there take x to point."""
    x, y = seeded_position(topology)
    half = SHOWN / 2
    return frames.with_frames(picture, topology, turn, scale, window=(x - half, y - half, x + half, y + half))


def turned(
    growing: Growing, target: Tensor, topologies: dict[str, Data], config: Config, out: Path
) -> dict[str, dict[str, Any]]:
    """Grows the eight angles on every sheet; draws and measures."""
    entries: dict[str, dict[str, Any]] = {}
    tiles, captions = [], []
    bar = tqdm(total=len(topologies) * len(ANGLES), desc=f"{growing.name}, angles", unit="angle")
    for name, topology in topologies.items():
        canvas, entries[name] = window(topology, 2), {}
        for degrees in ANGLES:
            angle = math.radians(degrees)
            states = grown(growing, topology, angle, config)
            errors = rounded(growing.log_error(states, topology, angle=angle))
            perfect = painted(target, topology, angle=angle)[None]
            entries[name][str(degrees)] = {
                "median log10 error": round(median(errors), 3),
                "log10 errors": errors,
                "log10 error as it lies": round(median(rounded(growing.log_error(states, topology))), 3),
                "painted": round(float(growing.log_error(perfect, topology, angle=angle)), 3),
                "fates": dict(Counter(fates(states))),
            }
            tiles.append(canvas.draw(states[middle_run(errors)]))
            captions.append(f"{name.split()[0]}, {degrees}°\n{median(errors):.2f}")
            bar.update()
    bar.close()
    save_image(out / "angles.png", montage(tiles, captions=captions, columns=len(ANGLES), pad=4, font_size=12))
    return entries


def framed(
    growing: Growing, target: Tensor, topologies: dict[str, Data], config: Config, out: Path
) -> dict[str, dict[str, Any]]:
    """Grows under the fields on every sheet; draws and measures."""
    entries: dict[str, dict[str, Any]] = {}
    tiles: list[Image.Image] = []
    captions: list[str] = []
    for name, topology in tqdm(topologies.items(), desc=f"{growing.name}, fields", unit="sheet"):
        canvas, entries[name] = window(topology, 4), {}
        for field, turn_of in FIELDS.items():
            turn = turn_of(topology)
            states = grown(growing, topology, turn, config)
            entry = {
                "log10 errors as it lies": rounded(growing.log_error(states, topology)),
                "alive": (states[..., 3] > 0.1).sum(-1).tolist(),
                "fates": dict(Counter(fates(states))),
            }
            run, straight = 0, None
            if field == "bent":
                straight = unbent(states, topology, *target.shape[-2:])
                entry["log10 errors unbent"] = rounded(log10_error(straight, target))
                run = middle_run(entry["log10 errors unbent"])
            entries[name][field] = entry
            tiles.append(with_frames(canvas.draw(states[run]), topology, turn, 4))
            captions.append(f"{name.split()[0]}, {field}")
            if straight is not None:
                edge = max(0, (straight.shape[-1] - SHOWN) // 2)
                cut = straight[run, :, edge : edge + SHOWN, edge : edge + SHOWN]
                tiles.append(to_picture(cut, scale=4))
                captions.append(f"unbent: {entry['log10 errors unbent'][run]:.2f}")
    save_image(out / "fields.png", montage(tiles, captions=captions, columns=len(FIELDS) + 1, pad=6))
    return entries


def animation(growing: Growing, topologies: dict[str, Data], config: Config) -> list[Image.Image]:
    """Frames of the eight angles on the last sheet, a mesh, and of the fields on all of them."""
    last = list(topologies)[-1]
    shown = [(f"{degrees}°", last, math.radians(degrees)) for degrees in ANGLES]
    shown += [
        (f"{field}, {name.split()[0]}", name, turn(topologies[name]))
        for field, turn in FIELDS.items()
        for name in topologies
    ]
    steps = range(0, ANIMATED + 1, FRAME_EVERY)
    rows = []
    for _, name, turn in shown:
        topology = topologies[name]
        start = point_seed(topology, growing.rule.num_channels)
        with torch.no_grad():
            states = trajectory(
                growing.rule,
                start,
                topology,
                max(steps),
                record=steps,
                regularisers=False,
                generator=torch.Generator().manual_seed(config.seed),
                angle=-turn,
            ).states
        canvas = window(topology, 2)
        rows.append([canvas.draw(states[step]) for step in steps])
    captions = [caption for caption, _, _ in shown]
    return [
        montage(list(tiles), captions=captions, columns=5, title=f"step {step}", pad=3, font_size=12)
        for step, tiles in zip(steps, zip(*rows, strict=True), strict=True)
    ]


def main(config: Config) -> None:
    """Grows, measures, draws and prints, rule by rule."""
    topologies = substrates(KINDS, config.cells, meshes=1, seed=config.seed)
    for named in config.rule:
        growing = growing_of(named, target=config.target)
        if growing.target is None or not growing.rule.perception.uses_gradient:
            raise SystemExit(f"--rule: expected one with a target that perceives gradients, got {named!r}.")
        out = Path(config.out) / growing.name
        out.mkdir(parents=True, exist_ok=True)
        angles = turned(growing, growing.target, topologies, config, out)
        fields = framed(growing, growing.target, topologies, config, out)
        print(f"\n{growing.name}: median log10 error after {config.steps} steps, turned back (painted target).")
        print(f"{'cells':<14}" + "".join(f"{f'{degrees}°':>15}" for degrees in ANGLES))
        for name, entries in angles.items():
            values = (f"{entry['median log10 error']:.2f} ({entry['painted']:.2f})" for entry in entries.values())
            print(f"{name:<14}" + "".join(f"{value:>15}" for value in values))
        for name, entries in fields.items():
            bent_entry = entries["bent"]
            print(
                f"{name:<14} bent: {median(bent_entry['log10 errors as it lies']):.2f} as it lies, "
                f"{median(bent_entry['log10 errors unbent']):.2f} unbent"
            )
        write_metrics(
            out,
            {
                "config": asdict(config),
                "rule": growing.name,
                "log10 error of the empty sheet": round(growing.empty_log_error, 3),
                "angles": angles,
                "fields": fields,
            },
        )
        save_animation(out / "growth.gif", animation(growing, topologies, config), fps=10)
        if config.publish:
            publish(out, f"rotated_perception_{growing.name}")
        print(f"Pictures and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
